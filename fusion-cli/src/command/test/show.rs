//! What came of tests: for people, as JSON, as JUnit XML.

use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_ops::testing::{Counts, Report, Reports, Status};
use serde_json::json;

use crate::args::{Reported, Testing};
use crate::project::{self, write_file};
use crate::render::{Color, Out, Table, length};

/// The exit code where there was no test.
const NOTHING: u8 = 2;
/// The most failures that are shown.
const SHOWN: usize = 50;
/// The most lines of a failure's output that are shown.
const LINES: usize = 12;

/// Tells what came of a run.
pub(super) fn ended(file: &Path, args: &Testing, out: &Out) -> Result<u8> {
    let report = Reports::read(file)?;
    let xml = file.with_extension("xml");
    if let Some(path) = &args.junit {
        write_file(path, &read(&xml)?)?;
    }
    if out.json {
        Out::value(&json!(report));
    } else {
        table(&report, out);
        let kept = args.junit.as_deref().unwrap_or(&xml);
        out.say(&format!("report: {}", kept.display()));
    }
    Ok(code(&report))
}

fn code(report: &Report) -> u8 {
    match report.status {
        Status::Passed => 0,
        Status::Empty => NOTHING,
        Status::Failed | Status::Error => 1,
    }
}

/// Shows the latest report; 0 when there is one, whatever it says.
pub(super) fn latest(args: &Reported, out: &Out) -> Result<u8> {
    let (report, file) = latest_of(args.task.as_deref())?;
    if args.junit {
        Out::text(&read(&file.with_extension("xml"))?);
    } else if out.json {
        Out::value(&json!(report));
    } else {
        table(&report, out);
        out.say(&format!("report: {}", file.with_extension("xml").display()));
    }
    Ok(0)
}

/// Gives the latest report of a task, or of the project.
///
/// # Errors
/// `FU0109` when there is none.
pub(in crate::command) fn latest_of(task: Option<&str>) -> Result<(Report, std::path::PathBuf)> {
    Reports::of(&project::root()?.join(".fusion"), task)?.latest()
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|why| {
        let message = format!("the report {} cannot be read", file.display());
        Error::new(Code::FileUnreadable, message).because(why)
    })
}

/// Writes numbers for people: `3 passed, 1 failed`.
pub(in crate::command) fn words(counts: &Counts) -> String {
    let all = [
        (counts.passed, "passed"),
        (counts.failed, "failed"),
        (counts.errors, "errors"),
        (counts.skipped, "skipped"),
        (counts.flaky, "flaky"),
    ];
    let parts: Vec<String> = all
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() { "no tests".to_owned() } else { parts.join(", ") }
}

/// The last lines of what was printed.
fn tail(output: &str) -> Vec<&str> {
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let skipped = lines.len().saturating_sub(LINES);
    lines.into_iter().skip(skipped).collect()
}

fn table(report: &Report, out: &Out) {
    let mut shown = 0;
    for suite in &report.suites {
        for case in suite.cases.iter().filter(|case| case.outcome.is_bad()) {
            shown += 1;
            if shown > SHOWN {
                continue;
            }
            Out::print(&out.line().paint(Color::Red, "failed").add(&format!(
                " {}: {}",
                suite.name,
                case.title()
            )));
            // The end of an output may be a stack alone: what is wrong is said first.
            let tail = tail(&case.output);
            let said = case.message.lines().filter(|line| !tail.contains(line));
            for line in said.take(LINES).chain(tail.iter().copied()) {
                out.say(&format!("    {line}"));
            }
        }
        if !suite.error.is_empty() {
            Out::print(
                &out.line()
                    .paint(Color::Red, "error")
                    .add(&format!(" {}: {}", suite.name, suite.error)),
            );
            for line in tail(&suite.output) {
                out.say(&format!("    {line}"));
            }
        }
    }
    if shown > SHOWN {
        out.say(&format!("and {} more", shown - SHOWN));
    }
    for one in &report.flaky {
        let name = if one.class.is_empty() {
            one.name.clone()
        } else {
            format!("{} {}", one.class, one.name)
        };
        Out::print(
            &out.line()
                .paint(Color::Yellow, "flaky")
                .add(&format!(" {}: {name}: {}", one.suite, one.why)),
        );
    }
    let mut table = Table::new(&["suite", "status", "tests", "took", "rounds"]);
    for suite in &report.suites {
        let color = match suite.status {
            Status::Passed => Color::Green,
            Status::Empty => Color::Yellow,
            Status::Failed | Status::Error => Color::Red,
        };
        table.row(vec![
            (Color::Plain, suite.name.clone()),
            (color, suite.status.word().to_owned()),
            (Color::Plain, words(&suite.counts)),
            (Color::Plain, length(i64::try_from(suite.duration_ms).unwrap_or(i64::MAX))),
            (Color::Plain, suite.rounds.to_string()),
        ]);
    }
    table.print(out);
    let took = length(report.finished - report.started);
    out.say(&format!("{}: {} in {took}", report.status.word(), words(&report.counts)));
    if report.changed {
        out.note("the files of the project are others now than when it began");
    }
    if let Some(told) = report.unproved() {
        out.note(&told);
    }
}
