//! The suites as a workflow: a queue of them, so many at once, and a report at the end.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use fusion_core::contract::{BoxFuture, Context, Env, Output, Step};
use fusion_core::model::{Digest, Failure, Payload};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::keep::Reports;
use super::perform::{Given, Runner, run};
use super::report::{Report, SuiteReport};
use super::suite::Suite;
use super::tree::fingerprint;

/// Runs one suite.
const SUITE: &str = "test.suite";
/// Writes the report.
const REPORT: &str = "test.report";
/// How many letters of a hash stand in an id.
const HASH: usize = 12;
/// The name of the workflow.
const NAME: &str = "fusion-test";

/// What is to be run, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The folder that suites are in, whole.
    pub root: PathBuf,
    /// What Fusion keeps of the project, whole: `.fusion`.
    pub kept: PathBuf,
    /// The task that it is run for.
    pub task: Option<String>,
    /// The suites.
    pub suites: Vec<Suite>,
    /// The hash of the folder's files.
    pub tree: String,
    /// How many suites run at once.
    pub jobs: u32,
    /// How often what failed is run again.
    pub retries: u32,
    /// How long one round of a suite may take, in milliseconds.
    pub timeout_ms: u64,
}

impl Plan {
    /// Gives what the ids of its runs begin with: the same for the same suites, files, task and folder.
    pub fn prefix(&self) -> String {
        let mut own = self.clone();
        // How many run at once changes nothing of what is proved.
        own.jobs = 0;
        let hash: String =
            Digest::of(json!(own).to_string().as_bytes()).to_string().chars().take(HASH).collect();
        format!("test-{hash}-")
    }

    /// Gives the workflow of a run, as JSON, in which workflow files may be written.
    pub fn workflow(&self) -> Value {
        json!({
            "fusion": 1,
            "name": NAME,
            "description": "Runs suites of tests and writes a report",
            "inputs": {
                "root": {"type": "string"}, "kept": {"type": "string"}, "task": {"type": "any", "default": null},
                "suites": {"type": "array"}, "tree": {"type": "string"},
                "retries": {"type": "integer"}, "timeout_ms": {"type": "integer"}, "scratch": {"type": "string"},
                "began": {"type": "integer", "default": 0},
            },
            "nodes": {
                "suites": {
                    "description": "Each suite; what it finds is in its report",
                    "map": "{{ inputs.suites }}",
                    "max_parallel": self.jobs.max(1),
                    "step": SUITE,
                    "with": {
                        "root": "{{ inputs.root }}", "suite": "{{ item }}", "scratch": "{{ inputs.scratch }}",
                        "retries": "{{ inputs.retries }}", "timeout_ms": "{{ inputs.timeout_ms }}",
                    },
                },
                "report": {
                    "description": "Writes what was found as JSON and as JUnit XML",
                    "step": REPORT,
                    "with": {
                        "root": "{{ inputs.root }}", "kept": "{{ inputs.kept }}", "task": "{{ inputs.task }}",
                        "tree": "{{ inputs.tree }}", "suites": "{{ nodes.suites }}", "began": "{{ inputs.began }}",
                    },
                },
            },
            "outputs": {"report": "{{ nodes.report }}"},
        })
    }

    /// Gives the input of its run, which begins now, in milliseconds since 1970.
    pub fn input(&self, began: i64) -> Value {
        json!({
            "root": self.root.display().to_string(), "kept": self.kept.display().to_string(), "task": self.task,
            "suites": self.suites, "tree": self.tree, "retries": self.retries, "timeout_ms": self.timeout_ms,
            "began": began,
            "scratch": self.kept.join("tests").join("scratch").display().to_string(),
        })
    }
}

/// The steps of the workflow; register them all.
#[derive(Clone)]
pub struct Steps {
    name: &'static str,
    env: Arc<dyn Env>,
    variables: Vec<(String, String)>,
}

impl Steps {
    /// Makes them. `variables` are all that the commands of suites see of the environment, beside what names the attempt.
    pub fn all(env: &Arc<dyn Env>, variables: &[(String, String)]) -> Vec<Self> {
        [SUITE, REPORT]
            .map(|name| Self { name, env: env.clone(), variables: variables.to_vec() })
            .to_vec()
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Step for Steps {
    fn name(&self) -> &str {
        self.name
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let own = self.clone();
        Box::pin(async move {
            let output = if own.name == SUITE {
                let One { root, given } = input.decode()?;
                let (env, variables) = (own.env, own.variables);
                let runner = Runner { env, ctx: Some(ctx), recorded: true, root, variables };
                Payload::json(&run(&runner, &given).await?)?
            } else {
                let given: Ended = input.decode()?;
                Payload::json(&report(given, &ctx.about().run.to_string(), own.env.now_ms())?)?
            };
            Ok(Output::Value(output))
        })
    }
}

#[derive(Deserialize)]
struct One {
    root: PathBuf,
    #[serde(flatten)]
    given: Given,
}

#[derive(Deserialize)]
struct Ended {
    root: PathBuf,
    kept: PathBuf,
    task: Option<String>,
    tree: String,
    suites: Vec<SuiteReport>,
    #[serde(default)]
    began: i64,
}

fn report(given: Ended, run: &str, now: i64) -> Result<Value, Failure> {
    let refused = |why: fusion_core::error::Error| Failure::error(why.to_string());
    let reports = Reports::of(&given.kept, given.task.as_deref()).map_err(refused)?;
    let started = given.suites.iter().map(|suite| suite.started).min().unwrap_or(now);
    // A run that was left alone and is taken up later tests what is there then.
    let changed = fingerprint(&given.root).is_ok_and(|tree| tree != given.tree);
    let mut report = Report {
        report: 1,
        run: run.to_owned(),
        task: given.task,
        folder: given.root.display().to_string(),
        tree: given.tree,
        changed,
        started: if given.began > 0 { given.began } else { started },
        finished: now,
        status: super::Status::Empty,
        counts: super::Counts::default(),
        flaky: Vec::new(),
        suites: given.suites,
    };
    reports.mark(&mut report);
    let (json, xml) = reports.write(&report).map_err(refused)?;
    Ok(json!({
        "status": report.status, "counts": report.counts, "unproved": report.unproved(),
        "json": json.display().to_string(), "junit": xml.display().to_string(),
    }))
}
