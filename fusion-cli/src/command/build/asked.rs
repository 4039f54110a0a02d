//! Builds in an engine that a program has open: what the bindings ask for.

use std::path::PathBuf;

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use fusion_ops::build::{Steps, prepare_over};
use fusion_ops::coverage::{coverage, refusals};
use fusion_ops::spec::Folder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::crew::{crew, workspace};
use super::{begin, drive, gather};
use crate::args::Building;
use crate::project::{self, Moded, mode_of};

/// What is built, by whom.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    folder: PathBuf,
    #[serde(default = "here")]
    workspace: PathBuf,
    #[serde(default)]
    agents: Vec<String>,
    #[serde(default)]
    models: Vec<String>,
    recordings: Option<PathBuf>,
    #[serde(default = "one")]
    jobs: u32,
    #[serde(default)]
    unattended: bool,
}

/// Which specification is looked at, and where it was built.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Looked {
    folder: PathBuf,
    #[serde(default = "here")]
    workspace: PathBuf,
}

fn here() -> PathBuf {
    ".".into()
}

fn one() -> u32 {
    1
}

fn read<T: DeserializeOwned>(given: Value) -> Result<T> {
    serde_json::from_value(given).map_err(|cause| {
        Error::new(Code::InvalidInput, format!("what was given for a build does not fit: {cause}"))
    })
}

/// Lets the nodes of builds and of tests run in an engine: also those that another process left.
pub fn register(fusion: &Fusion) {
    let variables: Vec<(String, String)> = project::of_commands().into_iter().collect();
    for step in Steps::all(fusion, &variables) {
        fusion.register(step);
    }
    for step in fusion_ops::testing::Steps::all(&fusion.env(), &variables) {
        fusion.register(step);
    }
}

/// Builds what a specification asks for, or goes on with it: `{folder, workspace, agents, models, recordings, jobs, unattended}`. Gives
/// `{run, who}` as soon as the run goes on.
///
/// # Errors
/// Those of the specification and of `build.yaml`; `FU0405` when nobody is there to do the tasks.
pub async fn build(fusion: &Fusion, given: Value) -> Result<Value> {
    let wanted: Wanted = read(given)?;
    if !(1..=64).contains(&wanted.jobs) {
        let message = format!("{} tasks cannot be worked at together: 1 to 64 can", wanted.jobs);
        return Err(Error::new(Code::InvalidInput, message));
    }
    let folder = Folder::open(&wanted.folder)?;
    drive::is_sound(&folder, None)?;
    let moded = mode_of(&folder.path)?;
    let build = prepare_over(&folder, &Moded::settings(moded.as_ref()))?;
    let workspace = workspace(&wanted.workspace, true)?;
    let args = Building {
        folder: wanted.folder,
        workspace: wanted.workspace,
        agent: wanted.agents,
        model: wanted.models,
        recordings: wanted.recordings,
        components: false,
        jobs: wanted.jobs,
        unattended: wanted.unattended,
        dry_run: false,
        report: None,
    };
    let (crew, who) = crew(&args, &build, moded.as_ref()).await?;
    begin::make_tasks(fusion, &build, (&folder, &workspace)).await?;
    let run = begin::begin(fusion, &build, &crew, &workspace).await?;
    Ok(json!({"run": run.id().as_str(), "who": who}))
}

/// Says what of a specification is proved: `{folder, workspace}`. Gives what `fusion spec coverage --json` prints.
///
/// # Errors
/// Those of the specification and of `build.yaml`, and `FU03xx` from the store.
pub async fn proved(fusion: &Fusion, given: Value) -> Result<Value> {
    let asked: Looked = read(given)?;
    let folder = Folder::open(&asked.folder)?;
    let moded = mode_of(&folder.path)?;
    let build = prepare_over(&folder, &Moded::settings(moded.as_ref()))?;
    let workspace = workspace(&asked.workspace, false)?;
    let mut progress = gather::known(fusion, &build, &workspace).await?;
    gather::looked_at(&mut progress, &workspace).await;
    gather::look(&build, moded.as_ref(), &mut progress)?;
    let covered = coverage((&build.spec, &build.components), &build.plan, &progress, &workspace);
    let refused = refusals(&covered, &build.settings.gates);
    let (good, mode) = (refused.is_empty(), moded.as_ref().map(Moded::json));
    Ok(json!({"coverage": covered, "refused": refused, "good": good, "mode": mode}))
}
