//! What a task is to whoever works at it: words, files, checks.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::check::{Check, Settings};
use crate::spec::Spec;
use crate::tasks::{Plan, State, Task};

/// The most scenarios that are told with a task.
const SCENARIOS: usize = 12;

/// A task, as it is handed to an agent and to those who check what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The task's id in `tasks.md`.
    pub id: String,
    /// What is to be done.
    pub title: String,
    /// All that the agent is told.
    pub prompt: String,
    /// The files that must be there afterwards.
    pub files: Vec<String>,
    /// The files that must be there before.
    pub inputs: Vec<String>,
    /// The requirements that it serves.
    pub requirements: Vec<String>,
    /// The stories that it serves.
    pub stories: Vec<String>,
    /// What else must hold afterwards.
    pub checks: Vec<Check>,
    /// The tasks that come first.
    pub needs: Vec<String>,
    /// Whether placeholders are allowed in its files.
    pub stubs: bool,
}

/// Makes the jobs of the open tasks of a plan. A check of a requirement or a story is one of the last open task that serves it,
/// too, so that whoever does that task hears of it.
pub fn jobs(plan: &Plan, spec: &Spec, settings: &Settings) -> Vec<Job> {
    let texts = spec.texts();
    let needs = open_needs(plan);
    let mut jobs: Vec<Job> = Vec::new();
    for (at, task) in plan.tasks.iter().enumerate() {
        if task.state != State::Open {
            continue;
        }
        let ids = needs.get(at).into_iter().flatten();
        let needs = ids.filter_map(|need| plan.tasks.get(*need)).map(|task| task.id.clone());
        jobs.push(Job {
            id: task.id.clone(),
            title: task.title.clone(),
            prompt: prompt(task, spec, &texts),
            files: if takes_away(task) { Vec::new() } else { task.files.clone() },
            inputs: settings.inputs.get(&task.id).cloned().unwrap_or_default(),
            requirements: task.requirements.clone(),
            stories: task.stories.clone(),
            checks: settings.of_task(&task.id),
            needs: needs.collect(),
            stubs: settings.gates.placeholders,
        });
    }
    for check in &settings.checks {
        let serves = |job: &&mut Job| {
            let named = |own: &[String], id: &Option<String>| {
                id.as_ref().is_some_and(|id| own.contains(id))
            };
            named(&job.requirements, &check.requirement) || named(&job.stories, &check.story)
        };
        if let Some(job) = jobs.iter_mut().filter(serves).last() {
            job.checks.push(check.clone());
        }
    }
    jobs
}

/// Whether a task removes the files that it names.
fn takes_away(task: &Task) -> bool {
    let first = task.title.split_whitespace().next().unwrap_or_default().to_lowercase();
    ["remove", "delete", "drop", "rename", "move"].contains(&first.as_str())
}

// Writing to a string cannot fail.
fn prompt(task: &Task, spec: &Spec, texts: &BTreeMap<String, String>) -> String {
    let mut prompt = format!("{} {}\n\nWork in the folder that you are in.", task.id, task.title);
    if !task.files.is_empty() {
        let _ = write!(prompt, " Files of this task: {}.", task.files.join(", "));
    }
    prompt.push_str(" Write everything out: no placeholders, no parts left for later.");
    for id in &task.requirements {
        if let Some(text) = texts.get(id) {
            let _ = write!(prompt, "\n\n{id}: {text}");
        }
    }
    let stories = spec.stories.iter().filter(|story| task.stories.contains(&story.id));
    for (at, one) in stories.flat_map(|story| &story.scenarios).take(SCENARIOS).enumerate() {
        let head = if at == 0 { "\n\nIt is accepted like this:" } else { "" };
        let _ =
            write!(prompt, "{head}\n- given {}, when {}, then {}", one.given, one.when, one.then);
    }
    prompt
}

/// What open tasks need of open ones; what was put off or given up hands on what it needed itself.
fn open_needs(plan: &Plan) -> Vec<Vec<usize>> {
    let places: HashMap<&str, usize> =
        plan.tasks.iter().enumerate().map(|(at, task)| (task.id.as_str(), at)).collect();
    let direct = |at: usize| {
        let needs = plan.tasks.get(at).into_iter().flat_map(|task| &task.needs);
        needs.filter_map(|need| places.get(need.id.as_str()).copied())
    };
    let of = |at: usize| {
        let (mut needs, mut seen) = (Vec::new(), HashSet::new());
        let mut rest: Vec<usize> = direct(at).collect();
        while let Some(need) = rest.pop() {
            if !seen.insert(need) {
                continue;
            }
            match plan.tasks.get(need).map(|task| task.state) {
                Some(State::Open) => needs.push(need),
                Some(State::Deferred | State::Cancelled) => rest.extend(direct(need)),
                Some(State::Done) | None => {}
            }
        }
        needs.sort_unstable();
        needs
    };
    (0..plan.tasks.len()).map(of).collect()
}
