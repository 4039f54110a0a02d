//! The matrix of requirements, tasks, files and checks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::check::{Proof, look_for};
use crate::spec::{Kind, OfComponent, Requirement, Spec, Story};
use crate::tasks::{Plan, State, Task};

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Nobody has begun.
    #[default]
    Open,
    /// Somebody works at it.
    Running,
    /// A person is asked.
    Waiting,
    /// A run did it, and its checks held.
    Done,
    /// Its box is ticked; no run did it.
    Ticked,
    /// A run did it, and its words or those of its requirements are others since.
    Outdated,
    /// It failed.
    Failed,
    /// It was put off or given up.
    SetAside,
}

/// What is known of a task from runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TaskProgress {
    /// Where it stands.
    pub state: TaskState,
    /// Who did it, or works at it.
    pub by: String,
    /// What the checks found.
    pub proofs: Vec<Proof>,
    /// When it began and ended, in milliseconds since 1970.
    pub started: Option<i64>,
    /// When it ended.
    pub finished: Option<i64>,
    /// Why it failed.
    pub why: String,
}

/// What is known from runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// The tasks by id.
    pub tasks: BTreeMap<String, TaskProgress>,
    /// The checks of requirements and stories, by the id of what they are about.
    pub checks: BTreeMap<String, Vec<Proof>>,
    /// The requirements and stories of which a check was asked for and not made yet.
    pub unmade: BTreeSet<String>,
    /// What was checked of the whole beside `checks` without an id, such as the checks of components.
    pub whole: Vec<Proof>,
    /// Files pass that cannot be read in their language.
    pub unread: bool,
}

/// Where a requirement stands. Only `done` is done: every task of it is, and at least one check of it was made, and all held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No task and no check is about it.
    Uncovered,
    /// Its tasks are still to be done.
    Open,
    /// Somebody works at it.
    Running,
    /// A task of it failed, or a check does not hold.
    Failed,
    /// Its tasks are said to be done, and nothing proves it, or they were done for other words.
    Unproved,
    /// It is done, and that is proved.
    Done,
}

/// A file that a task names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Artifact {
    /// Its path.
    pub path: String,
    /// Whether it is there and says something.
    pub good: bool,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub wrong: String,
}

/// A requirement with all that is about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequirementRow {
    /// Its id.
    pub id: String,
    /// The component that brings it, with its specification: `payments checkout`; empty for one of the specification itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// Its line in `spec.md`, that of its component where one brings it.
    pub line: usize,
    /// Its words.
    pub text: String,
    /// Where it stands.
    pub standing: Standing,
    /// Why it is unproved.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Whether it counts in the share of what is covered: all of the specification's own do, but for
    /// measures of success that nobody works at.
    pub counts: bool,
    /// The stories that it belongs to.
    pub stories: Vec<String>,
    /// Its tasks, with where each stands.
    pub tasks: Vec<(String, TaskState)>,
    /// The files of its tasks.
    pub artifacts: Vec<Artifact>,
    /// The checks that are about it.
    pub checks: Vec<Proof>,
}

/// A story with what is done of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoryRow {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How important it is.
    pub priority: Option<String>,
    /// Its requirements that are proved, and all of them.
    pub requirements: (usize, usize),
    /// Its tasks that are done, and all of them.
    pub tasks: (usize, usize),
    /// The share that is proved, 0 to 1: of its requirements, or of its tasks where it names none.
    pub share: f64,
    /// The checks that are about it.
    pub checks: Vec<Proof>,
}

/// What is proved of a specification.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The requirements; those that components bring come last.
    pub requirements: Vec<RequirementRow>,
    /// The stories.
    pub stories: Vec<StoryRow>,
    /// The tasks, with what is known of each.
    pub tasks: BTreeMap<String, TaskProgress>,
    /// Requirements that are proved, and those that count.
    pub proved: (usize, usize),
    /// Requirements of components that are proved, and all of them; they do not count in the share.
    pub of_components: (usize, usize),
    /// The share that is proved, 0 to 1; 1 where nothing counts.
    pub share: f64,
    /// The checks that are about the whole.
    pub checks: Vec<Proof>,
}

/// Puts together what is known: the texts, the runs, and the files as they are now in the workspace. A file that a run has checked
/// and that is gone or a placeholder since does not count any more.
pub fn coverage(
    (spec, components): (&Spec, &[OfComponent]),
    plan: &Plan,
    progress: &Progress,
    workspace: &Path,
) -> Coverage {
    let tasks: BTreeMap<String, TaskProgress> =
        plan.tasks.iter().map(|task| (task.id.clone(), known(task, progress, workspace))).collect();
    let all = All { spec, plan, progress, tasks: &tasks };
    let mut seen = BTreeSet::new();
    let first = spec.requirements.iter().filter(|one| seen.insert(one.id.as_str()));
    let mut rows: Vec<RequirementRow> = first.map(|one| all.requirement(one, "")).collect();
    let more = components.iter().filter(|one| seen.insert(one.requirement.id.as_str()));
    rows.extend(more.map(|one| all.requirement(&one.requirement, &one.component)));
    let counted = rows.iter().filter(|row| row.counts).count();
    let proved = rows.iter().filter(|row| row.counts && row.standing == Standing::Done).count();
    let brought = rows.iter().filter(|row| !row.component.is_empty());
    let good = brought.clone().filter(|row| row.standing == Standing::Done).count();
    let of_components = (good, brought.count());
    let stories = spec.stories.iter().map(|story| all.story(story, &rows)).collect();
    let share = part(proved, counted, 1.0);
    let checks = all.checks("").into_iter().chain(progress.whole.clone()).collect();
    let proved = (proved, counted);
    Coverage { requirements: rows, stories, tasks, proved, of_components, share, checks }
}

/// All that is put together.
struct All<'a> {
    spec: &'a Spec,
    plan: &'a Plan,
    progress: &'a Progress,
    tasks: &'a BTreeMap<String, TaskProgress>,
}

impl All<'_> {
    fn state(&self, task: &Task) -> TaskState {
        self.tasks.get(&task.id).map_or(TaskState::Open, |one| one.state)
    }

    fn checks(&self, id: &str) -> Vec<Proof> {
        self.progress.checks.get(id).cloned().unwrap_or_default()
    }

    fn requirement(&self, one: &Requirement, component: &str) -> RequirementRow {
        let its = self.plan.tasks.iter().filter(|task| task.requirements.contains(&one.id));
        let its: Vec<&Task> = its.collect();
        let own = self.spec.stories.iter().filter(|story| story.requirements.contains(&one.id));
        let mut stories: Vec<String> = own.map(|story| story.id.clone()).collect();
        for story in its.iter().flat_map(|task| &task.stories) {
            if !stories.contains(story) {
                stories.push(story.clone());
            }
        }
        let states: Vec<(String, TaskState)> =
            its.iter().map(|task| (task.id.clone(), self.state(task))).collect();
        let mut checks = self.checks(&one.id);
        let known = its.iter().filter_map(|task| self.tasks.get(&task.id));
        checks.extend(known.flat_map(|task| task.proofs.clone()));
        let files = checks.iter().filter(|proof| proof.check == "file");
        let artifacts = files.map(|proof| Artifact {
            path: proof.subject.clone(),
            good: proof.passed,
            wrong: if proof.passed { String::new() } else { proof.detail.clone() },
        });
        let standing = match standing(&states, &checks) {
            Standing::Done if self.progress.unmade.contains(&one.id) => Standing::Unproved,
            other => other,
        };
        let why =
            if standing == Standing::Unproved { why(&states, &checks) } else { String::new() };
        RequirementRow {
            id: one.id.clone(),
            component: component.to_owned(),
            line: one.line,
            text: one.text.clone(),
            standing,
            why,
            counts: component.is_empty()
                && (one.kind != Kind::Success || standing != Standing::Uncovered),
            stories,
            tasks: states,
            artifacts: artifacts.collect(),
            checks,
        }
    }

    fn story(&self, story: &Story, rows: &[RequirementRow]) -> StoryRow {
        let mine: Vec<&RequirementRow> =
            rows.iter().filter(|row| row.counts && row.stories.contains(&story.id)).collect();
        let done = mine.iter().filter(|row| row.standing == Standing::Done).count();
        let its = self.plan.tasks.iter().filter(|task| task.stories.contains(&story.id));
        let its: Vec<TaskState> = its.map(|task| self.state(task)).collect();
        let over = its.iter().filter(|state| **state == TaskState::Done).count();
        let checks = self.checks(&story.id);
        let holds = checks.iter().all(|proof| proof.passed);
        let share = match mine.len() {
            // Whatever else is done, a check of the story itself says that it is not.
            _ if !holds || self.progress.unmade.contains(&story.id) => 0.0,
            0 => part(over, its.len(), 0.0),
            all => part(done, all, 0.0),
        };
        StoryRow {
            id: story.id.clone(),
            title: story.title.clone(),
            priority: story.priority.clone(),
            requirements: (done, mine.len()),
            tasks: (over, its.len()),
            share,
            checks,
        }
    }
}

/// What is known of a task: from runs, else from its box; its files are looked at as they are now.
fn known(task: &Task, progress: &Progress, workspace: &Path) -> TaskProgress {
    let mut known = progress.tasks.get(&task.id).cloned().unwrap_or_default();
    match task.state {
        // Somebody took the tick away: it is to be done again.
        State::Open if matches!(known.state, TaskState::Done | TaskState::Outdated) => {
            known = TaskProgress::default();
        }
        State::Open => {}
        State::Done if matches!(known.state, TaskState::Done | TaskState::Outdated) => {}
        State::Done => {
            known.state = TaskState::Ticked;
            if known.proofs.is_empty() {
                let now = |name: &String| look_for(workspace, name, (false, !progress.unread));
                let proofs = task.files.iter().map(|name| now(name).proof);
                known.proofs = proofs.collect();
            }
        }
        State::Deferred | State::Cancelled => {
            return TaskProgress { state: TaskState::SetAside, ..TaskProgress::default() };
        }
    }
    for proof in known.proofs.iter_mut().filter(|proof| proof.check == "file" && proof.passed) {
        let now = look_for(workspace, &proof.subject, (false, !progress.unread)).proof;
        // What was looked at then may have been wrong in ways that only its own checker sees.
        if !now.passed {
            *proof = now;
        }
    }
    known
}

fn standing(tasks: &[(String, TaskState)], checks: &[Proof]) -> Standing {
    let any = |wanted: &[TaskState]| tasks.iter().any(|(_, state)| wanted.contains(state));
    let wanted = tasks.iter().filter(|(_, state)| *state != TaskState::SetAside).count();
    if any(&[TaskState::Failed]) || checks.iter().any(|proof| !proof.passed) {
        return Standing::Failed;
    }
    if any(&[TaskState::Running, TaskState::Waiting]) {
        return Standing::Running;
    }
    if any(&[TaskState::Open]) {
        return Standing::Open;
    }
    match (wanted, checks.is_empty()) {
        (0, true) => Standing::Uncovered,
        (_, false)
            if !any(&[TaskState::Outdated]) && checks.iter().any(|one| one.weak.is_empty()) =>
        {
            Standing::Done
        }
        _ => Standing::Unproved,
    }
}

/// Says why a requirement is unproved, whose tasks are said to be done.
fn why(tasks: &[(String, TaskState)], checks: &[Proof]) -> String {
    let old: Vec<&str> = tasks
        .iter()
        .filter(|(_, state)| *state == TaskState::Outdated)
        .map(|(id, _)| id.as_str())
        .collect();
    if !old.is_empty() {
        return format!("{} was done for other words", old.join(", "));
    }
    let weak: Vec<String> = checks
        .iter()
        .filter(|proof| !proof.weak.is_empty())
        .map(|proof| format!("{}: {}", proof.subject, proof.weak))
        .collect();
    match (checks.is_empty(), weak.is_empty()) {
        (true, _) => {
            "nothing was checked: no task of it names a file, and `build.yaml` has no check of it"
                .to_owned()
        }
        (_, true) => "a check of it was not made yet".to_owned(),
        // What a failed attempt left is the same to whoever tries again.
        _ => format!("{}; a check of it in `build.yaml` can prove it", weak.join("; ")),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of tasks are far below 2^52")]
fn part(some: usize, all: usize, none: f64) -> f64 {
    if all == 0 { none } else { some as f64 / all as f64 }
}
