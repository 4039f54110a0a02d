//! The runners, and the command line of each: so that a report comes out, and only what failed runs again where they can do that.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::report::{Case, Outcome};
use super::text::Form;

/// The most tests that are named on a command line.
const NAMED: usize = 200;

/// What runs tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `cargo test`.
    Cargo,
    /// `pytest`.
    Pytest,
    /// Python's `unittest`.
    Unittest,
    /// `node --test`.
    Node,
    /// Vitest, by the script `test`.
    Vitest,
    /// Jest, by the script `test`.
    Jest,
    /// Any other script `test` of a `package.json`: it passes when it ends with 0.
    Script,
    /// `go test`.
    Go,
    /// Maven.
    Maven,
    /// Gradle.
    Gradle,
    /// The target `test` of a `Makefile`: it passes when it ends with 0.
    Make,
}

impl Kind {
    /// Gives its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Pytest => "pytest",
            Self::Unittest => "unittest",
            Self::Node => "node",
            Self::Vitest => "vitest",
            Self::Jest => "jest",
            Self::Script => "script",
            Self::Go => "go",
            Self::Maven => "maven",
            Self::Gradle => "gradle",
            Self::Make => "make",
        }
    }

    /// Says how its program is installed.
    pub(super) fn install(self) -> &'static str {
        match self {
            Self::Cargo => "install Rust: https://rustup.rs",
            Self::Pytest => "install it where the tests run: `python3 -m pip install pytest`",
            Self::Unittest => "install Python: https://www.python.org/downloads",
            Self::Node | Self::Vitest | Self::Jest | Self::Script => {
                "install Node: https://nodejs.org, then the packages of the project: `npm install`"
            }
            Self::Go => "install Go: https://go.dev/dl",
            Self::Maven => "install Maven: https://maven.apache.org, or add its wrapper `mvnw`",
            Self::Gradle => "install Gradle: https://gradle.org, or add its wrapper `gradlew`",
            Self::Make => "install make with the machine's package manager",
        }
    }

    /// Tells how what it prints is understood.
    pub(super) fn form(self) -> Form {
        match self {
            Self::Cargo => Form::Libtest,
            Self::Go => Form::Go,
            _ => Form::Plain,
        }
    }

    /// Gives the folder, and the beginning of the names, of the reports that it writes by itself.
    pub(super) fn reports(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Maven => Some(("surefire-reports", "TEST-")),
            Self::Gradle => Some(("test-results", "TEST-")),
            _ => None,
        }
    }
}

/// Tests that one command runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suite {
    /// What it is called, unlike all others: its folder, or what runs it for the folder that was looked at.
    pub name: String,
    /// Its folder, from the one that was looked at; `.` for that one.
    pub folder: String,
    /// What runs it.
    pub kind: Kind,
    /// The command, before what makes it write a report.
    pub command: Vec<String>,
}

/// Where a round writes.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// The report.
    pub report: &'a Path,
    /// The program that makes `unittest` write one.
    pub unittest: &'a Path,
    /// What that program is asked for.
    pub wish: &'a Path,
}

impl Suite {
    /// Gives the whole command line of a round; `failed` are the cases that are to be run again, where it can run only these.
    pub(super) fn argv(&self, places: &Places<'_>, failed: &[&Case]) -> Vec<String> {
        let report = places.report.display();
        let mut argv = self.command.clone();
        let mut add = |words: &[String]| argv.extend_from_slice(words);
        let few = !failed.is_empty() && failed.len() <= NAMED;
        let names = || failed.iter().map(|case| case.name.clone());
        match self.kind {
            Kind::Cargo if few => {
                add(&["--".to_owned(), "--exact".to_owned()]);
                add(&names().collect::<Vec<_>>());
            }
            Kind::Pytest => {
                add(&[format!("--junitxml={report}")]);
                if !failed.is_empty() {
                    add(&["--last-failed".to_owned(), "--last-failed-no-failures=none".to_owned()]);
                }
            }
            Kind::Unittest => {
                // `python3 -m unittest discover` becomes `python3 PROGRAM REPORT WISH`.
                argv.truncate(1);
                let all = [places.unittest, places.report, places.wish];
                argv.extend(all.map(|path| path.display().to_string()));
            }
            Kind::Node => {
                let flags = [
                    "--test-reporter=spec".to_owned(),
                    "--test-reporter-destination=stdout".to_owned(),
                    "--test-reporter=junit".to_owned(),
                    format!("--test-reporter-destination={report}"),
                ];
                argv.splice(2..2, flags);
            }
            Kind::Vitest => {
                add(&self.separator());
                let flags = ["--reporter=default", "--reporter=junit"].map(str::to_owned);
                add(&flags);
                add(&[format!("--outputFile.junit={report}")]);
            }
            Kind::Jest => {
                add(&self.separator());
                add(&["--json".to_owned(), format!("--outputFile={report}")]);
            }
            Kind::Go if few => {
                let tops: Vec<String> = names()
                    .map(|name| name.split('/').next().unwrap_or_default().to_owned())
                    .collect();
                add(&["-run".to_owned(), format!("^({})$", tops.join("|"))]);
            }
            Kind::Cargo | Kind::Script | Kind::Go | Kind::Maven | Kind::Gradle | Kind::Make => {}
        }
        argv
    }

    /// npm hands on only what stands after `--`.
    fn separator(&self) -> Vec<String> {
        let is_npm = self.command.first().is_some_and(|program| program == "npm");
        if is_npm { vec!["--".to_owned()] } else { Vec::new() }
    }

    /// Gives the one case of a suite that says only whether all is well.
    pub(super) fn whole(&self, passed: bool) -> Case {
        let outcome = if passed { Outcome::Passed } else { Outcome::Failed };
        Case { name: self.command.join(" "), outcome, ..Case::default() }
    }
}
