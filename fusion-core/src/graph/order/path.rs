//! Layers, topological order and the critical path.
#![expect(
    clippy::indexing_slicing,
    reason = "`Edges` holds indices below `nodes` only, and each table here has a slot per node"
)]

use super::{Cycle, Edges, find_cycle};

/// Gives every node's layer: 0 without predecessors, else one more than its highest predecessor's.
///
/// # Errors
/// A [`Cycle`] of the graph when there is one.
///
/// ```
/// use fusion_core::graph::order::{Edges, layers};
///
/// let diamond = Edges::new(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]).unwrap();
/// assert_eq!(layers(&diamond).unwrap(), [0, 1, 1, 2]);
/// ```
pub fn layers(edges: &Edges) -> Result<Vec<u32>, Cycle> {
    peel(edges).map(|(layers, _)| layers)
}

/// Gives the nodes in topological order: by layer, and within a layer by index.
///
/// The order depends on the graph alone, not on the order in which its edges were listed.
///
/// # Errors
/// A [`Cycle`] of the graph when there is one.
///
/// ```
/// use fusion_core::graph::order::{Edges, topological};
///
/// let edges = Edges::new(4, &[(3, 0), (0, 1)]).unwrap();
/// assert_eq!(topological(&edges).unwrap(), [2, 3, 0, 1]);
/// ```
pub fn topological(edges: &Edges) -> Result<Vec<u32>, Cycle> {
    let (layers, _) = peel(edges)?;
    let highest = layers.iter().copied().max().unwrap_or(0) as usize;
    let mut free = vec![0_usize; highest + 2];
    for &layer in &layers {
        free[layer as usize + 1] += 1;
    }
    for layer in 0..=highest {
        free[layer + 1] += free[layer];
    }
    let mut order = vec![0; layers.len()];
    for (node, &layer) in edges.indices().zip(&layers) {
        let slot = &mut free[layer as usize];
        order[*slot] = node;
        *slot += 1;
    }
    Ok(order)
}

/// The heaviest chain through a graph, which no number of workers can shorten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriticalPath {
    /// The chain's nodes, first to last; empty for a graph without nodes.
    pub path: Vec<u32>,
    /// The sum of the chain's weights, `u64::MAX` when it would be more.
    pub total: u64,
}

/// Finds the heaviest chain; a node without a weight weighs 0.
///
/// Of equally heavy chains it takes the one that ends in the lowest index, and going back from
/// there the lowest heaviest predecessor.
///
/// # Errors
/// A [`Cycle`] of the graph when there is one.
///
/// ```
/// use fusion_core::graph::order::{Edges, critical_path};
///
/// let diamond = Edges::new(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]).unwrap();
/// let found = critical_path(&diamond, &[5, 10, 30, 1]).unwrap();
/// assert_eq!((found.path, found.total), (vec![0, 2, 3], 36));
/// ```
pub fn critical_path(edges: &Edges, weights: &[u64]) -> Result<CriticalPath, Cycle> {
    let (_, order) = peel(edges)?;
    // The heaviest sum of the nodes before, and the predecessor that gives it.
    let mut before: Vec<(u64, Option<u32>)> = vec![(0, None); edges.nodes()];
    let weight = |node: u32| weights.get(node as usize).copied().unwrap_or(0);
    for &node in &order {
        let sum = before[node as usize].0.saturating_add(weight(node));
        for &next in edges.of(node) {
            let (best, from) = before[next as usize];
            if from.is_none_or(|from| sum > best || (sum == best && node < from)) {
                before[next as usize] = (sum, Some(node));
            }
        }
    }
    let mut end: Option<(u64, u32)> = None;
    for node in edges.indices() {
        let sum = before[node as usize].0.saturating_add(weight(node));
        if end.is_none_or(|(best, _)| sum > best) {
            end = Some((sum, node));
        }
    }
    let Some((total, last)) = end else {
        return Ok(CriticalPath { path: Vec::new(), total: 0 });
    };
    let back = std::iter::successors(Some(last), |&node| before[node as usize].1);
    let mut path: Vec<u32> = back.collect();
    path.reverse();
    Ok(CriticalPath { path, total })
}

/// Kahn's algorithm: each node's layer, and the nodes in the order in which they became ready.
fn peel(edges: &Edges) -> Result<(Vec<u32>, Vec<u32>), Cycle> {
    let mut waiting = edges.in_degrees();
    let mut layer = vec![0_u32; edges.nodes()];
    let mut ready: Vec<u32> = edges.indices().filter(|&n| waiting[n as usize] == 0).collect();
    let mut at = 0;
    while let Some(&node) = ready.get(at) {
        at += 1;
        let below = layer[node as usize] + 1;
        for &next in edges.of(node) {
            let next_at = next as usize;
            layer[next_at] = layer[next_at].max(below);
            waiting[next_at] -= 1;
            if waiting[next_at] == 0 {
                ready.push(next);
            }
        }
    }
    if ready.len() < edges.nodes()
        && let Some(cycle) = find_cycle(edges)
    {
        return Err(cycle);
    }
    Ok((layer, ready))
}
