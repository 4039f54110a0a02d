//! What is known of a specification's tasks from its runs.

use std::path::Path;

use fusion_core::error::Result;
use fusion_core::model::{NodeStatus, RunId};
use fusion_core::{Fusion, Run};
use fusion_ops::build::{Build, Outcome};
use fusion_ops::check::Proof;
use fusion_ops::coverage::{Progress, TaskProgress, TaskState};
use serde_json::Value;

use crate::render::{Report, report};

/// How many rows are read at once.
const PAGE: usize = 1_000;
/// The most runs of one specification that are looked at, the newest.
const RUNS: usize = 50;
/// The node with the checks of requirements and stories.
const VERIFY: &str = "verify";

/// Finds the runs of a specification in a workspace, the oldest first.
pub(super) async fn runs(fusion: &Fusion, prefix: &str) -> Result<Vec<RunId>> {
    let mut found: Vec<(i64, RunId)> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = fusion.list(None, after.as_deref(), PAGE).await?;
        let own = page
            .items
            .into_iter()
            .filter(|(id, row)| id.as_str().starts_with(prefix) && row.parent.is_none());
        found.extend(own.map(|(id, row)| (row.started, id)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.sort();
    let skip = found.len().saturating_sub(RUNS);
    Ok(found.into_iter().skip(skip).map(|(_, id)| id).collect())
}

/// Puts together what the runs of a specification say; a later run has the last word.
pub(in crate::command) async fn known(
    fusion: &Fusion,
    build: &Build,
    workspace: &Path,
) -> Result<Progress> {
    let mut progress = Progress::default();
    for id in runs(fusion, &build.prefix(workspace)).await? {
        let run = fusion.find(&id).await?;
        let report = report(&run, fusion.driver(&id).await?).await?;
        take(&run, &report, &mut progress).await?;
    }
    for check in build.settings.at_end() {
        let Some(about) = check.requirement.or(check.story) else { continue };
        *progress.unmade.entry(about).or_default() += 1;
    }
    let made = |id: &String| progress.checks.get(id).map_or(0, Vec::len);
    let unmade = std::mem::take(&mut progress.unmade).into_iter();
    progress.unmade = unmade
        .map(|(id, asked)| (made(&id), id, asked))
        .filter(|(made, _, asked)| made < asked)
        .map(|(made, id, asked)| (id, asked - made))
        .collect();
    Ok(progress)
}

async fn take(run: &Run, report: &Report, progress: &mut Progress) -> Result<()> {
    let json = report.json(run, true).await?;
    for (ix, name) in report.nodes() {
        let node = json.get("nodes").and_then(|nodes| nodes.get(name)).unwrap_or(&Value::Null);
        let output = node.get("output");
        if name == VERIFY {
            if let Some(output) = output {
                checks(output, progress);
            }
            continue;
        }
        let time = |key: &str| node.get(key).and_then(Value::as_i64);
        let mut task = TaskProgress {
            started: time("started"),
            finished: time("finished"),
            ..TaskProgress::default()
        };
        match report.status(ix) {
            NodeStatus::Succeeded => {
                let result =
                    output.and_then(|output| output.get("result")).cloned().unwrap_or_default();
                let outcome: Outcome = serde_json::from_value(result).unwrap_or_default();
                task.state = match outcome.by.as_str() {
                    "by hand" => TaskState::Ticked,
                    "set aside" => TaskState::SetAside,
                    _ => TaskState::Done,
                };
                (task.by, task.proofs) = (outcome.by, outcome.proofs);
            }
            NodeStatus::Running | NodeStatus::Retrying => task.state = TaskState::Running,
            NodeStatus::Waiting => task.state = TaskState::Waiting,
            NodeStatus::Failed => {
                task.state = TaskState::Failed;
                let why = node
                    .get("error")
                    .and_then(|error| error.get("message"))
                    .and_then(Value::as_str);
                why.unwrap_or_default().clone_into(&mut task.why);
            }
            _ => continue,
        }
        progress.tasks.insert(name.to_owned(), task);
    }
    Ok(())
}

/// The checks of requirements and stories, by what they are about; a later run's replace those before.
fn checks(output: &Value, progress: &mut Progress) {
    progress.checks.clear();
    let made = output.get("checks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for one in made {
        let about =
            ["requirement", "story"].iter().find_map(|key| one.get(*key).and_then(Value::as_str));
        let proof =
            one.get("proof").cloned().and_then(|proof| serde_json::from_value::<Proof>(proof).ok());
        if let Some(proof) = proof {
            progress.checks.entry(about.unwrap_or_default().to_owned()).or_default().push(proof);
        }
    }
}
