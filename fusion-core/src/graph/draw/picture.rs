//! What every picture shows: the nodes with their words, and the edges.

use serde_json::Value;

use crate::error::{Code, Error, Result};
use crate::graph::order::Edges;
use crate::model::graph::{Action, Kind, Task, WaitSpec};
use crate::model::{Graph, NodeStatus};

/// The most characters of a word in a picture.
const WORD: usize = 48;

/// The form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Mermaid: what Markdown viewers draw.
    Mermaid,
    /// DOT: what Graphviz draws.
    Dot,
    /// SVG: a picture for browsers, light or dark.
    Svg,
    /// JSON: nodes, edges, layers and critical path.
    Json,
}

impl Format {
    /// Every format with its name.
    pub const ALL: [(&'static str, Self); 4] =
        [("mermaid", Self::Mermaid), ("dot", Self::Dot), ("svg", Self::Svg), ("json", Self::Json)];

    /// Finds a format by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }
}

/// Finds the status of a node by its name.
pub type Statuses<'s> = &'s dyn Fn(&str) -> Option<NodeStatus>;

/// Draws a graph; with statuses, its nodes are coloured by them.
///
/// ```
/// use fusion_core::graph::draw::{Format, draw};
/// use fusion_core::model::Graph;
/// use fusion_core::model::graph::Node;
/// let graph = Graph::new("digest").step("fetch", "get").add(Node::step("merge", "join").after(["fetch"]));
/// let picture = draw(&graph, Format::Mermaid, None).unwrap();
/// assert!(picture.starts_with("flowchart TD\n"));
/// assert!(picture.contains("n0 --> n1"));
/// ```
///
/// # Errors
/// `FU0206` for a graph with a circle as SVG or JSON, `FU0106` for one that is too large for a picture. Needs that name
/// nothing are left out.
pub fn draw(graph: &Graph, format: Format, status: Option<Statuses<'_>>) -> Result<String> {
    let picture = Picture::new(graph, status)?;
    match format {
        Format::Mermaid => Ok(super::text::mermaid(&picture)),
        Format::Dot => Ok(super::text::dot(&picture)),
        Format::Svg => super::svg::svg(&picture),
        Format::Json => super::json::json(&picture),
    }
}

/// The form of a node's box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Box,
    Many,
    Loop,
    Wait,
    Child,
}

/// A graph, ready to be drawn.
#[derive(Debug)]
pub(super) struct Picture<'g> {
    pub(super) name: &'g str,
    pub(super) version: u32,
    pub(super) nodes: Vec<Drawn<'g>>,
    pub(super) edges: Edges,
}

/// A node, ready to be drawn.
#[derive(Debug)]
pub(super) struct Drawn<'g> {
    pub(super) id: &'g str,
    /// The word for what it does: `step`, `command`, `wait` …
    pub(super) kind: &'static str,
    /// What it runs or waits for.
    pub(super) what: String,
    pub(super) shape: Shape,
    /// Whether it may be skipped by its own condition.
    pub(super) when: bool,
    pub(super) status: Option<NodeStatus>,
}

impl<'g> Picture<'g> {
    fn new(graph: &'g Graph, status: Option<Statuses<'_>>) -> Result<Self> {
        let mut names: Vec<(&str, u32)> =
            graph.nodes.iter().map(|node| &*node.id).zip(0..u32::MAX).collect();
        names.sort_unstable();
        let find = |name: &str| {
            let at = names.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
            names.get(at).map(|(_, index)| *index)
        };
        let mut pairs = Vec::new();
        let mut nodes = Vec::with_capacity(graph.nodes.len());
        for (node, to) in graph.nodes.iter().zip(0..u32::MAX) {
            pairs.extend(node.needs.iter().filter_map(|need| find(need)).map(|from| (from, to)));
            let (kind, what) = words(&node.kind);
            nodes.push(Drawn {
                id: &node.id,
                kind,
                what: shortened(&what),
                shape: form(&node.kind),
                when: node.more.as_ref().is_some_and(|more| more.when.is_some()),
                status: status.and_then(|status| status(&node.id)),
            });
        }
        let edges = Edges::new(nodes.len(), &pairs).map_err(|why| {
            Error::new(Code::Internal, "the needs of a graph leave it").because(why)
        })?;
        Ok(Self { name: &graph.name, version: graph.version, nodes, edges })
    }

    /// Makes the error for a circle: the picture needs an order.
    pub(super) fn circle(&self, path: &[u32]) -> Error {
        let names = path.iter().map(|at| self.nodes.get(*at as usize).map_or("?", |node| node.id));
        let path = names.collect::<Vec<_>>().join(" → ");
        let error = Error::new(Code::Cycle, format!("the graph has a circle: {path}"));
        error.hint("`--format mermaid` and `--format dot` draw it all the same")
    }
}

impl Drawn<'_> {
    /// The second line of the node's box.
    pub(super) fn subtitle(&self) -> String {
        let times = match self.shape {
            Shape::Many => " × items",
            Shape::Loop => " ↻",
            _ => "",
        };
        format!("{} {}{times}", self.kind, self.what)
    }
}

fn form(kind: &Kind) -> Shape {
    match kind {
        Kind::Map(_) => Shape::Many,
        Kind::Repeat(_) => Shape::Loop,
        Kind::Wait(_) => Shape::Wait,
        Kind::Run(Task { action: Action::Workflow(_), .. }) => Shape::Child,
        Kind::Run(_) => Shape::Box,
    }
}

fn words(kind: &Kind) -> (&'static str, String) {
    if let Kind::Wait(wait) = kind {
        return match &**wait {
            WaitSpec::Duration(text) => ("wait", text.clone()),
            WaitSpec::Until(text) => ("wait until", text.clone()),
            WaitSpec::Signal { name, .. } => ("signal", name.clone()),
            WaitSpec::Approval { message, .. } => ("approval", message.clone()),
        };
    }
    let Some(task) = kind.task() else { return ("", String::new()) };
    match &task.action {
        Action::Step(name) => ("step", name.to_string()),
        Action::Workflow(name) => ("workflow", name.to_string()),
        Action::Command(program) => ("command", program.argv.join(" ")),
        Action::Agent(value) => ("agent", named(value)),
        Action::Model(value) => ("model", named(value)),
    }
}

/// What an agent or a model is called: its name, program, kind or model; all of it where none of these says it.
fn named(value: &Value) -> String {
    let keys = ["name", "program", "kind", "model", "needs"];
    let called = keys.iter().find_map(|key| value.get(key)?.as_str());
    value.as_str().or(called).map_or_else(|| value.to_string(), str::to_owned)
}

/// Keeps the first signs of a text, on one line, without what no picture can show.
fn shortened(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = plain.take(WORD + 1).collect();
    if let Some((cut, _)) = short.char_indices().nth(WORD) {
        short.truncate(cut);
        short.push('…');
    }
    short
}
