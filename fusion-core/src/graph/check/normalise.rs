//! Writing down what templates imply, so that the stored definition says all of it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::names::Names;
use super::places::Places;
use super::report::Report;
use super::site::{At, of_node};
use crate::graph::template::{Parsed, What};
use crate::model::graph::{Action, Kind, Node};
use crate::model::{Graph, limits};

/// Adds to each node the needs that its templates imply, removes repeated ones, hands the node's arguments down to a
/// fallback and a compensation without their own, and caps `max_parallel` at what a run can do at once.
///
/// ```
/// use fusion_core::graph::check::normalise;
/// use fusion_core::model::Graph;
/// use fusion_core::model::graph::Node;
/// let mut graph = Graph::new("digest")
///     .add(Node::step("fetch", "http.get"))
///     .add(Node::step("merge", "merge").with("{{ nodes.fetch }}"));
/// normalise(&mut graph);
/// assert_eq!(&*graph.nodes[1].needs[0], "fetch");
/// ```
pub fn normalise(graph: &mut Graph) {
    graph.nodes.iter_mut().for_each(hand_down);
    let implied = implied(graph);
    for (index, more) in implied {
        if let Some(node) = graph.nodes.get_mut(index) {
            node.needs.extend(more.into_iter().map(Box::from));
        }
    }
    for node in &mut graph.nodes {
        if has_repeated(&node.needs) {
            let mut seen = BTreeSet::new();
            node.needs.retain(|need| seen.insert(need.clone()));
        }
        if let Kind::Map(map) = &mut node.kind {
            let most = u32::try_from(limits::BODIES_IN_FLIGHT).unwrap_or(u32::MAX);
            map.max_parallel = map.max_parallel.min(most);
        }
    }
}

/// Gives a fallback and a compensation the arguments of their node. A map or a loop is undone as a whole: there is no item and
/// no round then that its arguments could be about.
pub(crate) fn hand_down(node: &mut Node) {
    let is_whole = matches!(node.kind, Kind::Run(_));
    let Some(with) = node.kind.task().map(|task| &task.with).filter(|with| !with.is_null()) else {
        return;
    };
    let Some(more) = &mut node.more else { return };
    let undo = more.compensate.as_mut().filter(|_| is_whole);
    for task in more.fallback.as_mut().into_iter().chain(undo) {
        if task.with.is_null() && !matches!(task.action, Action::Command(_)) {
            task.with = with.clone();
        }
    }
}

/// Tells whether some need stands there twice: hardly ever, and most nodes have few.
fn has_repeated(needs: &[Box<str>]) -> bool {
    if needs.len() <= 8 {
        let mut rest = needs;
        while let Some((first, after)) = rest.split_first() {
            if after.contains(first) {
                return true;
            }
            rest = after;
        }
        return false;
    }
    let mut sorted: Vec<&str> = needs.iter().map(AsRef::as_ref).collect();
    sorted.sort_unstable();
    sorted.windows(2).any(|pair| pair.first() == pair.last())
}

fn implied(graph: &Graph) -> Vec<(usize, BTreeSet<String>)> {
    let nowhere = Places::none();
    // Sorting a million names is worth it only when a template names one.
    let names = OnceCell::new();
    let names = || names.get_or_init(|| Names::new(graph, &mut Report::new(&nowhere)));
    let top = At::top("nodes");
    let mut all = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut found = BTreeSet::new();
        of_node(node, &top, &mut |site| {
            let Ok(Some(parsed)) = Parsed::new(site.text, site.form) else { return };
            for one in parsed.uses {
                let other = one.name != *node.id && names().find(&one.name).is_some();
                if one.what == What::Node && other {
                    found.insert(one.name);
                }
            }
        });
        if !found.is_empty() {
            all.push((index, found));
        }
    }
    all
}
