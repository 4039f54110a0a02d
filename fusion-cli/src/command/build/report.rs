//! What came of a build: requirements and what proves them, gates, and a page for a browser.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fusion_core::error::Result;
use fusion_core::graph::draw::{Format, draw};
use fusion_core::model::RunStatus;
use fusion_core::{Driven, Fusion, Run};
use fusion_ops::build::{Tried, prepare_over};
use fusion_ops::check::Settings;
use fusion_ops::coverage::{
    Coverage, Refusal, Standing, TaskState, coverage, escaped, page, phases, refusals,
};
use fusion_ops::spec::{Folder, OfComponent, Spec};
use serde_json::{Value, json};

use super::gather;
use crate::project::{Moded, write_file};
use crate::render::{Color, Out, Report, Table, report as read};

/// The page, in the folder of the specification.
const PAGE: &str = "build.html";
/// Its name where somebody has a page of that name.
const OTHER_PAGE: &str = "build.fusion.html";
/// What stands in a page that was made here.
const MARK: &str = "name=\"generator\" content=\"fusion\"";
/// What stands in the reports of phases.
const PHASES: &str = "checkpoint_validated";
/// The most attempts whose words are shown.
const ATTEMPTS: usize = 500;
/// How many rows are read at once.
const ROWS: usize = 1_000;

/// What is told of.
pub(super) struct Told<'a> {
    pub fusion: &'a Fusion,
    pub run: &'a Run,
    pub workspace: &'a Path,
    /// The checks and gates that it began with.
    pub settings: &'a Settings,
    /// The specification that it began with.
    pub spec: &'a Spec,
    /// The requirements of components that it began with.
    pub components: &'a [OfComponent],
    pub file: Option<&'a Path>,
    pub moded: Option<&'a Moded>,
}

/// Tells what came of a run; 1 when it failed, or a gate is not reached.
pub(super) async fn report(told: &Told<'_>, folder: &Path, out: &Out) -> Result<u8> {
    let folder = Folder::open(folder)?;
    let build = prepare_over(&folder, &Moded::settings(told.moded))?;
    let mut progress = gather::known(told.fusion, &build, told.workspace).await?;
    gather::looked_at(&mut progress, told.workspace).await;
    gather::look(&build, told.moded, &mut progress)?;
    let covered =
        coverage((&build.spec, &build.components), &build.plan, &progress, told.workspace);
    let mut refused = refusals(&covered, &build.settings.gates);
    let changed = [
        ("build.yaml", build.settings != *told.settings),
        ("spec.md", build.spec != *told.spec),
        ("specs/components", build.components != told.components),
    ];
    for (file, _) in changed.into_iter().filter(|(_, changed)| *changed) {
        let message = format!("{file} was changed while it was built: look at it, and build again");
        refused.push(Refusal { gate: "settings".to_owned(), message });
    }
    let state = read(told.run, Driven::Over).await?;
    let status = state.run_status();
    let attempts = attempts(told).await?;
    // The sum of nothing is -0.
    let cost = attempts.iter().filter_map(|one| usd(&one.tried.cost)).sum::<f64>() + 0.0;
    let file =
        written(told, &folder, (&build.name, &covered, &refused), (&state, &attempts, cost))?;
    let unticked: BTreeSet<&String> = attempts.iter().flat_map(|one| &one.tried.unticked).collect();
    let phases = phases(&build.plan, &covered);
    let kept = file.with_extension("phases.json");
    // A file of that name that somebody else has written stays.
    if std::fs::read_to_string(&kept).map_or_else(|_| !kept.exists(), |text| text.contains(PHASES))
    {
        write_file(&kept, &format!("{:#}\n", json!(phases)))?;
    }
    let good = status == RunStatus::Succeeded && refused.is_empty();
    if out.json {
        Out::value(&json!({
            "run": told.run.id().as_str(), "status": status.word(), "good": good, "refused": refused,
            "coverage": covered, "cost": cost, "attempts": attempts.len(), "report": file.display().to_string(),
            "phases": phases, "unticked": unticked,
            "mode": told.moded.map(Moded::json),
        }));
        return Ok(u8::from(!good));
    }
    table(&covered, out);
    outdated(&covered, out);
    if !unticked.is_empty() {
        let ids: Vec<&str> = unticked.iter().map(|id| id.as_str()).collect();
        let ids = ids.join(", ");
        out.say(&format!("ticks that agents set were taken away, they prove nothing: {ids}"));
    }
    if let Some(moded) = told.moded {
        out.say(&moded.line());
    }
    for one in &refused {
        Out::print(
            &out.line()
                .paint(Color::Red, "not reached")
                .add(&format!(": {}: {}", one.gate, one.message)),
        );
    }
    let (from, to) = state.span();
    let took = crate::render::length(to.unwrap_or(from) - from);
    out.say(&format!("{} in {took}, {} attempts, {cost:.4} USD", status.word(), attempts.len()));
    out.say(&format!("report: {}", file.display()));
    Ok(u8::from(!good))
}

/// Says what was done for other words, and what to do about it.
fn outdated(covered: &Coverage, out: &Out) {
    let done = covered.tasks.iter().filter(|(_, task)| task.state == TaskState::Outdated);
    let ids: Vec<&str> = done.map(|(id, _)| id.as_str()).collect();
    if !ids.is_empty() {
        let ids = ids.join(", ");
        out.say(&format!(
            "done for other words than those of now: {ids} (take the ticks away, and build again)"
        ));
    }
}

/// Prints requirements and stories.
pub(in crate::command) fn table(covered: &Coverage, out: &Out) {
    let mut table = Table::new(&["requirement", "stands", "tasks", "checks", "what"]);
    for row in &covered.requirements {
        let color = match row.standing {
            Standing::Done => Color::Green,
            Standing::Failed => Color::Red,
            Standing::Running => Color::Yellow,
            _ => Color::Dim,
        };
        let tasks: Vec<String> =
            row.tasks.iter().map(|(id, state)| format!("{id} {}", state.word())).collect();
        let held = row.checks.iter().filter(|proof| proof.passed).count();
        let of =
            if row.component.is_empty() { String::new() } else { format!("[{}] ", row.component) };
        let text: String = of.chars().chain(row.text.chars()).take(60).collect();
        table.row(vec![
            (Color::Plain, row.id.clone()),
            (color, row.standing.word().to_owned()),
            (Color::Plain, tasks.join(", ")),
            (Color::Plain, format!("{held} of {}", row.checks.len())),
            (Color::Plain, text),
        ]);
    }
    table.print(out);
    if !covered.stories.is_empty() {
        out.say("");
        let mut table = Table::new(&["story", "proved", "tasks", "what"]);
        for row in &covered.stories {
            let cells = [
                row.id.clone(),
                format!("{:.0} %", row.share * 100.0),
                format!("{} of {}", row.tasks.0, row.tasks.1),
                row.title.clone(),
            ];
            table.row(cells.map(|cell| (Color::Plain, cell)).to_vec());
        }
        table.print(out);
    }
    for row in covered.requirements.iter().filter(|row| !row.why.is_empty()) {
        out.say(&format!("{} is unproved: {}", row.id, row.why));
    }
    match covered.proved {
        (_, 0) => out.say("\nno requirement is there to be proved"),
        (proved, all) => {
            let share = covered.share * 100.0;
            out.say(&format!("\n{proved} of {all} requirements are proved ({share:.0} %)"));
        }
    }
    if let (proved, all @ 1..) = covered.of_components {
        out.say(&format!("{proved} of {all} requirements of components are proved"));
    }
}

/// An attempt, with the task that it was at.
struct Attempt {
    task: String,
    tried: Tried,
    took: i64,
}

/// Finds what was tried, in its order.
async fn attempts(told: &Told<'_>) -> Result<Vec<Attempt>> {
    let begin = format!("{}.", told.run.id());
    let mut found: Vec<(i64, Attempt)> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = told.fusion.list(None, after.as_deref(), ROWS).await?;
        for (id, row) in page.items {
            let is_try = row.workflow.contains("-work-") && row.parent.is_some();
            if !is_try || !id.as_str().starts_with(&begin) || found.len() >= ATTEMPTS {
                continue;
            }
            let run = told.fusion.find(&id).await?;
            let input: Value = run.state().await?.start().input.decode().unwrap_or_default();
            let task =
                input.pointer("/job/id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let output: Value = match row.status {
                RunStatus::Succeeded => run.result().await?,
                _ => Value::Null,
            };
            let tried = output.get("tried").cloned().unwrap_or_default();
            let tried: Tried = serde_json::from_value(tried).unwrap_or_default();
            let took = row.finished.unwrap_or(row.started) - row.started;
            found.push((row.started, Attempt { task, tried, took }));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.sort_by_key(|(started, _)| *started);
    Ok(found.into_iter().map(|(_, attempt)| attempt).collect())
}

/// What an attempt cost, in US dollars.
fn usd(cost: &Value) -> Option<f64> {
    cost.as_f64().or_else(|| cost.as_str()?.parse().ok())
}

/// What the project's mode asks for, as a list.
fn demands(moded: &Moded) -> String {
    let one = |demand: fusion_ops::mode::Demand| {
        format!("<li>{}: {}</li>", escaped(demand.name), escaped(demand.says))
    };
    let all: String = moded.set.qa.demands().map(one).collect();
    let (mode, level) = (moded.mode.word(), moded.set.qa.word());
    format!(
        "<p>{mode}, checks {level}; <code>build.yaml</code> may say otherwise.</p><ul>{all}</ul>"
    )
}

type Seen<'a> = (&'a str, &'a Coverage, &'a [Refusal]);

/// Writes the page and gives its path.
fn written(
    told: &Told<'_>,
    folder: &Folder,
    (name, covered, refused): Seen<'_>,
    (state, attempts, cost): (&Report, &[Attempt], f64),
) -> Result<PathBuf> {
    let program = state.state.program();
    let status = |name: &str| program.find(name).map(|node| state.status(node));
    let svg = draw(program.graph(), Format::Svg, Some(&status))?;
    let (from, to) = state.span();
    let about = format!(
        "<p>Run <code>{}</code> {}, {} ms, {} attempts, {cost:.4} USD.</p>",
        escaped(told.run.id().as_str()),
        state.run_status().word(),
        to.unwrap_or(from) - from,
        attempts.len()
    );
    let log = |one: &Attempt| {
        format!(
            "<details><summary>{} by {}, attempt {}: {}, {} ms</summary><pre>{}</pre></details>",
            escaped(&one.task),
            escaped(&one.tried.worker),
            one.tried.round,
            if one.tried.passed { "held" } else { "refused" },
            one.took,
            escaped(&one.tried.text)
        )
    };
    let logs: String = attempts.iter().map(log).collect();
    let mode = told.moded.map(|moded| ("Mode".to_owned(), demands(moded)));
    let rest =
        [("Run".to_owned(), about), ("Graph".to_owned(), svg), ("What was said".to_owned(), logs)];
    let parts: Vec<(String, String)> = mode.into_iter().chain(rest).collect();
    let usual = folder.path.join(PAGE);
    let is_ours = std::fs::read_to_string(&usual)
        .map_or_else(|_| !usual.exists(), |text| text.contains(MARK));
    let usual = if is_ours { usual } else { folder.path.join(OTHER_PAGE) };
    let file = told.file.map_or(usual, Path::to_owned);
    write_file(&file, &page(name, covered, refused, &parts))?;
    Ok(file)
}
