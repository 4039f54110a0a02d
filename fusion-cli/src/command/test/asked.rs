//! Tests in an engine that a program has open: what the bindings ask for.

use std::path::PathBuf;

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use fusion_ops::testing::Reports;
use serde::Deserialize;
use serde_json::{Value, json};

use super::drive;
use crate::args::Testing;

/// How long a suite may take unless it is said, in milliseconds.
const TIMEOUT_MS: u64 = 30 * 60_000;

/// What is tested, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    folder: PathBuf,
    #[serde(default)]
    suites: Vec<String>,
    task: Option<String>,
    #[serde(default = "two")]
    jobs: u32,
    #[serde(default)]
    retries: u32,
    timeout_ms: Option<u64>,
}

fn two() -> u32 {
    2
}

/// Runs the tests of a project, or goes on with them: `{folder, suites, task, jobs, retries, timeout_ms}`. Gives `{run}` as soon as the run
/// goes on; its result has the status, the numbers and the paths of the report.
///
/// # Errors
/// `FU0109` where there are no tests, `FU0205` for a suite that is not there, those of the folder and of the store.
pub async fn test_in(fusion: &Fusion, given: Value) -> Result<Value> {
    let wanted: Wanted = serde_json::from_value(given).map_err(|cause| {
        Error::new(Code::InvalidInput, format!("what was given for tests does not fit: {cause}"))
    })?;
    if !(1..=256).contains(&wanted.jobs) || wanted.retries > 20 {
        let message = format!(
            "{} suites at once with {} retries cannot be: 1 to 256 suites, 0 to 20 retries can",
            wanted.jobs, wanted.retries
        );
        return Err(Error::new(Code::InvalidInput, message));
    }
    let args = Testing {
        verb: None,
        folder: wanted.folder,
        task: wanted.task,
        suite: wanted.suites,
        jobs: wanted.jobs,
        retries: wanted.retries,
        timeout: wanted.timeout_ms.unwrap_or(TIMEOUT_MS),
        junit: None,
        list: false,
    };
    let here = args.folder.canonicalize().unwrap_or_default();
    let plan = drive::plan(&args, &here)?;
    Reports::of(&plan.kept, plan.task.as_deref())?;
    let (run, _) = drive::begin(fusion, &plan).await?;
    Ok(json!({"run": run.id().as_str()}))
}
