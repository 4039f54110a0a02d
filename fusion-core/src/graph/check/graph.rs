//! The check of a whole graph.

use super::fit;
use super::kind;
use super::names::{Names, legal};
use super::places::Places;
use super::policy;
use super::report::Report;
use super::site::{At, of_node, of_output};
use super::template::{Owner, Scan};
use crate::error::{Code, Error};
use crate::graph::order::{Edges, find_cycle};
use crate::model::{Graph, limits};

/// Finds everything that is wrong with a graph.
///
/// A million nodes without templates take about a second.
///
/// ```
/// use fusion_core::graph::check::{Places, check};
/// use fusion_core::model::Graph;
/// use fusion_core::model::graph::Node;
/// let graph = Graph::new("digest")
///     .add(Node::step("fetch", "http.get"))
///     .add(Node::step("merge", "merge").after(["fetsh"]));
/// let error = check(&graph, &Places::none()).unwrap_err();
/// assert_eq!(error.to_string(), "FU0205: node `merge` needs `fetsh`, which does not exist");
/// assert_eq!(error.hint_text(), Some("did you mean `fetch`?"));
/// ```
///
/// # Errors
/// All of them, joined, each with code, place (when the graph is from a file) and hint: `FU0102`, `FU0106`,
/// `FU0204` to `FU0208`.
pub fn check(graph: &Graph, places: &Places) -> Result<(), Error> {
    let mut report = Report::new(places);
    examine(graph, &mut report);
    report.finish()
}

/// Adds everything that is wrong with a graph to a report.
pub(crate) fn examine(graph: &Graph, report: &mut Report<'_>) {
    if graph.nodes.len() > limits::GRAPH_NODES {
        let message = format!("{} nodes are more than {}", graph.nodes.len(), limits::GRAPH_NODES);
        let hint = "run parts of it as sub-workflows, or map over a list";
        report.add(&At::top("nodes"), Error::new(Code::Limit, message).hint(hint));
        return;
    }
    legal(&graph.name, "workflow", &At::top("name"), report);
    let inputs = At::top("inputs");
    for name in graph.inputs.keys() {
        legal(name, "input", &inputs.name(name), report);
    }
    let names = Names::new(graph, report);
    let mut edges = needs(graph, &names, report);
    let nodes = At::top("nodes");
    for (index, node) in (0u32..).zip(&graph.nodes) {
        let at = nodes.name(&node.id);
        kind::check(node, &at, report);
        fit::check(node, &at, report);
        policy::check(node, &at, report);
        let owner = Owner { index, id: &node.id };
        of_node(node, &at, &mut |site| {
            Scan { graph, names: &names, owner: Some(owner) }.site(site, report, &mut edges);
        });
    }
    let outputs = At::top("outputs");
    for (name, value) in &graph.outputs {
        let at = outputs.name(name);
        of_output(value, &at, &mut |site| {
            Scan { graph, names: &names, owner: None }.site(site, report, &mut edges);
        });
    }
    circle(graph, &edges, report);
}

fn needs(graph: &Graph, names: &Names<'_>, report: &mut Report<'_>) -> Vec<(u32, u32)> {
    let nodes = At::top("nodes");
    let mut edges = Vec::new();
    for (to, node) in (0u32..).zip(&graph.nodes) {
        for (place, need) in node.needs.iter().enumerate() {
            if let Some(from) = names.find(need) {
                edges.push((from, to));
                continue;
            }
            if report.is_full() {
                report.push(Error::new(Code::UnknownReference, String::new()));
                continue;
            }
            let message = format!("node `{}` needs `{need}`, which does not exist", node.id);
            let mut error = Error::new(Code::UnknownReference, message);
            let hint = names.hint(need);
            if !hint.is_empty() {
                error = error.hint(hint);
            }
            report.add(&nodes.name(&node.id).name("needs").index(place), error);
        }
    }
    edges
}

fn circle(graph: &Graph, edges: &[(u32, u32)], report: &mut Report<'_>) {
    let mut left = edges.to_vec();
    loop {
        let Ok(edges) = Edges::new(graph.nodes.len(), &left) else { return };
        let Some(cycle) = find_cycle(&edges) else { return };
        one_circle(graph, &cycle.path, report);
        if report.is_full() {
            return;
        }
        // The next one shares no node with this one: mending one may well mend those that do.
        left.retain(|(from, to)| !cycle.path.contains(from) && !cycle.path.contains(to));
    }
}

fn one_circle(graph: &Graph, cycle: &[u32], report: &mut Report<'_>) {
    let name = |index: &u32| graph.nodes.get(*index as usize).map_or("?", |node| &*node.id);
    // Along the arrows of the data, a node comes after what it needs; people ask who needs whom.
    let path: Vec<&str> = cycle.iter().rev().map(name).collect();
    let at = path.first().copied().unwrap_or_default();
    let message = format!("the nodes need one another in a circle: {}", path.join(" → "));
    let hint = "each needs the next: take one of these needs away, or use `repeat` for a loop";
    report.add(&At::top("nodes").name(at), Error::new(Code::Cycle, message).hint(hint));
}
