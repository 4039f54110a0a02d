//! Runs one suite: its command, what it wrote, and what failed again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fusion_core::contract::{Context, Env, Exec, Exit, Heard, Stop};
use fusion_core::model::{Class, Digest, Failure};
use fusion_core::run::Wish;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::junit::{self, clean};
use super::left::{cases, java, text};
use super::python;
use super::report::{Case, Counts, Outcome, Status, SuiteReport, merge};
use super::suite::{Kind, Places, Suite};
use super::text::{Scan, jest};
use crate::check::Until;

/// What is kept of standard error while it is looked at, in bytes: Cargo says there which binary it runs.
const COMPLAINTS: usize = 1024 * 1024;
/// What is kept of what a command wrote, in characters.
const OUTPUT: usize = 16_000;
/// The most tests whose output is kept.
const TRACES: usize = 500;
/// How long a command may take to end, in milliseconds.
const GRACE_MS: u64 = 3_000;
/// What Python says where pytest is not installed.
const NO_PYTEST: &str = "No module named pytest";
/// The program that makes `unittest` write a report.
const UNITTEST: &str = include_str!("unittest_junit.py");

/// Runs suites in a folder, for an attempt.
#[derive(Debug, Clone)]
pub struct Runner {
    /// The world.
    pub env: Arc<dyn Env>,
    /// The attempt; without one nobody ends it.
    pub ctx: Option<Context>,
    /// Whether each round is recorded with the attempt.
    pub recorded: bool,
    /// The folder that suites are in.
    pub root: PathBuf,
    /// All that commands see of the environment, beside what names the attempt.
    pub variables: Vec<(String, String)>,
}

/// How a suite is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The suite.
    pub suite: Suite,
    /// The folder for what commands write on the way.
    pub scratch: PathBuf,
    /// How often what failed is run again.
    pub retries: u32,
    /// How long one round may take, in milliseconds.
    pub timeout_ms: u64,
}

/// One round of a suite, as it is recorded.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Round {
    started: i64,
    exit_code: Option<i32>,
    duration_ms: u64,
    cases: Vec<Case>,
    output: String,
    /// Why it could not be run or read.
    error: String,
    /// Whether there is no use in another one.
    hopeless: bool,
}

/// Runs a suite, and what failed again. Where rounds are recorded, it goes on after a crash with the one that was not ended. What a suite
/// does wrong is in its report.
///
/// # Errors
/// A failure of class `cancelled` when the attempt is to end; those of recording.
pub async fn run(runner: &Runner, given: &Given) -> Result<SuiteReport, Failure> {
    let mut report = SuiteReport {
        name: given.suite.name.clone(),
        folder: given.suite.folder.clone(),
        runner: given.suite.kind.word().to_owned(),
        command: given.suite.command.clone(),
        ..SuiteReport::default()
    };
    let mut cases: Vec<Case> = Vec::new();
    for number in 1..=given.retries.saturating_add(1) {
        let failed: Vec<Case> =
            cases.iter().filter(|case| case.outcome.is_bad()).cloned().collect();
        let name = format!("round-{number}");
        let round = runner.round(given, number, &failed);
        let round = match runner.ctx.as_ref().filter(|_| runner.recorded) {
            Some(ctx) => ctx.memo(&name, round).await?,
            None => round.await?,
        };
        if number == 1 {
            report.started = round.started;
        }
        report.rounds = number;
        report.duration_ms = report.duration_ms.saturating_add(round.duration_ms);
        report.exit_code = round.exit_code;
        report.error.clone_from(&round.error);
        let any_bad = round.cases.iter().any(|case| case.outcome.is_bad());
        merge(&mut cases, round.cases);
        report.status = status(&cases, &round.error, round.exit_code, any_bad);
        if report.status == Status::Failed && !cases.iter().any(|case| case.outcome.is_bad()) {
            let code = round.exit_code.unwrap_or_default();
            report.error = format!("no test failed, but the command ended with exit code {code}");
        }
        if report.status == Status::Empty && cases.is_empty() {
            report.error = runner.untested(given);
            if !report.error.is_empty() {
                report.status = Status::Error;
            }
        }
        report.output = if report.status == Status::Passed { String::new() } else { round.output };
        if !matches!(report.status, Status::Failed | Status::Error) || round.hopeless {
            break;
        }
    }
    report.counts = Counts::of(&cases);
    report.cases = cases;
    Ok(report)
}

/// What follows from cases and the end of the command.
fn status(cases: &[Case], error: &str, exit_code: Option<i32>, any_bad: bool) -> Status {
    if !error.is_empty() {
        return Status::Error;
    }
    if cases.iter().any(|case| case.outcome.is_bad()) {
        return Status::Failed;
    }
    let ran = cases.iter().any(|case| case.outcome == Outcome::Passed);
    match exit_code {
        // A test that failed in this round has passed in another.
        Some(0) | None if ran => Status::Passed,
        Some(_) if ran && any_bad => Status::Passed,
        // Python says with 5 that there was no test.
        Some(0 | 5) | None => Status::Empty,
        Some(_) => Status::Failed,
    }
}

impl Runner {
    async fn round(&self, given: &Given, number: u32, failed: &[Case]) -> Result<Round, Failure> {
        let suite = &given.suite;
        let key = self
            .ctx
            .as_ref()
            .map_or_else(|| self.env.random().to_string(), Context::idempotency_key);
        let mark = Digest::of(format!("{key} {} {number}", suite.name).as_bytes()).to_string();
        let mark: String = mark.chars().take(24).collect();
        let unwritable =
            |why: std::io::Error| Failure::error(format!("{}: {why}", given.scratch.display()));
        std::fs::create_dir_all(&given.scratch).map_err(unwritable)?;
        let report = given.scratch.join(format!("{mark}.report"));
        let unittest = given.scratch.join("unittest_junit.py");
        let wish = given.scratch.join(format!("{mark}.wish"));
        // What an attempt left that was killed.
        let _ = std::fs::remove_file(&report);
        if suite.kind == Kind::Unittest {
            self.unittest(given, (&unittest, &wish), failed).map_err(unwritable)?;
        }
        let places = Places { report: &report, unittest: &unittest, wish: &wish };
        let failed: Vec<&Case> = failed.iter().collect();
        let argv = suite.argv(&places, &failed);
        let started = self.env.now_ms();
        let scan = Arc::new(Mutex::new(Scan::new(suite.kind.form())));
        let until =
            Arc::new(Until::new(self.ctx.as_ref(), &self.env, given.timeout_ms, Wish::default()));
        let stop: Stop = until.clone();
        let exit = self.env.exec(self.exec(given, argv, &scan), stop).await;
        if self.ctx.as_ref().is_some_and(Context::is_cancelled) {
            return Err(Failure::new(Class::CANCELLED, "the tests were ended"));
        }
        let scan = std::mem::replace(
            &mut *scan.lock().unwrap_or_else(PoisonError::into_inner),
            Scan::new(suite.kind.form()),
        );
        let mut round = match exit {
            Err(failure) => Round {
                error: format!("it could not be started: {failure}; {}", suite.kind.install()),
                hopeless: true,
                ..Round::default()
            },
            Ok(exit) => self.ended(given, &exit, (scan, &report, started), until.is_late()),
        };
        round.started = started;
        let _ = (std::fs::remove_file(&report), std::fs::remove_file(&wish));
        shorten(&mut round.cases);
        Ok(round)
    }

    /// Writes the program that runs `unittest`, and what it is asked for.
    fn unittest(
        &self,
        given: &Given,
        (program, wish): (&Path, &Path),
        failed: &[Case],
    ) -> std::io::Result<()> {
        if std::fs::read_to_string(program).ok().as_deref() != Some(UNITTEST) {
            // Another suite may start it at this moment.
            let own = wish.with_extension("py");
            std::fs::write(&own, UNITTEST)?;
            std::fs::rename(&own, program)?;
        }
        let files = python::files(&self.root.join(&given.suite.folder));
        let files = files.map_err(|why| std::io::Error::other(why.to_string()))?;
        let again: Vec<String> =
            failed.iter().map(|case| format!("{}.{}", case.class, case.name)).collect();
        std::fs::write(wish, json!({"files": files, "again": again}).to_string())
    }

    /// Says which files of tests are there of which none was run; nothing where there are none.
    fn untested(&self, given: &Given) -> String {
        if !matches!(given.suite.kind, Kind::Pytest | Kind::Unittest) {
            return String::new();
        }
        let folder = self.root.join(&given.suite.folder);
        let files = python::files(&folder).unwrap_or_default();
        let inner = |path: &PathBuf| {
            path.strip_prefix(&folder).unwrap_or(path).to_string_lossy().into_owned()
        };
        match files.split_first() {
            None => String::new(),
            Some((first, [])) => format!("no test was run, and {} looks like one", inner(first)),
            Some((first, more)) => format!(
                "no test was run, and {} and {} more look like tests",
                inner(first),
                more.len()
            ),
        }
    }

    fn exec(&self, given: &Given, argv: Vec<String>, scan: &Arc<Mutex<Scan>>) -> Exec {
        let heard = scan.clone();
        let mut env: std::collections::BTreeMap<String, String> =
            self.variables.iter().cloned().collect();
        if let Some(ctx) = &self.ctx {
            env.extend(ctx.about().variables());
        }
        if matches!(given.suite.kind, Kind::Vitest | Kind::Jest | Kind::Script) {
            // Else some of them wait for somebody to change a file.
            env.insert("CI".to_owned(), "true".to_owned());
        }
        if matches!(given.suite.kind, Kind::Pytest | Kind::Unittest) {
            // Python takes what it compiled for the same file when size and second are the same: a mended one would fail again.
            env.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
        }
        Exec {
            argv,
            cwd: Some(self.root.join(&given.suite.folder)),
            env,
            // It is heard as it comes.
            stdout_limit: 0,
            stderr_limit: COMPLAINTS,
            grace_ms: GRACE_MS,
            leaves_nothing: true,
            heard: Some(Heard::new(move |piece| {
                heard.lock().unwrap_or_else(PoisonError::into_inner).hear(piece);
            })),
            ..Exec::default()
        }
    }

    /// Reads what a command that ended has left.
    fn ended(
        &self,
        given: &Given,
        exit: &Exit,
        (scan, report, started): (Scan, &Path, i64),
        late: bool,
    ) -> Round {
        let kind = given.suite.kind;
        let complaints = String::from_utf8_lossy(&exit.stderr).into_owned();
        let (heard, written) = scan.finish(&complaints);
        let output = format!("{}\n{}", clean(&written, OUTPUT), clean(&complaints, OUTPUT / 4));
        let mut round = Round {
            exit_code: exit.code,
            duration_ms: exit.duration_ms,
            output: output.trim().to_owned(),
            ..Round::default()
        };
        let read = match kind {
            Kind::Cargo | Kind::Go => Ok(heard),
            Kind::Script | Kind::Make => Ok(vec![given.suite.whole(exit.code == Some(0))]),
            Kind::Maven | Kind::Gradle => java(&self.root.join(&given.suite.folder), kind, started),
            Kind::Jest => text(report).and_then(|text| jest(&text)),
            Kind::Pytest | Kind::Unittest | Kind::Node | Kind::Vitest => {
                text(report).and_then(|text| cases(&text, kind))
            }
        };
        match read {
            Ok(cases) => round.cases = cases,
            Err(why) if !late => {
                round.error = unread(kind, exit, &complaints, &why);
                round.hopeless = complaints.contains(NO_PYTEST) || exit.code == Some(127);
            }
            Err(_) => {}
        }
        if late {
            round.error = format!(
                "it took longer than {} ms and was ended; `--timeout` gives it more",
                given.timeout_ms
            );
        } else if let (None, Some(signal)) = (exit.code, exit.signal) {
            round.error = format!("it was ended by signal {signal}");
        } else if kind == Kind::Cargo && round.cases.is_empty() && exit.code != Some(0) {
            "it could not be built: the output says why".clone_into(&mut round.error);
        } else if matches!(kind, Kind::Go | Kind::Maven | Kind::Gradle)
            && round.cases.is_empty()
            && exit.code != Some(0)
        {
            round.error =
                format!("it ended with {} before any test: the output says why", code(exit));
        }
        round
    }
}

fn code(exit: &Exit) -> String {
    exit.code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"))
}

/// Says why there is no report, and what to do.
fn unread(kind: Kind, exit: &Exit, complaints: &str, why: &str) -> String {
    if complaints.contains(NO_PYTEST) {
        return format!("pytest is not installed; {}", kind.install());
    }
    if complaints.contains("--test-reporter") && complaints.contains("bad option") {
        return "this Node is too old to write reports of tests; Node 20 does".to_owned();
    }
    // A shell that does not find the program.
    if exit.code == Some(127) {
        return format!("a program was not found; {}", kind.install());
    }
    format!("it ended with {} and left no report ({why}); its output says more", code(exit))
}

/// Keeps the outputs of the first tests that are not well, and no others.
fn shorten(cases: &mut [Case]) {
    let mut kept = 0;
    for case in cases {
        junit::tidy(case);
        let wanted = case.outcome.is_bad() || case.flaky;
        if wanted && kept < TRACES {
            kept += 1;
        } else {
            case.output = String::new();
        }
        if wanted && case.message.is_empty() {
            let line = case.output.lines().map(str::trim).find(|line| !line.is_empty());
            case.message = line.unwrap_or("it failed").to_owned();
        }
    }
}
