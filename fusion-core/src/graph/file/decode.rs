//! Reading a graph from a tree.

use std::collections::BTreeMap;

use serde_json::Value;

use super::node::node;
use super::policy::whole;
use super::table::TYPES;
use super::tree::Tree;
use crate::error::{Code, Error};
use crate::graph::check::{At, Report};
use crate::graph::inputs::fits;
use crate::model::Graph;
use crate::model::graph::{Input, InputType, OnFailure};

/// Reads a workflow; what does not fit was reported before and counts as absent.
pub(super) fn graph(
    name: &str,
    tree: &Tree,
    at: Option<&At<'_>>,
    report: &mut Report<'_>,
) -> Graph {
    let mut graph = Graph::new(name);
    let text = |key: &str| tree.get(key).and_then(Tree::text);
    graph.version = whole(tree.get("version")).unwrap_or(1);
    text("description").unwrap_or_default().clone_into(&mut graph.description);
    if text("on_failure") == Some("finish_branches") {
        graph.on_failure = OnFailure::FinishBranches;
    }
    let below = |key: &'static str| at.map_or_else(|| At::top(key), |at| at.name(key));
    let top = below("inputs");
    graph.inputs = tree.get("inputs").map(|tree| inputs(tree, &top, report)).unwrap_or_default();
    let outputs = tree.get("outputs").map(Tree::entries).unwrap_or_default().iter();
    graph.outputs = outputs.map(|entry| (entry.key.to_string(), entry.value.json())).collect();
    let (top, defaults) = (below("nodes"), tree.get("defaults"));
    let nodes = tree.get("nodes").map(Tree::entries).unwrap_or_default().iter();
    graph.nodes = nodes
        .map(|entry| node(&entry.key, &entry.value, defaults, &top.name(&entry.key), report))
        .collect();
    graph
}

fn inputs(tree: &Tree, at: &At<'_>, report: &mut Report<'_>) -> BTreeMap<String, Input> {
    let mut all = BTreeMap::new();
    for entry in tree.entries() {
        let get = |key: &str| entry.value.get(key);
        let input = Input {
            kind: get("type").and_then(Tree::text).map(kind).unwrap_or_default(),
            default: get("default").map(Tree::json),
            description: get("description").and_then(Tree::text).unwrap_or_default().to_owned(),
            choices: get("choices")
                .map(|tree| tree.items().iter().map(Tree::json).collect())
                .unwrap_or_default(),
        };
        let at = at.name(&entry.key);
        let mut refuse = |key: &str, value: &Value| {
            if let Err(why) = fits(&input, value) {
                let message = format!("the {key} of input `{}` {why}", entry.key);
                report.add(&at.name(key), Error::new(Code::WrongType, message));
            }
        };
        if let Some(default) = &input.default {
            refuse("default", default);
        }
        let open = Input { choices: Vec::new(), ..input.clone() };
        for choice in &input.choices {
            if let Err(why) = fits(&open, choice) {
                let message = format!("a choice of input `{}` {why}", entry.key);
                report.add(&at.name("choices"), Error::new(Code::WrongType, message));
            }
        }
        all.insert(entry.key.to_string(), input);
    }
    all
}

fn kind(word: &str) -> InputType {
    let kinds = [
        InputType::String,
        InputType::Integer,
        InputType::Number,
        InputType::Boolean,
        InputType::Array,
        InputType::Object,
        InputType::Any,
    ];
    let found = TYPES.iter().zip(kinds).find(|(name, _)| **name == word);
    found.map_or(InputType::Any, |(_, kind)| kind)
}
