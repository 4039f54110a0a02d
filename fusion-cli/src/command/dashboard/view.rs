//! Lays an overview out for a width, in rows of coloured pieces: pure.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use super::overview::{Counted, Overview};
use crate::command::team;
use crate::render::{Color, ago, clock, length, one_line, status_color};

/// A piece of a row: its colour and its text.
pub(super) type Piece = (Color, String);
/// How wide bars are, in columns.
const BAR: usize = 10;
/// How wide names are at the most, in columns.
const NAME: usize = 28;

/// Lays it out: a box of this many columns, and below it what may be done next.
pub(super) fn view(overview: &Overview, width: usize) -> Vec<Vec<Piece>> {
    let mut page = Page { inner: width.max(24) - 4, rows: Vec::new() };
    page.edge('╭', &format!("Fusion: {}", overview.project), '╮');
    if overview.at > 0 {
        page.row(vec![plain(format!("{} · {}", overview.store, clock(overview.at)))]);
    }
    if let Some((mode, level)) = overview.mode {
        page.row(vec![plain(format!("mode {} · checks {}", mode.word(), level.word()))]);
    }
    specs(&mut page, overview);
    agents(&mut page, overview);
    tasks(&mut page, overview);
    runs(&mut page, overview);
    page.edge('╰', "", '╯');
    if overview.next.is_empty() {
        return page.rows;
    }
    page.rows.push(vec![plain("Next:".to_owned())]);
    for (n, advice) in (1..).zip(&overview.next) {
        let text = fit(&one_line(&advice.text), page.inner);
        page.rows.push(vec![plain(format!("{n}. {text}"))]);
        page.rows.push(vec![(Color::Cyan, format!("   {}", one_line(&advice.command)))]);
    }
    page.rows
}

fn plain(text: String) -> Piece {
    (Color::Plain, text)
}

struct Page {
    /// How much fits between the edges, in columns.
    inner: usize,
    rows: Vec<Vec<Piece>>,
}

impl Page {
    fn edge(&mut self, from: char, title: &str, to: char) {
        let title = fit(&one_line(title), self.inner.saturating_sub(2));
        let title = if title.is_empty() { "─".to_owned() } else { format!(" {title} ") };
        let rest = (self.inner + 1).saturating_sub(title.width());
        let (from, to) = (format!("{from}─"), format!("{}{to}", "─".repeat(rest)));
        self.rows.push(vec![(Color::Dim, from), plain(title), (Color::Dim, to)]);
    }

    fn row(&mut self, pieces: Vec<Piece>) {
        let mut row = vec![(Color::Dim, "│ ".to_owned())];
        let mut left = self.inner;
        for (color, text) in pieces {
            let text = fit(&one_line(&text), left);
            left -= text.width().min(left);
            row.push((color, text));
        }
        row.push((Color::Dim, format!("{} │", " ".repeat(left))));
        self.rows.push(row);
    }
}

/// Shortens a text to so many columns.
fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut short, mut used) = (String::new(), 1);
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > columns {
            break;
        }
        short.push(c);
    }
    if columns > 0 {
        short.push('…');
    }
    short
}

/// Fills a text up to so many columns.
fn fill(text: &str, columns: usize) -> String {
    let text = fit(&one_line(text), columns);
    let rest = columns - text.width().min(columns);
    format!("{text}{}", " ".repeat(rest))
}

/// Draws how much of all is done.
fn bar(done: u64, total: u64) -> Piece {
    let full = (done.min(total) * BAR as u64).checked_div(total).unwrap_or(0);
    let full = usize::try_from(full).unwrap_or(BAR);
    let color = if total > 0 && done >= total { Color::Green } else { Color::Cyan };
    (color, format!("{}{}", "█".repeat(full), "░".repeat(BAR - full)))
}

fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(UnicodeWidthStr::width).max().unwrap_or(0).min(NAME)
}

fn specs(page: &mut Page, overview: &Overview) {
    if overview.specs.is_empty() {
        return;
    }
    page.edge('├', "Specifications", '┤');
    let names = widest(overview.specs.iter().map(|spec| spec.name.as_str()));
    for spec in &overview.specs {
        let (color, word) = match (spec.done, spec.total) {
            (_, 0) => (Color::Dim, "no tasks yet"),
            (done, total) if done >= total => (Color::Green, "complete"),
            (0, _) => (Color::Plain, "planned"),
            _ => (Color::Yellow, "in progress"),
        };
        let counts = format!("  {}/{} tasks  ", spec.done, spec.total);
        page.row(vec![
            plain(format!("{}  ", fill(&spec.name, names))),
            bar(spec.done as u64, spec.total as u64),
            plain(counts),
            (color, word.to_owned()),
        ]);
    }
}

fn agents(page: &mut Page, overview: &Overview) {
    if overview.agents.is_empty() {
        return;
    }
    page.edge('├', "Agents", '┤');
    let names = widest(overview.agents.iter().map(|agent| agent.id.as_str()));
    for agent in &overview.agents {
        let mut pieces = vec![
            plain(format!("{}  ", fill(&agent.id, names))),
            (team::color(agent.state), fill(agent.state.word(), 8)),
            plain(" ".to_owned()),
            bar(agent.done, agent.total),
            plain(format!("  {}/{} tasks", agent.done, agent.total)),
        ];
        if agent.failed > 0 {
            pieces.push((Color::Red, format!("  {} failed", agent.failed)));
        }
        if agent.cost != "0" {
            pieces.push(plain(format!("  ${}", agent.cost)));
        }
        if !agent.tasks.is_empty() {
            pieces.push((Color::Dim, format!("  {}", agent.tasks.join(", "))));
        }
        page.row(pieces);
    }
}

fn tasks(page: &mut Page, overview: &Overview) {
    if overview.tasks.is_empty() {
        return;
    }
    page.edge('├', "Tasks", '┤');
    let count = |(state, count): &(&'static str, usize)| (*state, count.to_string());
    page.row(counts(overview.tasks.iter().map(count)));
}

fn runs(page: &mut Page, overview: &Overview) {
    page.edge('├', "Runs", '┤');
    if overview.runs.is_empty() {
        page.row(vec![(Color::Dim, "none yet: fusion run FILE".to_owned())]);
        return;
    }
    let count = |(status, counted): &(&'static str, Counted)| {
        (*status, format!("{}{}", counted.count, if counted.more { "+" } else { "" }))
    };
    page.row(counts(overview.runs.iter().map(count)));
    let names = widest(overview.active.iter().map(|run| run.id.as_str()));
    for run in &overview.active {
        let began = if run.started > 0 { ago(run.started, overview.at) } else { length(0) };
        page.row(vec![
            plain(format!("{}  ", fill(&run.id, names))),
            (status_color(run.status.word()), fill(run.status.word(), 8)),
            plain(" ".to_owned()),
            bar(run.done as u64, run.total as u64),
            plain(format!("  {}/{} nodes  ", run.done, run.total)),
            (Color::Dim, format!("{}, {began}", run.workflow)),
        ]);
    }
}

fn counts(all: impl Iterator<Item = (&'static str, String)>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (word, count) in all {
        if !pieces.is_empty() {
            pieces.push((Color::Dim, " · ".to_owned()));
        }
        let color = match word {
            "dead" => Color::Red,
            "completed" => Color::Green,
            word => status_color(word),
        };
        pieces.push((color, word.to_owned()));
        pieces.push(plain(format!(" {count}")));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::overview::{Advice, AgentLine, RunLine, SpecLine};
    use fusion_ops::mode::{Level, Mode};

    use super::*;
    use fusion_core::coordination::AgentState;
    use fusion_core::model::RunStatus;

    fn overview() -> Overview {
        let agent = |id: &str, state, done, total| AgentLine {
            id: id.to_owned(),
            state,
            done,
            total,
            failed: 0,
            tasks: Vec::new(),
            cost: "0".to_owned(),
        };
        let spec = |name: &str, done, total| SpecLine { name: name.to_owned(), done, total };
        Overview {
            project: "payment-processing".to_owned(),
            mode: Some((Mode::Mvp, Level::Standard)),
            store: "sqlite://.fusion/fusion.db".to_owned(),
            at: 1_795_384_967_504,
            specs: vec![
                spec("001-payment-flow", 9, 9),
                spec("002-auth", 6, 10),
                spec("003-mail", 0, 0),
            ],
            agents: vec![
                AgentLine {
                    cost: "1.25".to_owned(),
                    failed: 2,
                    tasks: vec!["refunds".to_owned()],
                    ..agent("@claude", AgentState::Working, 6, 10)
                },
                agent("エージェント\u{1b}[31m", AgentState::Error, 0, 0),
            ],
            tasks: vec![("queued", 3), ("dead", 1)],
            runs: vec![
                ("running", Counted { count: 1, more: false }),
                ("succeeded", Counted { count: 100, more: true }),
            ],
            active: vec![RunLine {
                id: "release-notes-1".to_owned(),
                workflow: "release-notes".to_owned(),
                status: RunStatus::Running,
                done: 3,
                total: 8,
                started: 1_795_384_960_000,
            }],
            next: vec![Advice {
                text: "T025 is dead: no key".to_owned(),
                command: "fusion tasks requeue T025".to_owned(),
            }],
        }
    }

    fn text(rows: &[Vec<Piece>]) -> String {
        let rows = rows.iter().map(|row| {
            let row: String = row.iter().map(|(_, text)| text.as_str()).collect();
            row.trim_end().to_owned() + "\n"
        });
        rows.collect()
    }

    #[test]
    fn a_page_has_all_sections() {
        insta::assert_snapshot!(text(&view(&overview(), 78)));
    }

    #[test]
    fn an_empty_project_says_what_to_do() {
        let empty = Overview { project: "new".to_owned(), ..Overview::default() };
        insta::assert_snapshot!(text(&view(&empty, 60)));
    }

    #[test]
    fn every_row_of_the_box_is_as_wide_as_it_should_be() {
        for width in [0, 24, 30, 41, 60, 100, 200] {
            for row in view(&overview(), width) {
                let row = text(&[row]);
                if row.starts_with(['│', '├', '╭', '╰']) {
                    assert_eq!(row.trim_end().width(), width.max(24), "{row}");
                }
                assert!(!row.contains('\u{1b}'), "{row}");
            }
        }
    }
}
