//! What is allowed and probably not meant.

use std::collections::BTreeSet;

use super::places::Places;
use super::site::{At, of_node, of_output};
use crate::error::Place;
use crate::graph::template::{Parsed, What};
use crate::model::graph::Node;
use crate::model::{Backoff, Graph, OnUnknown};

/// Something that works but is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// One sentence.
    pub message: String,
    /// Where it is, for graphs from files.
    pub place: Option<Place>,
}

/// Finds what is probably not meant: inputs that nothing reads, settings without effect.
pub fn warnings(graph: &Graph, places: &Places) -> Vec<Warning> {
    let mut found = unused_inputs(graph, places);
    let nodes = At::top("nodes");
    for node in &graph.nodes {
        for (key, message) in idle_settings(node) {
            let place = places.find(&nodes.name(&node.id).name(key).pointer());
            found.push(Warning { message: format!("node `{}`: {message}", node.id), place });
        }
    }
    found
}

fn unused_inputs(graph: &Graph, places: &Places) -> Vec<Warning> {
    if graph.inputs.is_empty() {
        return Vec::new();
    }
    let mut read = BTreeSet::new();
    let mut all = false;
    let mut visit = |site: &super::site::Site<'_>| {
        let Ok(Some(parsed)) = Parsed::new(site.text, site.form) else { return };
        for one in parsed.uses {
            all |= one.what == What::Inputs;
            if one.what == What::Input {
                read.insert(one.name);
            }
        }
    };
    let nodes = At::top("nodes");
    for node in &graph.nodes {
        of_node(node, &nodes, &mut visit);
    }
    for value in graph.outputs.values() {
        of_output(value, &nodes, &mut visit);
    }
    if all {
        return Vec::new();
    }
    let inputs = At::top("inputs");
    let unused = graph.inputs.keys().filter(|name| !read.contains(*name));
    unused
        .map(|name| Warning {
            message: format!("nothing reads the input `{name}`"),
            place: places.find(&inputs.name(name).pointer()),
        })
        .collect()
}

fn idle_settings(node: &Node) -> Vec<(&'static str, &'static str)> {
    let policy = node.policy_ref();
    let mut idle = Vec::new();
    if policy.retry.attempts == 1 && policy.retry != Backoff::ONCE {
        idle.push(("retry", "`retry` has no effect without `attempts`"));
    }
    if policy.on_unknown != OnUnknown::Fail && !policy.at_most_once {
        idle.push(("on_unknown", "`on_unknown` has no effect without `at_most_once`"));
    }
    idle
}
