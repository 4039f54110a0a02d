//! What a graph names that is not in it: the code and the workflows that a program must have to run it.

use serde_json::Value;

use super::places::Places;
use super::site::At;
use crate::error::Place;
use crate::model::Graph;
use crate::model::graph::{Action, Task};

/// A name that a program must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The node.
    pub node: String,
    /// What it names, with its name if it has one.
    pub what: What,
    /// Where it is, for graphs from files.
    pub place: Option<Place>,
}

/// What is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A step, by name.
    Step(String),
    /// An agent, by name; none for one that is sought by what it can do.
    Agent(Option<String>),
    /// A model, an agent that is described by one among them.
    Model,
    /// A workflow, by name.
    Workflow(String),
}

/// Lists what a graph names and does not hold, in the graph's order.
///
/// ```
/// use fusion_core::graph::check::{Places, What, named};
/// use fusion_core::model::Graph;
/// use fusion_core::model::graph::Node;
/// let graph = Graph::new("digest").add(Node::step("fetch", "http.get"));
/// assert_eq!(named(&graph, &Places::none())[0].what, What::Step("http.get".to_owned()));
/// ```
pub fn named(graph: &Graph, places: &Places) -> Vec<Named> {
    let mut found = Vec::new();
    let nodes = At::top("nodes");
    for node in &graph.nodes {
        let at = nodes.name(&node.id);
        let mut note = |task: &Task, at: &At<'_>| {
            if let Some((key, what)) = what(&task.action) {
                let place = places.find(&at.name(key).pointer());
                found.push(Named { node: node.id.to_string(), what, place });
            }
        };
        if let Some(task) = node.kind.task() {
            note(task, &at);
        }
        let Some(more) = &node.more else { continue };
        for (key, task) in [("fallback", &more.fallback), ("compensate", &more.compensate)] {
            if let Some(task) = task {
                note(task, &at.name(key));
            }
        }
    }
    found
}

/// Gives the name of an agent: a text, or the `program` of a map.
pub(crate) fn agent_name(agent: &Value) -> Option<&str> {
    agent.as_str().or_else(|| agent.get("program")?.as_str())
}

fn what(action: &Action) -> Option<(&'static str, What)> {
    match action {
        Action::Step(name) => Some(("step", What::Step(name.to_string()))),
        // What a file describes stands on a model.
        Action::Agent(agent) if agent.get("model").is_some() => Some(("agent", What::Model)),
        Action::Agent(agent) => Some(("agent", What::Agent(agent_name(agent).map(str::to_owned)))),
        Action::Model(_) => Some(("model", What::Model)),
        Action::Workflow(name) => Some(("workflow", What::Workflow(name.to_string()))),
        Action::Command(_) => None,
    }
}
