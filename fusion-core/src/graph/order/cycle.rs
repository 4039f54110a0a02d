//! Finding one short cycle.
#![expect(
    clippy::indexing_slicing,
    reason = "`Edges` holds indices below `nodes` only, and each table here has a slot per node"
)]

use std::collections::VecDeque;

use thiserror::Error;

use super::Edges;

/// Up to this many nodes on or between cycles, the shortest cycle of all is searched.
const EXACT_NODES: usize = 256;
/// Above that, the shortest cycle through each of this many nodes of some cycle.
const TRIED_NODES: usize = 16;

/// A closed path: its first node is also its last.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cycle {}", arrows(path))]
pub struct Cycle {
    /// The nodes in edge order, from the lowest index back to it: `[1, 4, 2, 1]`.
    pub path: Vec<u32>,
}

/// Finds a cycle, the shortest where the cyclic part has at most 256 nodes, else a short one.
///
/// The answer depends on the graph alone; of equally short cycles it takes the one through the
/// lowest index.
///
/// ```
/// use fusion_core::graph::order::{Edges, find_cycle};
///
/// let edges = Edges::new(4, &[(0, 3), (3, 1), (1, 2), (2, 3)]).unwrap();
/// let cycle = find_cycle(&edges).unwrap();
/// assert_eq!(cycle.path, [1, 2, 3, 1]);
/// assert_eq!(cycle.to_string(), "cycle 1 → 2 → 3 → 1");
/// ```
pub fn find_cycle(edges: &Edges) -> Option<Cycle> {
    let inside = cyclic_part(edges);
    let nodes: Vec<u32> = edges.indices().filter(|&n| inside[n as usize]).collect();
    let starts = if nodes.len() <= EXACT_NODES {
        nodes
    } else {
        let mut walked = walk(edges, &inside, *nodes.first()?);
        walked.sort_unstable();
        walked.truncate(TRIED_NODES);
        walked
    };
    let mut search = Search::new(edges, &inside);
    let mut best: Option<Vec<u32>> = None;
    for start in starts {
        let limit = best.as_ref().map_or(usize::MAX, |path| path.len() - 1);
        if let Some(path) = search.through(start, limit) {
            best = Some(path);
        }
    }
    let mut path = best?;
    let lowest = path.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(at, _)| at);
    path.rotate_left(lowest);
    path.extend(path.first().copied());
    Some(Cycle { path })
}

fn arrows(path: &[u32]) -> String {
    path.iter().map(u32::to_string).collect::<Vec<_>>().join(" → ")
}

/// Marks what is left after nodes without predecessors, then without successors, are peeled off.
fn cyclic_part(edges: &Edges) -> Vec<bool> {
    let mut inside = vec![true; edges.nodes()];
    let back = edges.reversed();
    for (forward, backward) in [(edges, &back), (&back, edges)] {
        let mut waiting: Vec<usize> = edges
            .indices()
            .map(|node| backward.of(node).iter().filter(|&&n| inside[n as usize]).count())
            .collect();
        let free = |node: &u32| inside[*node as usize] && waiting[*node as usize] == 0;
        let mut stack: Vec<u32> = edges.indices().filter(free).collect();
        while let Some(node) = stack.pop() {
            inside[node as usize] = false;
            for &next in forward.of(node).iter().filter(|&&n| inside[n as usize]) {
                waiting[next as usize] -= 1;
                if waiting[next as usize] == 0 {
                    stack.push(next);
                }
            }
        }
    }
    inside
}

/// Follows first successors inside the cyclic part until a node repeats; gives the loop.
fn walk(edges: &Edges, inside: &[bool], start: u32) -> Vec<u32> {
    let mut seen_at = vec![usize::MAX; edges.nodes()];
    let mut path = Vec::new();
    let mut node = start;
    while seen_at[node as usize] == usize::MAX {
        seen_at[node as usize] = path.len();
        path.push(node);
        let Some(&next) = edges.of(node).iter().find(|&&n| inside[n as usize]) else {
            return path;
        };
        node = next;
    }
    path.split_off(seen_at[node as usize])
}

/// Breadth-first searches that share their tables.
struct Search<'a> {
    edges: &'a Edges,
    inside: &'a [bool],
    /// The start whose search met the node, the node before it, and the path's length there.
    met: Vec<(u32, u32, usize)>,
    queue: VecDeque<u32>,
}

impl<'a> Search<'a> {
    fn new(edges: &'a Edges, inside: &'a [bool]) -> Self {
        let met = vec![(u32::MAX, u32::MAX, 0); edges.nodes()];
        Self { edges, inside, met, queue: VecDeque::new() }
    }

    /// The shortest cycle through `start` with at most `limit` nodes, beginning with it.
    fn through(&mut self, start: u32, limit: usize) -> Option<Vec<u32>> {
        self.queue.clear();
        self.queue.push_back(start);
        self.met[start as usize] = (start, u32::MAX, 1);
        while let Some(node) = self.queue.pop_front() {
            let length = self.met[node as usize].2;
            if length > limit {
                return None;
            }
            for &next in self.edges.of(node) {
                if next == start {
                    return Some(self.path_to(node, length));
                }
                let slot = &mut self.met[next as usize];
                if self.inside[next as usize] && slot.0 != start {
                    *slot = (start, node, length + 1);
                    self.queue.push_back(next);
                }
            }
        }
        None
    }

    fn path_to(&self, end: u32, length: usize) -> Vec<u32> {
        let back = |&node: &u32| Some(self.met[node as usize].1);
        let mut path: Vec<u32> = std::iter::successors(Some(end), back).take(length).collect();
        path.reverse();
        path
    }
}
