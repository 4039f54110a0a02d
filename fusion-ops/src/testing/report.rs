//! Cases, suites and reports, and what several rounds of a suite say together.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What became of a test.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It held.
    #[default]
    Passed,
    /// What it asserts is not so.
    Failed,
    /// It could not be brought to its end.
    Error,
    /// It was not run.
    Skipped,
}

impl Outcome {
    /// Tells whether something is wrong.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// One test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Case {
    /// What it is called.
    pub name: String,
    /// The class, module or group that it belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// The file that it stands in, where the runner tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// How long it took, in milliseconds.
    pub time_ms: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it failed and passed with the same files, in this run or among the last ones.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    /// What is wrong in few words, or why it was skipped; 2 000 characters at most.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What it wrote and where it failed; the last 8 000 characters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub output: String,
}

impl Case {
    /// Gives what it is known by from one run to the next.
    pub(super) fn key(&self) -> (&str, &str, &str) {
        (&self.file, &self.class, &self.name)
    }

    /// Gives its class and name in one.
    pub fn title(&self) -> String {
        if self.class.is_empty() {
            self.name.clone()
        } else {
            format!("{} {}", self.class, self.name)
        }
    }
}

/// How many tests there are of each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All.
    pub tests: usize,
    /// Those that held, the flaky ones of this run among them.
    pub passed: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that could not be brought to their end.
    pub errors: usize,
    /// Those that were not run.
    pub skipped: usize,
    /// Those that failed and passed with the same files.
    pub flaky: usize,
}

impl Counts {
    /// Counts cases.
    pub fn of<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut counts = Self::default();
        for case in cases {
            counts.tests += 1;
            counts.flaky += usize::from(case.flaky);
            match case.outcome {
                Outcome::Passed => counts.passed += 1,
                Outcome::Failed => counts.failed += 1,
                Outcome::Error => counts.errors += 1,
                Outcome::Skipped => counts.skipped += 1,
            }
        }
        counts
    }
}

/// How a suite, or all of them, went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Tests were run, and all of them hold.
    Passed,
    /// No test was run, or every one was skipped: that proves nothing. It counts before `Passed`: where one suite of several proves
    /// nothing, all of them together do not say that all is well.
    #[default]
    Empty,
    /// A test failed, or the command says so.
    Failed,
    /// The tests could not be run, or not to their end.
    Error,
}

impl Status {
    /// Gives its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

/// What came of one suite.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SuiteReport {
    /// What it is called.
    pub name: String,
    /// Its folder, from the folder that was tested.
    pub folder: String,
    /// What ran it: `cargo`, `pytest`.
    pub runner: String,
    /// The command line.
    pub command: Vec<String>,
    /// How it went.
    pub status: Status,
    /// The exit code of the last round.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// When it began, in milliseconds since 1970.
    pub started: i64,
    /// How long its commands took, in milliseconds.
    pub duration_ms: u64,
    /// How often its command was run.
    pub rounds: u32,
    /// Why it could not be run or read, with what to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub error: String,
    /// Its tests in numbers.
    pub counts: Counts,
    /// The end of what the command wrote, when not all is well.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub output: String,
    /// Its tests.
    pub cases: Vec<Case>,
}

/// A test that failed and passed with the same files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flaky {
    /// Its suite.
    pub suite: String,
    /// Its class, module or group.
    pub class: String,
    /// Its name.
    pub name: String,
    /// How that is known.
    pub why: String,
}

/// What came of all suites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The version of the form: 1.
    pub report: u32,
    /// The run.
    pub run: String,
    /// The task that it was run for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The folder that was tested.
    pub folder: String,
    /// The hash of its files, before.
    pub tree: String,
    /// Whether they are others at the end: tests write into the project, or somebody worked at it, or the run was left alone and taken up
    /// again. Then nothing is said of flaky tests by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
    /// When it began, in milliseconds since 1970.
    pub started: i64,
    /// When it ended, in milliseconds since 1970.
    pub finished: i64,
    /// How it went: the worst of its suites.
    pub status: Status,
    /// All tests in numbers.
    pub counts: Counts,
    /// The tests that are not to be relied on.
    pub flaky: Vec<Flaky>,
    /// The suites.
    pub suites: Vec<SuiteReport>,
}

impl Report {
    /// Says which suites prove nothing, and why, where others do or nothing failed.
    pub fn unproved(&self) -> Option<String> {
        let empty: Vec<&SuiteReport> =
            self.suites.iter().filter(|suite| suite.status == Status::Empty).collect();
        if empty.is_empty() && self.status != Status::Empty {
            return None;
        }
        let why = |suite: &SuiteReport| match suite.counts.skipped {
            0 => format!("{} ran no test", suite.name),
            1 => format!("{} skipped its only test", suite.name),
            all => format!("{} skipped all of its {all} tests", suite.name),
        };
        let names: Vec<String> = empty.into_iter().map(why).collect();
        let names = if names.is_empty() { "no test was run".to_owned() } else { names.join(", ") };
        Some(format!("{names}: that proves nothing"))
    }

    /// Gives every test that failed, as `suite: class name: message` with a line each; at most so many.
    pub fn failures(&self, most: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for suite in &self.suites {
            for case in suite.cases.iter().filter(|case| case.outcome.is_bad()) {
                lines.push(format!("{}: {}: {}", suite.name, case.title(), case.message));
            }
            if !suite.error.is_empty() {
                lines.push(format!("{}: {}", suite.name, suite.error));
            }
        }
        let more = lines.len().saturating_sub(most);
        lines.truncate(most);
        if more > 0 {
            lines.push(format!("and {more} more"));
        }
        lines
    }

    /// Counts anew, and gives the status that follows from the suites.
    pub(super) fn settle(&mut self) {
        for suite in &mut self.suites {
            suite.counts = Counts::of(&suite.cases);
        }
        self.counts = Counts::of(self.suites.iter().flat_map(|suite| &suite.cases));
        self.status = self.suites.iter().map(|suite| suite.status).max().unwrap_or_default();
    }
}

/// Puts a later round of the same tests to those before. A test that passed in one and failed in another is flaky and counts as
/// passed; what the later round did not run keeps what it had. Tests of the same name are told apart by their order.
pub(super) fn merge(cases: &mut Vec<Case>, later: Vec<Case>) {
    type Name = (String, String, String);
    fn numbered(seen: &mut HashMap<Name, usize>, case: &Case) -> (Name, usize) {
        let (file, class, name) = case.key();
        let key = (file.to_owned(), class.to_owned(), name.to_owned());
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        (key, *count)
    }
    let mut seen = HashMap::new();
    let mut places = HashMap::new();
    for (at, case) in cases.iter().enumerate() {
        places.insert(numbered(&mut seen, case), at);
    }
    seen.clear();
    for case in later {
        let key = numbered(&mut seen, &case);
        match places.get(&key).and_then(|at| cases.get_mut(*at)) {
            Some(before) => join(before, case),
            None => cases.push(case),
        }
    }
}

fn join(before: &mut Case, later: Case) {
    match (before.outcome, later.outcome) {
        (old, Outcome::Passed) if old.is_bad() => {
            before.outcome = Outcome::Passed;
            before.flaky = true;
            before.time_ms = later.time_ms;
        }
        (Outcome::Passed, new) if new.is_bad() => {
            before.flaky = true;
            before.message = later.message;
            before.output = later.output;
        }
        (_, Outcome::Skipped) => {}
        _ => {
            let flaky = before.flaky;
            *before = later;
            before.flaky |= flaky;
        }
    }
}
