//! What runners print that write no report: libtest's lines, the JSON of `go test` and of Jest.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::report::{Case, Outcome};

/// The longest line that is looked at, in bytes; what is longer is cut.
const LINE: usize = 64 * 1024;
/// What is kept of the end of all that is written, in bytes.
const TAIL: usize = 64 * 1024;
/// The most tests of one command.
const CASES: usize = 200_000;
/// What is kept of what one test writes, in bytes.
const OWN: usize = 32 * 1024;

/// How lines are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Not at all.
    Plain,
    /// As the harness of `cargo test` writes them.
    Libtest,
    /// As `go test -json` writes them.
    Go,
}

/// Hears what a command writes, piece by piece, in bounded memory.
#[derive(Debug)]
pub(super) struct Scan {
    form: Form,
    line: Vec<u8>,
    tail: Vec<u8>,
    cases: Vec<Case>,
    /// Which of the binaries a libtest case belongs to.
    binaries: Vec<usize>,
    binary: usize,
    places: BTreeMap<(String, String), usize>,
    /// The test whose output is being told.
    detail: Option<usize>,
    details: bool,
}

impl Scan {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            line: Vec::new(),
            tail: Vec::new(),
            cases: Vec::new(),
            binaries: Vec::new(),
            binary: 0,
            places: BTreeMap::new(),
            detail: None,
            details: false,
        }
    }

    /// Takes in a piece.
    pub(super) fn hear(&mut self, piece: &[u8]) {
        if self.form != Form::Go {
            keep(&mut self.tail, piece);
        }
        if self.form == Form::Plain {
            return;
        }
        let mut parts = piece.split(|byte| *byte == b'\n');
        if let Some(first) = parts.next() {
            self.extend(first);
        }
        for part in parts {
            self.end_line();
            self.extend(part);
        }
    }

    /// Gives the cases and the end of what was written; `complaints` is what came on standard error.
    pub(super) fn finish(mut self, complaints: &str) -> (Vec<Case>, String) {
        self.end_line();
        if self.form == Form::Libtest {
            let names = binaries(complaints);
            for (case, at) in self.cases.iter_mut().zip(&self.binaries) {
                let name = at.checked_sub(1).and_then(|at| names.get(at));
                // Only where each binary is known for sure.
                if let Some(name) = name.filter(|_| names.len() == self.binary) {
                    case.class.clone_from(name);
                }
            }
        }
        (self.cases, String::from_utf8_lossy(&self.tail).into_owned())
    }

    fn extend(&mut self, part: &[u8]) {
        let room = LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        match self.form {
            Form::Libtest => self.libtest(text.trim_end_matches('\r')),
            Form::Go => self.go(&text),
            Form::Plain => {}
        }
        self.line = line;
        self.line.clear();
    }

    fn libtest(&mut self, line: &str) {
        let count = line.strip_prefix("running ").and_then(|rest| rest.split_once(" test"));
        if count
            .is_some_and(|(count, end)| count.parse::<usize>().is_ok() && ["", "s"].contains(&end))
        {
            self.binary += 1;
            (self.details, self.detail) = (false, None);
        }
        if ["failures:", "successes:"].contains(&line) {
            (self.details, self.detail) = (true, None);
            return;
        }
        if line.starts_with("test result: ") {
            (self.details, self.detail) = (false, None);
            return;
        }
        if self.details {
            let name =
                line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
            if let Some(name) = name {
                self.detail = self.places.get(&(self.binary.to_string(), name.to_owned())).copied();
            } else if let Some(case) = self.detail.and_then(|at| self.cases.get_mut(at)) {
                told(case, line);
            }
            return;
        }
        let Some((name, outcome, message)) = verdict(line) else { return };
        if self.cases.len() >= CASES {
            return;
        }
        let key = (self.binary.to_string(), name.clone());
        self.places.insert(key, self.cases.len());
        self.binaries.push(self.binary);
        self.cases.push(Case { name, outcome, message, ..Case::default() });
    }

    fn go(&mut self, line: &str) {
        let Ok(event) = serde_json::from_str::<GoEvent>(line) else {
            keep(&mut self.tail, line.as_bytes());
            keep(&mut self.tail, b"\n");
            return;
        };
        let output = event.output.unwrap_or_default();
        keep(&mut self.tail, output.as_bytes());
        let Some(name) = event.test else { return };
        let key = (event.package.clone(), name.clone());
        let next = self.cases.len();
        let at = *self.places.entry(key).or_insert(next);
        if at == next && next < CASES {
            // Until it says how it ended: a panic ends the whole binary.
            let message = "it did not end".to_owned();
            self.cases.push(Case {
                name,
                class: event.package,
                outcome: Outcome::Error,
                message,
                ..Case::default()
            });
        }
        let Some(case) = self.cases.get_mut(at) else { return };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "negative and huge times are cut"
        )]
        let ms = (event.elapsed.unwrap_or(0.0) * 1_000.0).clamp(0.0, 9e15) as u64;
        let outcome = match event.action.as_str() {
            "output" => return told(case, output.trim_end_matches('\n')),
            "pass" => Outcome::Passed,
            "fail" => Outcome::Failed,
            "skip" => Outcome::Skipped,
            _ => return,
        };
        (case.outcome, case.time_ms) = (outcome, ms);
        // `    file_test.go:12: want 3, got 4` is what it is about.
        let said = case.output.lines().map(str::trim).find(|line| line.contains(".go:"));
        case.message = said.unwrap_or_default().to_owned();
        if outcome == Outcome::Passed {
            case.output.clear();
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GoEvent {
    action: String,
    #[serde(default)]
    package: String,
    test: Option<String>,
    elapsed: Option<f64>,
    output: Option<String>,
}

fn told(case: &mut Case, line: &str) {
    if case.output.len() + line.len() < OWN {
        case.output.push_str(line);
        case.output.push('\n');
    }
    if case.message.is_empty() && case.outcome == Outcome::Failed && line.contains("panicked at") {
        line.trim().clone_into(&mut case.message);
    }
}

fn keep(tail: &mut Vec<u8>, piece: &[u8]) {
    tail.extend_from_slice(piece.get(piece.len().saturating_sub(TAIL)..).unwrap_or(piece));
    // Cut now and then, not at each piece.
    if tail.len() > 2 * TAIL {
        tail.drain(..tail.len() - TAIL);
    }
}

/// Reads `test NAME ... ok`.
fn verdict(line: &str) -> Option<(String, Outcome, String)> {
    let (name, rest) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let name = name.strip_suffix(" - should panic").unwrap_or(name);
    let (word, more) = rest.split_once([' ', ',']).unwrap_or((rest, ""));
    let outcome = match word {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "ignored" => Outcome::Skipped,
        _ => return None,
    };
    let message = if outcome == Outcome::Skipped { more.trim() } else { "" };
    Some((name.to_owned(), outcome, message.to_owned()))
}

/// The binaries that `cargo test` says it runs, in their order, named as Cargo names its targets.
fn binaries(complaints: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in complaints.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("Running ") {
            let (what, path) = rest.split_once(" (").unwrap_or((rest, ""));
            let file = path.trim_end_matches(')').rsplit('/').next().unwrap_or_default();
            let target = file.rsplit_once('-').map_or(file, |(target, _)| target);
            names.push(
                format!("{target} {}", what.trim_start_matches("unittests ")).trim().to_owned(),
            );
        } else if let Some(name) = line.strip_prefix("Doc-tests ") {
            names.push(format!("{name} doc-tests"));
        }
    }
    names
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Jest {
    test_results: Vec<JestFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct JestFile {
    name: String,
    status: String,
    message: String,
    assertion_results: Vec<JestCase>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct JestCase {
    ancestor_titles: Vec<String>,
    title: String,
    status: String,
    duration: Option<f64>,
    failure_messages: Vec<String>,
}

/// Reads the JSON of Jest (`--json`); a file that could not be run is a case of its own.
pub(super) fn jest(text: &str) -> Result<Vec<Case>, String> {
    let report: Jest =
        serde_json::from_str(text).map_err(|why| format!("the report of Jest: {why}"))?;
    let mut cases = Vec::new();
    for file in report.test_results {
        if file.assertion_results.is_empty() && file.status == "failed" {
            let (outcome, name) = (Outcome::Error, "the file".to_owned());
            let message = file
                .message
                .lines()
                .find(|line| !line.trim().is_empty())
                .unwrap_or_default()
                .to_owned();
            cases.push(Case {
                name,
                class: file.name.clone(),
                outcome,
                message,
                output: file.message,
                ..Case::default()
            });
            continue;
        }
        for one in file.assertion_results.into_iter().take(CASES) {
            let outcome = match one.status.as_str() {
                "passed" => Outcome::Passed,
                "failed" => Outcome::Failed,
                _ => Outcome::Skipped,
            };
            let output = one.failure_messages.join("\n");
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "negative and huge times are cut"
            )]
            let time_ms = one.duration.unwrap_or(0.0).clamp(0.0, 9e15) as u64;
            let message = output.lines().next().unwrap_or_default().to_owned();
            let class = one.ancestor_titles.join(" > ");
            cases.push(Case {
                name: one.title,
                class,
                file: file.name.clone(),
                time_ms,
                outcome,
                message,
                output,
                flaky: false,
            });
        }
    }
    Ok(cases)
}
