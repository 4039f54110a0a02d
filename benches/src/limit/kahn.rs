//! K: a walk over a graph in flat arrays, with nothing to run.
#![expect(
    clippy::indexing_slicing,
    reason = "the limit must not pay for checks that are written out"
)]

use fusion_core::graph::Program;
use fusion_core::model::NodeIx;

/// Walks a graph in the order of its needs (Kahn 1962); gives how many nodes it saw.
pub fn walk(program: &Program) -> usize {
    let mut pending: Vec<u32> = Vec::with_capacity(program.len());
    let mut open = std::collections::VecDeque::new();
    for at in 0..u32::try_from(program.len()).unwrap_or(u32::MAX) {
        let needs = program.needs(NodeIx(at));
        pending.push(needs);
        if needs == 0 {
            open.push_back(at);
        }
    }
    let mut seen = 0;
    while let Some(at) = open.pop_front() {
        seen += 1;
        for next in program.next(NodeIx(at)) {
            let left = &mut pending[*next as usize];
            *left -= 1;
            if *left == 0 {
                open.push_back(*next);
            }
        }
    }
    seen
}
