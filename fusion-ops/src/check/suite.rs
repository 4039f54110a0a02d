//! The project's own tests as a check: which fail, and why, is told to whoever mends it.

use std::fmt::Write as _;
use std::path::PathBuf;

use fusion_core::contract::Env;

use super::evidence::Proof;
use super::settings::Tests;
use crate::testing::{Counts, Given, Runner, Status, Suite, SuiteReport, find, run};

/// What is told of tests that fail, in characters: less than a proof keeps.
const TOLD: usize = 1_800;
/// What is told of one of them, in characters.
const ONE: usize = 300;

/// Runs the tests that are wanted, one suite after the other: all of them, so that all is told at once.
pub(super) async fn tests(runner: &Runner, wanted: &Tests, timeout_ms: u64) -> Proof {
    let whose = "the project's tests";
    let all = match find(&runner.root) {
        Ok(all) => all,
        Err(why) => return Proof::new("tests", whose, false, &why.to_string()),
    };
    let names: Vec<&str> = all.iter().map(|suite| suite.name.as_str()).collect();
    let names = names.join(", ");
    let is_wanted = |suite: &Suite| wanted.suite.as_ref().is_none_or(|name| suite.name == *name);
    let suites: Vec<Suite> = all.iter().filter(|suite| is_wanted(suite)).cloned().collect();
    if suites.is_empty() {
        let detail = match &wanted.suite {
            Some(name) if !all.is_empty() => {
                format!("there is no suite `{name}`; there are {names}")
            }
            _ => "no tests were found: `fusion test --list` says what is looked for".to_owned(),
        };
        return Proof::new("tests", whose, false, &detail);
    }
    let commands: Vec<String> = suites.iter().map(|suite| suite.command.join(" ")).collect();
    let subject = commands.join(", ");
    let scratch = match scratch(&*runner.env) {
        Ok(scratch) => scratch,
        Err(why) => {
            return Proof::new("tests", subject, false, &format!("no folder for reports: {why}"));
        }
    };
    let mut reports = Vec::new();
    for suite in suites {
        let given = Given { suite, scratch: scratch.clone(), retries: wanted.retries, timeout_ms };
        match run(runner, &given).await {
            Ok(report) => reports.push(report),
            Err(why) => return Proof::new("tests", subject, false, &why.to_string()),
        }
    }
    // What is left of it is of no use to anybody.
    let _ = std::fs::remove_dir_all(&scratch);
    let (passed, detail) = told(&reports);
    Proof::new("tests", subject, passed, &detail)
}

/// A folder that nobody else can enter, beside the project: what is made in it would be taken for somebody's work.
fn scratch(env: &dyn Env) -> std::io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("fusion-tests-{:016x}", env.random()));
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;
    Ok(folder)
}

fn told(reports: &[SuiteReport]) -> (bool, String) {
    let bad = |report: &&SuiteReport| matches!(report.status, Status::Failed | Status::Error);
    let counts = Counts::of(reports.iter().flat_map(|report| &report.cases));
    let mut lines = Vec::new();
    for report in reports.iter().filter(bad) {
        if !report.error.is_empty() {
            let end = report.output.chars().count().saturating_sub(ONE);
            let output: String = report.output.chars().skip(end).collect();
            lines.push(format!("{}: {}\n{output}", report.name, report.error));
        }
        for case in report.cases.iter().filter(|case| case.outcome.is_bad()) {
            let message: String = case.message.chars().take(ONE).collect();
            lines.push(format!("{}: {}: {message}", report.name, case.title()));
        }
    }
    if lines.is_empty() {
        // What was never run proves nothing, whatever other suites prove.
        let empty: Vec<&str> = reports
            .iter()
            .filter(|report| report.status == Status::Empty)
            .map(|report| report.name.as_str())
            .collect();
        let ran = empty.is_empty() && !reports.is_empty();
        let mut detail = format!("{} passed, {} skipped", counts.passed, counts.skipped);
        if counts.flaky > 0 {
            // Writing to a string cannot fail.
            let _ = write!(
                detail,
                ", {} failed first and passed when they were run again",
                counts.flaky
            );
        }
        if !ran {
            detail = format!("no test was run, or all were skipped, of: {}", empty.join(", "));
        }
        return (ran, detail);
    }
    let mut text = format!("{} of {} tests failed:", counts.failed + counts.errors, counts.tests);
    let all = lines.len();
    for (at, line) in lines.into_iter().enumerate() {
        if text.chars().count() + line.chars().count() > TOLD && at > 0 {
            let _ = write!(text, "\nand {} more", all - at);
            break;
        }
        text.push('\n');
        text.push_str(&line);
    }
    (false, text)
}
