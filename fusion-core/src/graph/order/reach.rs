//! What comes before and after a node, and which edges add nothing.
#![expect(
    clippy::indexing_slicing,
    reason = "`Edges` holds indices below `nodes` only, and each table here has a slot per node"
)]

use super::{Cycle, Edges, layers};

/// Gives every node that can be reached from the `seeds` by at least one edge, ascending.
///
/// A seed is in the answer only when another seed (or a cycle) leads to it. Seeds outside the
/// graph have no successors.
///
/// ```
/// use fusion_core::graph::order::{Edges, descendants};
///
/// let edges = Edges::new(5, &[(0, 1), (1, 2), (3, 4)]).unwrap();
/// assert_eq!(descendants(&edges, &[0]), [1, 2]);
/// ```
pub fn descendants(edges: &Edges, seeds: &[u32]) -> Vec<u32> {
    let mut seen = vec![false; edges.nodes()];
    let mut stack = seeds.to_vec();
    while let Some(node) = stack.pop() {
        for &next in edges.of(node) {
            if !std::mem::replace(&mut seen[next as usize], true) {
                stack.push(next);
            }
        }
    }
    edges.indices().filter(|&node| seen[node as usize]).collect()
}

/// Gives every node from which a path of at least one edge leads to one of the `seeds`, ascending.
///
/// ```
/// use fusion_core::graph::order::{Edges, ancestors};
///
/// let edges = Edges::new(5, &[(0, 1), (1, 2), (3, 4)]).unwrap();
/// assert_eq!(ancestors(&edges, &[2]), [0, 1]);
/// ```
pub fn ancestors(edges: &Edges, seeds: &[u32]) -> Vec<u32> {
    descendants(&edges.reversed(), seeds)
}

/// Says whether a path of at least one edge leads from one node to the other.
///
/// ```
/// use fusion_core::graph::order::{Edges, reaches};
///
/// let edges = Edges::new(3, &[(0, 1), (1, 2)]).unwrap();
/// assert!(reaches(&edges, 0, 2));
/// assert!(!reaches(&edges, 2, 0));
/// ```
pub fn reaches(edges: &Edges, from: u32, to: u32) -> bool {
    let mut seen = vec![false; edges.nodes()];
    let mut stack = vec![from];
    while let Some(node) = stack.pop() {
        for &next in edges.of(node) {
            if next == to {
                return true;
            }
            if !std::mem::replace(&mut seen[next as usize], true) {
                stack.push(next);
            }
        }
    }
    false
}

/// Gives the edges that a longer path already implies, ascending.
///
/// Without them the graph orders its nodes as before. Takes up to nodes × edges time: meant for
/// hints on graphs that a person wrote, not for generated ones.
///
/// # Errors
/// A [`Cycle`] of the graph when there is one.
///
/// ```
/// use fusion_core::graph::order::{Edges, redundant};
///
/// let edges = Edges::new(3, &[(0, 1), (1, 2), (0, 2)]).unwrap();
/// assert_eq!(redundant(&edges).unwrap(), [(0, 2)]);
/// ```
pub fn redundant(edges: &Edges) -> Result<Vec<(u32, u32)>, Cycle> {
    let layer = layers(edges)?;
    let mut found = Vec::new();
    // Holds the last source that reached the node, so the table needs no clearing.
    let mut reached_by = vec![u32::MAX; edges.nodes()];
    let mut stack = Vec::new();
    for from in edges.indices().filter(|&node| edges.of(node).len() > 1) {
        let row = edges.of(from);
        let deepest = row.iter().map(|&to| layer[to as usize]).max().unwrap_or(0);
        stack.extend_from_slice(row);
        while let Some(node) = stack.pop() {
            for &next in edges.of(node) {
                let at = next as usize;
                if layer[at] <= deepest && reached_by[at] != from {
                    reached_by[at] = from;
                    stack.push(next);
                }
            }
        }
        let implied = row.iter().filter(|&&to| reached_by[to as usize] == from);
        found.extend(implied.map(|&to| (from, to)));
    }
    Ok(found)
}
