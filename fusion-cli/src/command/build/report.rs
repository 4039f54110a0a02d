//! What came of a build: requirements and what proves them, gates, and a page for a browser.

use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::draw::{Format, draw};
use fusion_core::model::RunStatus;
use fusion_core::{Driven, Fusion, Run};
use fusion_ops::build::{Tried, prepare};
use fusion_ops::coverage::{Coverage, Refusal, Standing, coverage, escaped, page, refusals};
use fusion_ops::spec::Folder;
use serde_json::{Value, json};

use super::gather;
use crate::render::{Color, Out, Report, Table, report as read};

/// The page, in the folder of the specification.
const PAGE: &str = "build.html";
/// Its name where somebody has a page of that name.
const OTHER_PAGE: &str = "build.fusion.html";
/// What stands in a page that was made here.
const MARK: &str = "name=\"generator\" content=\"fusion\"";
/// The most attempts whose words are shown.
const ATTEMPTS: usize = 500;
/// How many rows are read at once.
const ROWS: usize = 1_000;

/// What is told of.
pub(super) struct Told<'a> {
    pub fusion: &'a Fusion,
    pub run: &'a Run,
    pub workspace: &'a Path,
    pub file: Option<&'a Path>,
}

/// Tells what came of a run; 1 when it failed, or a gate is not reached.
pub(super) async fn report(told: &Told<'_>, folder: &Path, out: &Out) -> Result<u8> {
    let folder = Folder::open(folder)?;
    let build = prepare(&folder)?;
    let progress = gather::known(told.fusion, &build, told.workspace).await?;
    let covered = coverage(&build.spec, &build.plan, &progress, told.workspace);
    let refused = refusals(&covered, &build.settings.gates);
    let state = read(told.run, Driven::Over).await?;
    let status = state.run_status();
    let attempts = attempts(told).await?;
    let cost: f64 = attempts.iter().filter_map(|one| usd(&one.tried.cost)).sum();
    let file =
        written(told, &folder, (&build.name, &covered, &refused), (&state, &attempts, cost))?;
    let good = status == RunStatus::Succeeded && refused.is_empty();
    if out.json {
        Out::value(&json!({
            "run": told.run.id().as_str(), "status": status.word(), "good": good, "refused": refused,
            "coverage": covered, "cost": cost, "attempts": attempts.len(), "report": file.display().to_string(),
        }));
        return Ok(u8::from(!good));
    }
    table(&covered, out);
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
        let text: String = row.text.chars().take(60).collect();
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
    let (proved, all) = covered.proved;
    out.say(&format!(
        "\n{proved} of {all} requirements are proved ({:.0} %)",
        covered.share * 100.0
    ));
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
    let parts =
        [("Run".to_owned(), about), ("Graph".to_owned(), svg), ("What was said".to_owned(), logs)];
    let usual = folder.path.join(PAGE);
    let is_ours = std::fs::read_to_string(&usual)
        .map_or_else(|_| !usual.exists(), |text| text.contains(MARK));
    let usual = if is_ours { usual } else { folder.path.join(OTHER_PAGE) };
    let file = told.file.map_or(usual, Path::to_owned);
    std::fs::write(&file, page(name, covered, refused, &parts)).map_err(|why| {
        Error::new(Code::FileUnreadable, format!("{} cannot be written", file.display()))
            .because(why)
    })?;
    Ok(file)
}
