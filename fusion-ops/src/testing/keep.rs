//! Reports in a folder: written whole, the latest, those before, and which tests are flaky.

use std::collections::HashMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use serde_json::json;

use super::junit::Group;
use super::report::{Flaky, Report};
use super::xml;

/// How many reports are kept of a task, or of a project.
const KEPT: usize = 50;
/// How many of them are looked at for flaky tests.
const LOOKED: usize = 20;
/// The largest report, in bytes.
const MOST: u64 = 256 * 1024 * 1024;
/// The longest id of a task, in bytes.
const ID: usize = 128;

/// The reports of a task, or of a project's tests.
#[derive(Debug, Clone)]
pub struct Reports {
    folder: PathBuf,
    task: Option<String>,
}

impl Reports {
    /// Names the folder: `tasks/ID/reports` for a task, else `tests/reports`, within what Fusion keeps of a project (`.fusion`).
    ///
    /// # Errors
    /// `FU0102` for an id that is no name of a task.
    pub fn of(kept: &Path, task: Option<&str>) -> Result<Self> {
        let folder = match task {
            None => kept.join("tests").join("reports"),
            Some(id) => {
                let fits = |sign: char| sign.is_ascii_alphanumeric() || "._:-".contains(sign);
                if id.is_empty() || id.len() > ID || id.starts_with('.') || !id.chars().all(fits) {
                    let message = format!("`{id}` is no id of a task");
                    let hint = "1 to 128 of `A-Z a-z 0-9 . _ : -`, without a `.` first";
                    return Err(Error::new(Code::InvalidId, message).hint(hint));
                }
                kept.join("tasks").join(id).join("reports")
            }
        };
        Ok(Self { folder, task: task.map(str::to_owned) })
    }

    /// Writes a report as JSON and as JUnit XML, each whole or not at all, and gives both paths. For a task, `status.json` beside the folder
    /// says how it stands. The 50 newest are kept.
    ///
    /// # Errors
    /// `FU0201` when it cannot be written.
    pub fn write(&self, report: &Report) -> Result<(PathBuf, PathBuf)> {
        let name = format!("{:013}-{}", report.started.max(0), report.run);
        let (json, xml) =
            (self.folder.join(format!("{name}.json")), self.folder.join(format!("{name}.xml")));
        fs::create_dir_all(&self.folder).map_err(|why| unwritable(&self.folder, why))?;
        // The JSON comes last: who finds it finds the other, too.
        whole(&xml, &junit(report))?;
        whole(&json, &format!("{:#}\n", json!(report)))?;
        let all = self.all();
        // A run that began earlier and ends later is not how the task stands.
        let is_latest = all.last() == Some(&json);
        if let (Some(task), Some(above), true) = (&self.task, self.folder.parent(), is_latest) {
            let status = json!({
                "task": task, "status": report.status, "run": report.run, "counts": report.counts,
                "finished": report.finished, "report": json.display().to_string(), "junit": xml.display().to_string(),
            });
            whole(&above.join("status.json"), &format!("{status:#}\n"))?;
        }
        for old in all.iter().take(all.len().saturating_sub(KEPT)) {
            // What cannot be removed is kept longer.
            let _ = fs::remove_file(old);
            let _ = fs::remove_file(old.with_extension("xml"));
        }
        Ok((json, xml))
    }

    /// Gives the report of the run that began last, with the path of its JSON.
    ///
    /// # Errors
    /// `FU0109` when there is none; those of reading.
    pub fn latest(&self) -> Result<(Report, PathBuf)> {
        let Some(file) = self.all().pop() else {
            let whose = self
                .task
                .as_ref()
                .map_or_else(String::new, |task| format!(" of the task `{task}`"));
            let message = format!("there is no report{whose} in {}", self.folder.display());
            let hint = match &self.task {
                Some(task) => format!("`fusion test --task {task}` makes one"),
                None => "`fusion test` makes one; `--task ID` names a task".to_owned(),
            };
            return Err(Error::new(Code::NotThere, message).hint(hint));
        };
        Ok((load(&file)?, file))
    }

    /// Reads a report that [`Reports::write`] has written.
    ///
    /// # Errors
    /// `FU0201`, `FU0202`.
    pub fn read(file: &Path) -> Result<Report> {
        load(file)
    }

    /// Names the tests that failed in one of the last 20 reports and passed in another, this one among them, with the same files of the
    /// same folder; and those that did both in this run.
    pub fn mark(&self, report: &mut Report) {
        type Name<'a> = (&'a str, &'a str, &'a str, &'a str);
        let all = self.all();
        let own = format!("-{}.json", report.run);
        let others = all.iter().rev().filter(|file| !file.to_string_lossy().ends_with(&own));
        let is_sure = |one: &Report| !one.changed;
        // One that cannot be read any more says nothing.
        let before: Vec<Report> = others
            .take(LOOKED)
            .filter_map(|file| load(file).ok())
            .filter(|one| one.tree == report.tree && one.folder == report.folder && is_sure(one))
            .collect();
        let before = if is_sure(report) { before } else { Vec::new() };
        let mut seen: HashMap<Name<'_>, (Option<&str>, Option<&str>)> = HashMap::new();
        for one in &before {
            for suite in &one.suites {
                for case in &suite.cases {
                    let (file, class, name) = case.key();
                    let runs = seen.entry((&suite.name, file, class, name)).or_default();
                    if case.outcome.is_bad() || case.flaky {
                        runs.0.get_or_insert(&one.run);
                    }
                    if case.outcome == super::Outcome::Passed {
                        runs.1.get_or_insert(&one.run);
                    }
                }
            }
        }
        let mut flaky = Vec::new();
        for suite in &mut report.suites {
            for case in &mut suite.cases {
                let (file, class, name) = case.key();
                let (failed, passed) = seen
                    .get(&(suite.name.as_str(), file, class, name))
                    .copied()
                    .unwrap_or_default();
                let why = match (case.flaky, case.outcome) {
                    (true, _) => "it failed and passed in this run".to_owned(),
                    (_, super::Outcome::Passed) if failed.is_some() => {
                        format!(
                            "with the same files it failed in run {}",
                            failed.unwrap_or_default()
                        )
                    }
                    (_, outcome) if outcome.is_bad() && passed.is_some() => {
                        format!(
                            "with the same files it passed in run {}",
                            passed.unwrap_or_default()
                        )
                    }
                    _ => continue,
                };
                flaky.push(Flaky {
                    suite: suite.name.clone(),
                    class: class.to_owned(),
                    name: name.to_owned(),
                    why,
                });
                case.flaky = true;
            }
        }
        report.flaky = flaky;
        report.settle();
    }

    /// The reports by their time, the oldest first.
    fn all(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let is_report = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".json") && name.starts_with(|sign: char| sign.is_ascii_digit())
        };
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_report).collect();
        files.sort();
        files
    }
}

/// Writes a report as JUnit XML.
pub(super) fn junit(report: &Report) -> String {
    let groups: Vec<Group> = report
        .suites
        .iter()
        .map(|suite| {
            let mut cases = suite.cases.clone();
            // A suite that could not be run must not look as if all were well.
            if !suite.error.is_empty() {
                cases.push(super::Case {
                    name: suite.command.join(" "),
                    outcome: super::Outcome::Error,
                    message: suite.error.clone(),
                    output: suite.output.clone(),
                    ..super::Case::default()
                });
            }
            Group { name: suite.name.clone(), cases }
        })
        .collect();
    xml::write(report.task.as_deref().unwrap_or("fusion test"), &groups)
}

fn load(file: &Path) -> Result<Report> {
    let unreadable = |why| {
        Error::new(Code::FileUnreadable, format!("the report {} cannot be read", file.display()))
            .because(why)
    };
    let mut text = String::new();
    fs::File::open(file)
        .and_then(|file| file.take(MOST).read_to_string(&mut text))
        .map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|why| {
        let message = format!("{} is no report of tests", file.display());
        Error::new(Code::Syntax, message)
            .because(why)
            .hint("remove it: `fusion test` makes another")
    })
}

/// Writes a file so that nobody sees half of it.
fn whole(file: &Path, text: &str) -> Result<()> {
    let part = file.with_extension("part");
    let write = || {
        let mut open = fs::File::create(&part)?;
        open.write_all(text.as_bytes())?;
        open.sync_all()?;
        fs::rename(&part, file)
    };
    write().map_err(|why| unwritable(file, why))
}

fn unwritable(path: &Path, why: std::io::Error) -> Error {
    Error::new(Code::FileUnreadable, format!("{} cannot be written", path.display())).because(why)
}
