//! The flat edge table that the algorithms work on.

use thiserror::Error;

/// An edge names a node that the graph doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("edge {from} → {to} leaves the graph of {nodes} nodes")]
pub struct OutOfRange {
    /// The edge's source.
    pub from: u32,
    /// The edge's target.
    pub to: u32,
    /// How many nodes the graph has.
    pub nodes: usize,
}

/// A directed graph as compressed sparse rows: for each node, its successors in ascending order.
///
/// Nodes are the indices `0..nodes`. A pair that is given twice is kept once. Costs 4 bytes a node
/// and 4 bytes an edge; at most `u32::MAX - 1` of each.
///
/// ```
/// use fusion_core::graph::order::Edges;
///
/// let edges = Edges::new(3, &[(0, 2), (0, 1), (1, 2), (0, 2)]).unwrap();
/// assert_eq!(edges.of(0), [1, 2]);
/// assert_eq!(edges.len(), 3);
/// assert_eq!(edges.reversed().of(2), [0, 1]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edges {
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl Edges {
    /// Builds the table from `from → to` pairs, in time linear in nodes and pairs.
    ///
    /// # Errors
    /// [`OutOfRange`] for the first pair that names a node at or above `nodes`.
    pub fn new(nodes: usize, pairs: &[(u32, u32)]) -> Result<Self, OutOfRange> {
        let outside = |&&(from, to): &&(u32, u32)| from.max(to) as usize >= nodes;
        if let Some(&(from, to)) = pairs.iter().find(outside) {
            return Err(OutOfRange { from, to, nodes });
        }
        // Transposing twice is a radix sort: the first pass orders by target, the second by source.
        let by_target = transpose(nodes, pairs.iter().copied());
        let by_source = transpose(nodes, by_target.pairs().collect::<Vec<_>>().into_iter());
        Ok(by_source.without_repeats())
    }

    /// The number of nodes.
    pub fn nodes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The number of edges.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is no edge.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Every node's index, ascending.
    pub fn indices(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.nodes()).unwrap_or(u32::MAX)
    }

    /// The successors of `node`, ascending; none for a node outside the graph.
    pub fn of(&self, node: u32) -> &[u32] {
        let at = node as usize;
        let (Some(&start), Some(&end)) = (self.starts.get(at), self.starts.get(at + 1)) else {
            return &[];
        };
        self.targets.get(start as usize..end as usize).unwrap_or(&[])
    }

    /// Every edge as `(from, to)`, ascending.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.indices().flat_map(|from| self.of(from).iter().map(move |&to| (from, to)))
    }

    /// The same graph with every edge turned round.
    #[must_use]
    pub fn reversed(&self) -> Self {
        transpose(self.nodes(), self.pairs().collect::<Vec<_>>().into_iter())
    }

    /// How many edges end in each node.
    pub fn in_degrees(&self) -> Vec<u32> {
        let mut degrees = vec![0; self.nodes()];
        for &target in &self.targets {
            if let Some(degree) = degrees.get_mut(target as usize) {
                *degree += 1;
            }
        }
        degrees
    }

    fn without_repeats(self) -> Self {
        let mut starts = Vec::with_capacity(self.starts.len());
        let mut targets = Vec::with_capacity(self.targets.len());
        starts.push(0);
        for node in self.indices() {
            let row = targets.len();
            for &target in self.of(node) {
                if targets.len() == row || targets.last() != Some(&target) {
                    targets.push(target);
                }
            }
            starts.push(count(targets.len()));
        }
        Self { starts, targets }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Counting sort of `(from, to)` by `to`: the reversed rows, sources in the order they came in.
#[expect(clippy::indexing_slicing, reason = "callers pass pairs below `nodes` only")]
fn transpose(nodes: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Edges {
    let mut starts = vec![0_u32; nodes + 1];
    let mut edges = 0;
    for (_, to) in pairs.clone() {
        starts[to as usize + 1] += 1;
        edges += 1;
    }
    for node in 0..nodes {
        starts[node + 1] += starts[node];
    }
    let mut free = starts.clone();
    let mut targets = vec![0; edges];
    for (from, to) in pairs {
        let slot = &mut free[to as usize];
        targets[*slot as usize] = from;
        *slot += 1;
    }
    Edges { starts, targets }
}
