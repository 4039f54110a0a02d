//! What is known of a specification's tasks from its runs.

use std::collections::BTreeMap;
use std::path::Path;

use fusion_core::error::Result;
use fusion_core::model::{NodeStatus, RunId};
use fusion_core::run::Os;
use fusion_core::{Fusion, Run};
use fusion_ops::build::{Build, Outcome};
use fusion_ops::check::{Checker, Proof};
use fusion_ops::component::{CheckState, Project};
use fusion_ops::coverage::{Progress, TaskProgress, TaskState};
use serde_json::Value;

use crate::project::{Moded, components, of_commands};
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
        take(&run, &report, &build.bases, &mut progress).await?;
    }
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for check in build.settings.at_end() {
        if let Some(about) = check.requirement.or(check.story) {
            *asked.entry(about).or_default() += 1;
        }
    }
    progress.unread = !build.settings.gates.syntax;
    let made = |id: &String| progress.checks.get(id).map_or(0, Vec::len);
    asked.retain(|id, count| made(id) < *count);
    progress.unmade = asked.into_keys().collect();
    Ok(progress)
}

/// Looks at the files again that are others since they were checked, by the checkers of their languages.
pub(in crate::command) async fn looked_at(progress: &mut Progress, workspace: &Path) {
    if progress.unread {
        return;
    }
    let Some(env) = Os::current() else { return };
    let variables = of_commands().into_iter().collect();
    let checker = Checker::apart(env, workspace, variables);
    for task in progress.tasks.values_mut() {
        for proof in &mut task.proofs {
            if let Some(now) = checker.again(proof).await {
                *proof = now;
            }
        }
    }
}

/// Looks at the checks that the project's components bring, where they are asked for. Those that are commands are not run.
///
/// # Errors
/// For a lock file that cannot be understood, and `FU0309` while somebody else changes the project's components.
pub(in crate::command) fn look(
    build: &Build,
    moded: Option<&Moded>,
    progress: &mut Progress,
) -> Result<()> {
    let Some(moded) = moded.filter(|_| build.settings.gates.components) else { return Ok(()) };
    let registry = components(&[moded.root.join(".fusion/components")]);
    let found = Project::open(&moded.root)?.verify(&registry)?;
    for check in found.checks.iter().filter(|check| check.state != CheckState::Skipped) {
        let passed = check.state == CheckState::Passed;
        let subject = format!("{}: {}", check.component, check.name);
        progress.whole.push(Proof::new("component", subject, passed, &check.why));
    }
    Ok(())
}

async fn take(
    run: &Run,
    report: &Report,
    bases: &BTreeMap<String, String>,
    progress: &mut Progress,
) -> Result<()> {
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
                    _ if is_other(bases.get(name), &outcome.basis) => TaskState::Outdated,
                    _ => TaskState::Done,
                };
                (task.by, task.proofs) = (outcome.by, outcome.proofs);
                if let Some(before) = progress.tasks.get(name) {
                    strengthen(&mut task.proofs, &before.proofs);
                }
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

/// Tells whether a task's words are others than those it was done for; what an older version ran does not say.
fn is_other(now: Option<&String>, done: &str) -> bool {
    !done.is_empty() && now.is_some_and(|now| now != done)
}

/// A file that nobody changed proves what it proved before.
fn strengthen(proofs: &mut [Proof], before: &[Proof]) {
    for proof in proofs.iter_mut().filter(|proof| !proof.weak.is_empty()) {
        let same = |one: &&Proof| one.subject == proof.subject && one.hash == proof.hash;
        if before.iter().find(same).is_some_and(|one| one.passed && one.weak.is_empty()) {
            proof.weak.clear();
        }
    }
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
