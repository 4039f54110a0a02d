//! What a task is to whoever works at it: words, files, checks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fusion_core::model::Digest;
use serde::{Deserialize, Serialize};

use crate::check::rules::{Rules, Set};
use crate::check::{Check, Settings, What};
use crate::spec::Spec;
use crate::tasks::{Plan, State, Task, open_needs, requirements};

/// The most scenarios that are told with a task.
const SCENARIOS: usize = 12;
/// What agents are told where the project's tests are run at the end.
const TESTED: &str = "At the end the project's own tests are found and run, and all of them must pass: leave none that fails, and write those \
                      that show that your work is right.";
/// How many letters of a hash tell words from others.
const HASH: usize = 16;

/// A task, as it is handed to an agent and to those who check what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The task's id in `tasks.md`.
    pub id: String,
    /// What is to be done.
    pub title: String,
    /// All that the agent is told.
    pub prompt: String,
    /// What else it is told, whatever the task: it is no part of what the task was done for.
    #[serde(default)]
    pub also: String,
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
    /// What its words, files, requirements and scenarios come to: a hash. What was done for others is not done for these.
    #[serde(default)]
    pub basis: String,
    /// Whether the syntax of its files is checked.
    #[serde(default = "yes")]
    pub syntax: bool,
    /// Whom its line names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Which rules count for its files, beside those of the kind of who does it.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub rules: Rules,
}

impl Job {
    /// Gives the rules that count for its files when somebody does it.
    pub fn rules_of(&self, worker: &str) -> Vec<&'static str> {
        let mut agents: Vec<&str> = self.agent.as_deref().into_iter().collect();
        agents.push(worker);
        self.rules.of(&agents)
    }

    /// Says what is looked for in its files when somebody does it, a line each; nothing without rules.
    pub(super) fn looked_for(&self, worker: &str) -> String {
        let ids = self.rules_of(worker);
        let counts = Set::all().flat_map(Set::rules).filter(|rule| ids.contains(&rule.id));
        let lines: Vec<String> = counts.map(|rule| format!("- {}", rule.about)).collect();
        lines.join("\n")
    }
}

fn yes() -> bool {
    true
}

/// What a specification says to whoever works at it.
#[derive(Debug, Clone)]
pub struct Said<'a> {
    /// What stands in `spec.md`.
    pub spec: &'a Spec,
    /// The texts of requirements by id: its own, and those of the components beside it.
    pub texts: BTreeMap<String, String>,
}

impl<'a> Said<'a> {
    /// Puts the requirements of components to those of a specification; its own count first.
    pub fn new(spec: &'a Spec, of_components: BTreeMap<String, String>) -> Self {
        let mut texts = of_components;
        texts.extend(spec.texts());
        Self { spec, texts }
    }
}

/// Makes the jobs of the open tasks of a plan. A check of a requirement or a story is one of the last open task that serves it,
/// too, so that whoever does that task hears of it.
pub fn jobs(plan: &Plan, said: &Said<'_>, settings: &Settings) -> Vec<Job> {
    let needs = open_needs(plan);
    let has_tests = settings.at_end().iter().any(|check| matches!(check.what, What::Tests(_)));
    let also = if has_tests { TESTED } else { "" };
    let mut jobs: Vec<Job> = Vec::new();
    for (at, task) in plan.tasks.iter().enumerate() {
        if task.state != State::Open {
            continue;
        }
        let ids = needs.get(at).into_iter().flatten();
        let needs = ids.filter_map(|need| plan.tasks.get(*need)).map(|task| task.id.clone());
        let prompt = prompt(task, said);
        jobs.push(Job {
            basis: basis(&prompt),
            id: task.id.clone(),
            title: task.title.clone(),
            prompt,
            also: also.to_owned(),
            files: if takes_away(task) { Vec::new() } else { task.files.clone() },
            inputs: settings.inputs.get(&task.id).cloned().unwrap_or_default(),
            requirements: task.requirements.clone(),
            stories: task.stories.clone(),
            checks: settings.of_task(&task.id),
            needs: needs.collect(),
            stubs: settings.gates.placeholders,
            syntax: settings.gates.syntax,
            agent: task.agent.clone(),
            rules: settings.rules.clone(),
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

/// For each task, whatever its box says, what its words come to now.
pub(super) fn bases(plan: &Plan, said: &Said<'_>) -> BTreeMap<String, String> {
    plan.tasks.iter().map(|task| (task.id.clone(), basis(&prompt(task, said)))).collect()
}

fn basis(prompt: &str) -> String {
    Digest::of(prompt.as_bytes()).to_string().chars().take(HASH).collect()
}

/// Whether a task removes the files that it names.
fn takes_away(task: &Task) -> bool {
    let first = task.title.split_whitespace().next().unwrap_or_default().to_lowercase();
    ["remove", "delete", "drop", "rename", "move"].contains(&first.as_str())
}

// Writing to a string cannot fail.
fn prompt(task: &Task, said: &Said<'_>) -> String {
    let mut prompt = format!("{} {}\n\nWork in the folder that you are in.", task.id, task.title);
    if !task.files.is_empty() {
        let _ = write!(prompt, " Files of this task: {}.", task.files.join(", "));
    }
    prompt.push_str(" Write everything out: no placeholders, no parts left for later.");
    prompt.push_str(&requirements(task, &said.texts));
    let stories = said.spec.stories.iter().filter(|story| task.stories.contains(&story.id));
    for (at, one) in stories.flat_map(|story| &story.scenarios).take(SCENARIOS).enumerate() {
        let head = if at == 0 { "\n\nIt is accepted like this:" } else { "" };
        let _ =
            write!(prompt, "{head}\n- given {}, when {}, then {}", one.given, one.when, one.then);
    }
    prompt
}
