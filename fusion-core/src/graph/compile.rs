//! A checked graph as flat arrays: what the scheduler runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::lookup::Lookup;
use crate::error::{Code, Error, Result};
use crate::model::graph::{Action, Kind, More, Node, Task};
use crate::model::{Graph, Key, NodeIx, Policy, limits};

/// A compiled graph: immutable, shared, 30 to 40 bytes a node at 2.5 edges each beside the author's own words.
#[derive(Debug)]
pub struct Program {
    graph: Arc<Graph>,
    /// Where the successors of each node begin in `targets`; one more at the end.
    starts: Vec<u32>,
    targets: Vec<u32>,
    /// How many needs each node has.
    needs: Vec<u32>,
    by_name: Lookup,
    /// One bit for each node that has a [`More`]: most have none, and asking the node itself is a cache miss.
    rich: Vec<u64>,
    /// What each node calls, as a place in `steps`, if it does nothing else; else [`NOT_PLAIN`].
    plain: Vec<u32>,
    steps: Vec<Box<str>>,
}

/// Stands for a node with a condition, a policy, arguments, or another kind than a step.
const NOT_PLAIN: u32 = u32::MAX;

impl Program {
    /// Compiles a graph. It has to be checked before for errors with hints; here only what would break the engine is refused.
    ///
    /// # Errors
    /// `FU0106` for too many nodes or edges, `FU0208` for a name that is used twice, `FU0205` for an unknown need,
    /// `FU0206` for a circle.
    pub fn compile(graph: impl Into<Arc<Graph>>) -> Result<Self> {
        let graph: Arc<Graph> = graph.into();
        let count = u32::try_from(graph.nodes.len())
            .ok()
            .filter(|_| graph.nodes.len() <= limits::GRAPH_NODES)
            .ok_or_else(|| {
                Error::new(
                    Code::Limit,
                    format!("a graph has at most {} nodes", limits::GRAPH_NODES),
                )
            })?;
        let by_name = names(&graph)?;
        let bits = |nodes: &[Node]| {
            (0..)
                .zip(nodes)
                .fold(0_u64, |bits, (at, node)| bits | u64::from(node.more.is_some()) << at)
        };
        let rich = graph.nodes.chunks(64).map(bits).collect();
        let mut program = Self {
            graph,
            starts: vec![0; count as usize + 1],
            targets: Vec::new(),
            needs: Vec::new(),
            by_name,
            rich,
            plain: Vec::new(),
            steps: Vec::new(),
        };
        program.connect()?;
        program.find_plain();
        program.refuse_circles()?;
        Ok(program)
    }

    /// Fills successors and need counts: a counting sort of the edges by their source.
    fn connect(&mut self) -> Result<()> {
        let graph = self.graph.clone();
        let mut edges: Vec<(u32, u32)> = Vec::with_capacity(graph.nodes.len());
        self.needs.reserve_exact(graph.nodes.len());
        let mut own: Vec<u32> = Vec::new();
        for (to, node) in (0u32..).zip(&graph.nodes) {
            own.clear();
            for need in &node.needs {
                let from = self.find(need).ok_or_else(|| {
                    Error::new(
                        Code::UnknownReference,
                        format!("node `{}` needs `{need}`, which does not exist", node.id),
                    )
                })?;
                own.push(from.0);
            }
            own.sort_unstable();
            own.dedup();
            edges.extend(own.iter().map(|from| (*from, to)));
            self.needs.push(u32::try_from(own.len()).unwrap_or(u32::MAX));
        }
        if u32::try_from(edges.len()).is_err() {
            return Err(Error::new(Code::Limit, "a graph has at most 4,294,967,295 edges"));
        }
        for (from, _) in &edges {
            if let Some(start) = self.starts.get_mut(*from as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        let mut place = self.starts.clone();
        self.targets = vec![0; edges.len()];
        for (from, to) in edges {
            if let Some(at) = place.get_mut(from as usize) {
                if let Some(target) = self.targets.get_mut(*at as usize) {
                    *target = to;
                }
                *at += 1;
            }
        }
        Ok(())
    }

    /// Notes the nodes that only call a step: most of them, and the driver need not look at their words.
    fn find_plain(&mut self) {
        let graph = self.graph.clone();
        let mut places: BTreeMap<&str, u32> = BTreeMap::new();
        self.plain = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            self.plain.push(match &node.kind {
                Kind::Run(Task { action: Action::Step(step), with: Value::Null })
                    if node.more.is_none() =>
                {
                    let next = u32::try_from(places.len()).unwrap_or(NOT_PLAIN);
                    *places.entry(step).or_insert(next)
                }
                _ => NOT_PLAIN,
            });
        }
        let mut steps: Vec<(u32, &str)> = places.into_iter().map(|(name, at)| (at, name)).collect();
        steps.sort_unstable();
        self.steps = steps.into_iter().map(|(_, name)| name.into()).collect();
    }

    /// Gives the steps that plain nodes call.
    pub fn steps(&self) -> &[Box<str>] {
        &self.steps
    }

    /// Gives the place in [`Program::steps`] of what a node calls, if it does nothing else: no condition, no policy, no
    /// arguments, no loop.
    pub fn plain(&self, node: NodeIx) -> Option<usize> {
        let place = self.plain.get(node.at()).copied().filter(|place| *place != NOT_PLAIN)?;
        Some(place as usize)
    }

    /// Walks the graph once (Kahn 1962); what is never reached lies on or behind a circle.
    fn refuse_circles(&self) -> Result<()> {
        let mut pending = self.needs.clone();
        let mut open: Vec<u32> =
            (0u32..).zip(&pending).filter(|(_, n)| **n == 0).map(|(ix, _)| ix).collect();
        let mut seen = 0;
        while let Some(ix) = open.pop() {
            seen += 1;
            for next in self.next(NodeIx(ix)) {
                if let Some(left) = pending.get_mut(*next as usize) {
                    *left -= 1;
                    if *left == 0 {
                        open.push(*next);
                    }
                }
            }
        }
        if seen == self.len() {
            return Ok(());
        }
        let stuck = (0u32..)
            .zip(&pending)
            .find(|(_, left)| **left > 0)
            .map_or("?", |(ix, _)| self.name(NodeIx(ix)));
        Err(Error::new(
            Code::Cycle,
            format!("node `{stuck}` can never start: it needs itself through others"),
        )
        .hint("`fusion validate` shows the circle as a path"))
    }

    /// Gives the definition.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// Gives the number of nodes.
    pub fn len(&self) -> usize {
        self.needs.len()
    }

    /// Tells whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.needs.is_empty()
    }

    /// Gives the successors of a node.
    pub fn next(&self, node: NodeIx) -> &[u32] {
        let at = node.at();
        let range = self.starts.get(at).zip(self.starts.get(at + 1));
        range
            .and_then(|(from, to)| self.targets.get(*from as usize..*to as usize))
            .unwrap_or_default()
    }

    /// Gives how many needs a node has.
    pub fn needs(&self, node: NodeIx) -> u32 {
        self.needs.get(node.at()).copied().unwrap_or(0)
    }

    /// Finds a node by name.
    pub fn find(&self, name: &str) -> Option<NodeIx> {
        self.by_name.find(name, &self.graph.nodes).map(NodeIx)
    }

    /// Gives a node; `None` for an index of another graph.
    pub fn node(&self, node: NodeIx) -> Option<&Node> {
        self.graph.nodes.get(node.at())
    }

    /// Gives the name of a node; `?` for an index of another graph.
    pub fn name(&self, node: NodeIx) -> &str {
        self.node(node).map_or("?", |node| &node.id)
    }

    /// Writes a key with its node's name.
    pub fn key_text(&self, key: Key) -> String {
        key.text(self.name(key.node))
    }

    /// Finds a key by what [`Program::key_text`] writes.
    pub fn find_key(&self, text: &str) -> Option<Key> {
        if let Some(node) = self.find(text) {
            return Some(Key::node(node));
        }
        let (name, item) = text.strip_suffix(']')?.rsplit_once('[')?;
        let node = self.find(name)?;
        if item == "undo" {
            Some(Key::undo(node))
        } else {
            item.parse().ok().map(|item| Key::item(node, item))
        }
    }

    /// Gives the policy of a node.
    pub fn policy(&self, node: NodeIx) -> &Policy {
        static PLAIN: Policy = Policy::PLAIN;
        self.more(node).map_or(&PLAIN, |more| &more.policy)
    }

    /// Gives the nodes that have what most nodes do not have.
    pub fn rich(&self) -> impl Iterator<Item = NodeIx> {
        (0u32..).step_by(64).zip(&self.rich).filter(|(_, bits)| **bits != 0).flat_map(
            |(at, bits)| {
                (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| NodeIx(at + bit))
            },
        )
    }

    /// Gives what most nodes do not have.
    pub fn more(&self, node: NodeIx) -> Option<&More> {
        let bits = self.rich.get(node.at() / 64)?;
        if bits >> (node.at() % 64) & 1 == 0 {
            return None;
        }
        self.node(node).and_then(|node| node.more.as_deref())
    }

    /// Gives the task that a key executes, `fallback` when its own attempts are used up.
    pub fn task(&self, key: Key, fallback: bool) -> Option<&Task> {
        if key.is_undo() {
            return self.more(key.node)?.compensate.as_ref();
        }
        if fallback {
            return self.more(key.node)?.fallback.as_ref();
        }
        self.node(key.node)?.kind.task()
    }

    /// Tells whether a node is a map.
    pub fn map(&self, node: NodeIx) -> Option<&crate::model::graph::Map> {
        match &self.node(node)?.kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Gives the loop that a node is, if it is one.
    pub fn repeat(&self, node: NodeIx) -> Option<&crate::model::graph::Repeat> {
        match &self.node(node)?.kind {
            Kind::Repeat(repeat) => Some(repeat),
            _ => None,
        }
    }
}

fn names(graph: &Graph) -> Result<Lookup> {
    let (lookup, repeated) = Lookup::new(&graph.nodes);
    match repeated.first().and_then(|place| graph.nodes.get(*place as usize)) {
        None => Ok(lookup),
        Some(node) => {
            Err(Error::new(Code::Duplicate, format!("two nodes are named `{}`", node.id))
                .hint("rename one of them"))
        }
    }
}
