//! Reads what is shown.

use std::path::Path;

use fusion_core::Fusion;
use fusion_core::coordination::{AgentState, TaskRow, TaskState};
use fusion_core::error::Result;
use fusion_core::model::{Key, NodeIx, RunStatus};
use fusion_ops::spec::{Folder, folders};
use fusion_ops::tasks::{State, plan};

use super::overview::{Advice, AgentLine, Counted, Overview, RunLine, SpecLine};
use crate::command::team::{total, waiting};
use crate::project::mode_of;

/// How many runs of a status are counted.
const COUNTED: usize = 100;
/// How many runs have a line.
const LINES: usize = 8;
/// How many pieces of advice are given.
const ADVICE: usize = 8;

/// Reads what a project has without a store.
pub(super) fn plans(project: &Path) -> Overview {
    let name = project.file_name().unwrap_or(project.as_os_str());
    Overview {
        project: name.to_string_lossy().into_owned(),
        // A file that cannot be understood is told by the commands that follow it.
        mode: mode_of(project).ok().flatten().map(|moded| (moded.mode, moded.set.qa)),
        specs: specs(project),
        ..Overview::default()
    }
}

/// Reads everything.
pub(super) async fn gather(fusion: &Fusion, store: &str, project: &Path) -> Result<Overview> {
    let mut overview = Overview { at: fusion.now_ms(), store: store.to_owned(), ..plans(project) };
    team(fusion, &mut overview).await?;
    runs(fusion, &mut overview).await?;
    overview.next.truncate(ADVICE);
    Ok(overview)
}

fn specs(project: &Path) -> Vec<SpecLine> {
    folders(project).iter().filter(|path| path.is_dir()).filter_map(|path| spec(path)).collect()
}

/// Reads the ticks of a specification; one that cannot be read has no line.
fn spec(path: &Path) -> Option<SpecLine> {
    let folder = Folder::open(path).ok()?;
    let tasks = folder.tasks().map(|text| plan(text).tasks).unwrap_or_default();
    let counted = tasks.iter().filter(|task| task.state != State::Cancelled);
    let name = path.file_name()?.to_string_lossy().into_owned();
    let done = tasks.iter().filter(|task| task.state == State::Done).count();
    Some(SpecLine { name, done, total: counted.count() })
}

async fn team(fusion: &Fusion, overview: &mut Overview) -> Result<()> {
    let counts = fusion.tasks().counts().await?.into_iter();
    overview.tasks = counts
        .filter(|(_, count)| *count > 0)
        .map(|(state, count)| (state.word(), count))
        .collect();
    let assigned = fusion.tasks().list(Some(TaskState::Assigned)).await?;
    for agent in fusion.agents().list(None).await? {
        if agent.state == AgentState::Terminated {
            continue;
        }
        let total = total(&agent, waiting(&assigned, &agent.id));
        let tally = agent.tally();
        if agent.state == AgentState::Error {
            let why = agent.error.clone().unwrap_or_default();
            let command = format!("fusion agents resume {}", agent.id);
            overview
                .next
                .push(Advice { text: format!("{} is in error: {why}", agent.id), command });
        }
        overview.agents.push(AgentLine {
            state: agent.state,
            done: tally.done,
            total,
            failed: tally.failed,
            cost: agent.usage.cost.to_string(),
            tasks: agent.tasks,
            id: agent.id,
        });
    }
    for task in fusion.tasks().list(Some(TaskState::Dead)).await? {
        let command = format!("fusion tasks requeue {}", task.id);
        overview
            .next
            .push(Advice { text: format!("{} is dead: {}", task.id, why(&task)), command });
    }
    if overview.agents.is_empty() && overview.tasks.iter().any(|(state, _)| *state == "queued") {
        let (text, command) = ("tasks wait, and there is no agent", "fusion agents spawn claude");
        overview.next.push(Advice { text: text.to_owned(), command: command.to_owned() });
    }
    Ok(())
}

fn why(task: &TaskRow) -> String {
    let failure = task.failure.as_ref().map(|failure| failure.message.as_str());
    failure.and_then(|text| text.lines().next()).unwrap_or("it was tried too often").to_owned()
}

async fn runs(fusion: &Fusion, overview: &mut Overview) -> Result<()> {
    for status in RunStatus::ALL.iter().copied() {
        let page = fusion.list(Some(status), None, COUNTED).await?;
        if page.items.is_empty() {
            continue;
        }
        let counted = Counted { count: page.items.len(), more: page.next.is_some() };
        overview.runs.push((status.word(), counted));
        if status == RunStatus::Succeeded || status == RunStatus::Cancelled {
            continue;
        }
        for (id, row) in page.items.iter().take(LINES) {
            if status == RunStatus::Failed {
                let text = format!("run {id} of {} failed", row.workflow);
                let command = format!("fusion runs show {id}");
                overview.next.push(Advice { text, command });
                continue;
            }
            let run = fusion.find(id).await?;
            if matches!(status, RunStatus::Waiting | RunStatus::Paused)
                && let Some(why) = run.why().await?.into_iter().last()
                && let Some(command) = why.hint
            {
                overview.next.push(Advice { text: why.sentence, command });
            }
            let state = run.state().await?;
            let total = state.program().graph().nodes.len();
            let is_over = |ix: &u32| state.node_status(Key::node(NodeIx(*ix))).is_final();
            overview.active.push(RunLine {
                id: id.to_string(),
                workflow: row.workflow.clone(),
                status,
                done: (0..).take(total).filter(is_over).count(),
                total,
                started: row.started,
            });
        }
    }
    overview.active.sort_by(|one, other| (other.started, &other.id).cmp(&(one.started, &one.id)));
    overview.active.truncate(LINES);
    Ok(())
}
