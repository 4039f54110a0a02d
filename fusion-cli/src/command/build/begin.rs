//! Begins the run of a build, or takes it up where it is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use fusion_core::model::{NodeStatus, RunId, RunStatus};
use fusion_core::{Driven, Fusion, Run, Starting};
use fusion_ops::build::{Boxes, Build, Crew};
use fusion_ops::spec::Folder;

use super::gather;
use crate::command::known;
use crate::project::{self, Loaded};
use crate::render::{Report, report};

/// How often a specification is built anew.
const MOST: u32 = 1_000;
/// The node with the checks at the end.
const VERIFY: &str = "verify";

/// Writes the tasks that were made of the requirements, where there are none yet; gives their file.
///
/// # Errors
/// `FU0109` when a build was made from tasks that are gone: what was done would be done again.
pub(super) async fn make_tasks(
    fusion: &Fusion,
    build: &Build,
    (folder, workspace): (&Folder, &Path),
) -> Result<Option<PathBuf>> {
    let Some(text) = &build.made else { return Ok(None) };
    let path = folder.path.join("tasks.md");
    if let Some(run) = gather::runs(fusion, &build.prefix(workspace)).await?.pop() {
        let message = format!("the tasks of {} are gone: {run} was made from them", path.display());
        let hint = format!(
            "put the file back; or let `fusion spec plan {} --force` make new tasks, all to be done, of the requirements",
            folder.path.display()
        );
        return Err(Error::new(Code::NotThere, message).hint(hint));
    }
    project::write_file(&path, text)?;
    Ok(Some(path))
}

/// Starts the run of a build, or takes it up where it is. A run that failed is tried again while what is open is what it has not done: a
/// box that somebody has set or taken away since makes it another run.
pub(super) async fn begin(
    fusion: &Fusion,
    build: &Build,
    crew: &Crew,
    workspace: &Path,
) -> Result<Run> {
    let base = build.id(workspace, crew);
    let mut last = None;
    for number in 1..=MOST {
        let id = if number == 1 { base.clone() } else { format!("{base}-{number}") };
        let id = RunId::new(&id)?;
        match fusion.find(&id).await {
            Ok(run) => last = Some(run),
            Err(error) if error.code() == Code::RunNotFound => {
                return match last {
                    Some(run) if goes_on(fusion, &run, build).await? => Ok(run),
                    _ => start(fusion, build, crew, (workspace, id)).await,
                };
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(Code::Limit, format!("it was built {MOST} times"))
        .hint("`fusion runs prune` removes runs that ended"))
}

/// Goes on with the last run, if there is something to go on with.
async fn goes_on(fusion: &Fusion, run: &Run, build: &Build) -> Result<bool> {
    let boxes = Boxes::of(fusion, build.folder());
    match run.status().await? {
        // A tick was taken away since: what is open again is a run of its own.
        RunStatus::Succeeded if !build.jobs.is_empty() => return Ok(false),
        RunStatus::Succeeded => run.retry(&[VERIFY], &project::user()).await?,
        RunStatus::Failed | RunStatus::Cancelled => {
            let open: BTreeSet<&str> = build.jobs.iter().map(|job| job.id.as_str()).collect();
            let (_, left) = tasks_of(&report(run, Driven::Over).await?);
            if open != left.iter().map(String::as_str).collect() {
                return Ok(false);
            }
            boxes.keep().await?;
            run.retry(&[], &project::user()).await?;
        }
        _ => {
            // Nobody worked since it was interrupted: what is ticked, people have ticked.
            if matches!(fusion.driver(run.id()).await?, Driven::Nowhere | Driven::Over) {
                boxes.keep().await?;
            }
            known::take_up(fusion, run).await?;
        }
    }
    Ok(true)
}

/// Gives how many tasks a run has, and those of them that it has not done.
fn tasks_of(report: &Report) -> (usize, BTreeSet<String>) {
    let mut all = 0;
    let mut left = BTreeSet::new();
    for (ix, name) in report.nodes().filter(|(_, name)| *name != VERIFY) {
        all += 1;
        if report.status(ix) != NodeStatus::Succeeded {
            left.insert(name.to_owned());
        }
    }
    (all, left)
}

/// Says in a line where a run stands that began before a moment.
pub(super) async fn so_far(run: &Run, since: i64) -> Result<Option<String>> {
    let report = report(run, Driven::Over).await?;
    if report.span().0 >= since {
        return Ok(None);
    }
    let (all, left) = tasks_of(&report);
    Ok(Some(format!("it goes on: {} of its {all} tasks are done", all - left.len())))
}

async fn start(
    fusion: &Fusion,
    build: &Build,
    crew: &Crew,
    (workspace, id): (&Path, RunId),
) -> Result<Run> {
    let text = build.workflow(workspace, crew).to_string();
    let loaded = Loaded::written(&text, "the workflow of the build")?;
    let graph = known::register(fusion, loaded).await?;
    let starting = Starting { id: Some(id), input: build.input(workspace), detached: false };
    Boxes::of(fusion, build.folder()).keep().await?;
    let run = fusion.start_with(&graph, starting).await?;
    known::take_up(fusion, &run).await?;
    Ok(run)
}
