//! The matrix as a page for a browser: one file, nothing from elsewhere, nothing in it is code.

use std::fmt::Write as _;

use super::gates::Refusal;
use super::matrix::{Coverage, RequirementRow, Standing, TaskState};
use crate::check::Proof;

/// How it looks.
const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1c1c1e}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}td,th{border-bottom:1px solid #ddd;padding:.35rem .5rem;text-align:left;\
vertical-align:top}th{font-weight:600;color:#555}.done{color:#14713d}.failed{color:#b3261e}.running,.waiting{color:#8a5a00}\
.uncovered,.unproved,.open,.ticked,.outdated,.set_aside{color:#666}pre{white-space:pre-wrap;margin:.2rem 0;font-size:12px;max-height:20rem;overflow:auto}\
svg{max-width:100%;height:auto}small{color:#666}@media(prefers-color-scheme:dark){body{background:#1c1c1e;color:#eee}td,th{border-color:#444}}";

/// Writes the page. `parts` are further chapters, each a heading and HTML that the caller has escaped, such as a drawing.
pub fn page(
    title: &str,
    coverage: &Coverage,
    refused: &[Refusal],
    parts: &[(String, String)],
) -> String {
    let mut page = String::new();
    let (proved, all) = coverage.proved;
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"generator\" content=\"fusion\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{proved} of {all} requirements are proved ({:.0} %).</p>",
        coverage.share * 100.0,
        title = escaped(title)
    );
    if !refused.is_empty() {
        page.push_str("<h2>Not reached</h2><ul>");
        for one in refused {
            let _ = write!(
                page,
                "<li class=\"failed\">{}: {}</li>",
                escaped(&one.gate),
                escaped(&one.message)
            );
        }
        page.push_str("</ul>");
    }
    if let (proved, all @ 1..) = coverage.of_components {
        let _ = write!(page, "<p>{proved} of {all} requirements of components are proved.</p>");
    }
    requirements(coverage, &mut page);
    stories(coverage, &mut page);
    tasks(coverage, &mut page);
    for (heading, html) in parts {
        let _ = write!(page, "<h2>{}</h2>{html}", escaped(heading));
    }
    page.push_str("</html>\n");
    page
}

fn requirements(coverage: &Coverage, page: &mut String) {
    page.push_str(
        "<h2>Requirements</h2><table><tr><th>id<th>stands<th>what<th>tasks<th>files<th>checks</tr>",
    );
    for row in &coverage.requirements {
        let word = standing(row.standing);
        let why = match row.why.as_str() {
            "" => String::new(),
            why => format!("<br><small>{}</small>", escaped(why)),
        };
        let tasks: Vec<String> = row
            .tasks
            .iter()
            .map(|(id, state)| {
                format!("<span class=\"{0}\">{1} {0}</span>", state_word(*state), escaped(id))
            })
            .collect();
        let files: Vec<String> = row
            .artifacts
            .iter()
            .map(|one| {
                let class = if one.good { "done" } else { "failed" };
                format!("<span class=\"{class}\">{}</span>", escaped(&one.path))
            })
            .collect();
        let _ = write!(
            page,
            "<tr><td>{}<td class=\"{word}\">{word}{why}<td>{}<td>{}<td>{}<td>{}</tr>",
            format_args!("{}{}", escaped(&row.id), of_component(row)),
            escaped(&row.text),
            tasks.join("<br>"),
            files.join("<br>"),
            proofs(row.checks.iter().filter(|proof| proof.check != "file"))
        );
    }
    page.push_str("</table>");
}

/// Says which component brings a requirement.
fn of_component(row: &RequirementRow) -> String {
    match row.component.as_str() {
        "" => String::new(),
        name => format!("<br><small>of {}</small>", escaped(name)),
    }
}

fn stories(coverage: &Coverage, page: &mut String) {
    if coverage.stories.is_empty() {
        return;
    }
    page.push_str("<h2>Stories</h2><table><tr><th>id<th>story<th>priority<th>requirements<th>tasks<th>proved<th>checks</tr>");
    for row in &coverage.stories {
        let _ = write!(
            page,
            "<tr><td>{}<td>{}<td>{}<td>{} of {}<td>{} of {}<td>{:.0} %<td>{}</tr>",
            escaped(&row.id),
            escaped(&row.title),
            escaped(row.priority.as_deref().unwrap_or_default()),
            row.requirements.0,
            row.requirements.1,
            row.tasks.0,
            row.tasks.1,
            row.share * 100.0,
            proofs(row.checks.iter())
        );
    }
    page.push_str("</table>");
}

fn tasks(coverage: &Coverage, page: &mut String) {
    page.push_str("<h2>Tasks</h2><table><tr><th>id<th>stands<th>by<th>took<th>checks</tr>");
    for (id, task) in &coverage.tasks {
        let word = state_word(task.state);
        let took = task.started.zip(task.finished).map(|(from, to)| format!("{} ms", to - from));
        let why = if task.why.is_empty() {
            String::new()
        } else {
            format!("<pre>{}</pre>", escaped(&task.why))
        };
        let _ = write!(
            page,
            "<tr><td>{}<td class=\"{word}\">{word}<td>{}<td>{}<td>{}{why}</tr>",
            escaped(id),
            escaped(&task.by),
            took.unwrap_or_default(),
            proofs(task.proofs.iter())
        );
    }
    page.push_str("</table>");
}

fn proofs<'a>(proofs: impl Iterator<Item = &'a Proof>) -> String {
    let one = |proof: &Proof| {
        let (class, sign) = match (proof.passed, proof.weak.is_empty()) {
            (true, true) => ("done", "✓"),
            (true, false) => ("unproved", "~"),
            (false, _) => ("failed", "✗"),
        };
        let detail = if proof.passed || proof.detail.is_empty() {
            match proof.weak.as_str() {
                "" => String::new(),
                weak => format!(" <small>{}</small>", escaped(weak)),
            }
        } else {
            format!("<pre>{}</pre>", escaped(&proof.detail))
        };
        format!(
            "<span class=\"{class}\">{sign} {} {}</span>{detail}",
            escaped(&proof.check),
            escaped(&proof.subject)
        )
    };
    proofs.map(one).collect::<Vec<_>>().join("<br>")
}

/// The word for where a requirement stands.
fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Uncovered => "uncovered",
        Standing::Open => "open",
        Standing::Running => "running",
        Standing::Failed => "failed",
        Standing::Unproved => "unproved",
        Standing::Done => "done",
    }
}

fn state_word(state: TaskState) -> &'static str {
    match state {
        TaskState::Open => "open",
        TaskState::Running => "running",
        TaskState::Waiting => "waiting",
        TaskState::Done => "done",
        TaskState::Ticked => "ticked",
        TaskState::Outdated => "outdated",
        TaskState::Failed => "failed",
        TaskState::SetAside => "set_aside",
    }
}

impl Standing {
    /// Gives its word: `done`, `unproved`.
    pub fn word(self) -> &'static str {
        standing(self)
    }
}

impl TaskState {
    /// Gives its word: `done`, `ticked`.
    pub fn word(self) -> &'static str {
        state_word(self)
    }
}

/// A text in which nothing is HTML, and nothing acts on whoever shows it.
pub fn escaped(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => made.push_str("&amp;"),
            '<' => made.push_str("&lt;"),
            '>' => made.push_str("&gt;"),
            '"' => made.push_str("&quot;"),
            '\'' => made.push_str("&#39;"),
            '\n' | '\t' => made.push(sign),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            sign if sign.is_control() => {}
            sign => made.push(sign),
        }
    }
    made
}
