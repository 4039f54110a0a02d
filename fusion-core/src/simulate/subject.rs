//! A workflow of the user's own: its steps, agents, models and programs are played, by the seed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::options::Subject;
use super::plan::{Plan, Work};
use super::rng::hash;
use crate::model::graph::{Action, Kind, Node, Task, WaitSpec};
use crate::model::{Graph, RunId};

impl Plan {
    /// Puts a workflow of the user's own in the place of those that were drawn.
    pub(super) fn take(&mut self, subject: &Subject) {
        let mut names = Names::default();
        names.graph(&subject.graph);
        subject.others.iter().for_each(|graph| names.graph(graph));
        self.workflows.clone_from(&subject.others);
        for name in names.workflows {
            if !self.workflows.iter().any(|graph| graph.name == name) {
                // Nobody knows what it does: it is one played step.
                self.workflows.push(Graph::new(&name).add(Node::step("played", &name)));
                names.steps.insert(name);
            }
        }
        self.bodies = names.steps.into_iter().collect();
        let determinate = [&subject.graph].into_iter().chain(&subject.others).all(is_determinate);
        let starts: Vec<u64> = self.work.iter().map(|work| work.at_ms).take(2).collect();
        self.work = starts
            .into_iter()
            .enumerate()
            .filter_map(|(number, at_ms)| {
                Some(Work {
                    id: RunId::new(&format!("run-{number}")).ok()?,
                    graph: subject.graph.clone(),
                    input: subject.inputs.clone(),
                    at_ms,
                    controls: Vec::new(),
                    determinate,
                })
            })
            .collect();
    }
}

/// The names of what has to be played.
#[derive(Debug, Default)]
struct Names {
    steps: BTreeSet<String>,
    workflows: BTreeSet<String>,
}

impl Names {
    fn graph(&mut self, graph: &Graph) {
        for node in &graph.nodes {
            let more = node.more.as_ref();
            let others = more.into_iter().flat_map(|more| [&more.fallback, &more.compensate]);
            let tasks = node.kind.task().into_iter().chain(others.flatten());
            tasks.for_each(|task| self.task(task));
        }
    }

    fn task(&mut self, task: &Task) {
        match &task.action {
            Action::Step(name) => self.steps.insert(name.to_string()),
            Action::Agent(agent) => self.steps.insert(
                agent.as_str().map_or_else(|| "agent".to_owned(), |name| format!("agent:{name}")),
            ),
            Action::Model(_) => self.steps.insert("model".to_owned()),
            Action::Workflow(name) => self.workflows.insert(name.to_string()),
            Action::Command(_) => false,
        };
    }
}

/// Tells whether no limit of time decides over the result.
fn is_determinate(graph: &Graph) -> bool {
    graph.nodes.iter().all(|node| {
        let waits = match &node.kind {
            Kind::Wait(wait) => !matches!(
                **wait,
                WaitSpec::Signal { timeout_ms: Some(_), .. }
                    | WaitSpec::Approval { timeout_ms: Some(_), .. }
            ),
            _ => true,
        };
        waits && node.policy_ref().timeout.is_none() && node.policy_ref().heartbeat_ms.is_none()
    })
}

/// How a played body behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Played {
    pub(super) pause_ms: u64,
    /// Whether this attempt fails.
    pub(super) fails: bool,
}

/// Draws how an attempt of a played body ends: some fail once, few fail for good.
pub(super) fn played(seed: u64, name: &str, input: &Value, attempt: u16) -> Played {
    let text = input.to_string();
    let drawn = hash(&[&seed.to_le_bytes(), name.as_bytes(), text.as_bytes()]);
    let fails = match drawn % 20 {
        0 => true,
        1..5 => attempt == 1,
        _ => false,
    };
    Played { pause_ms: drawn / 31 % 900, fails }
}
