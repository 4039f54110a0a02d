//! A bare loop of spawned tasks over a graph: each node is a task that does nothing and says that it is done.
#![expect(clippy::disallowed_methods, reason = "the limit is the runtime itself")]
#![expect(
    clippy::indexing_slicing,
    reason = "the limit must not pay for checks that are written out"
)]

use fusion_core::graph::Program;
use fusion_core::model::NodeIx;
use tokio::sync::mpsc;

/// Runs a graph; gives how many nodes ran.
pub async fn run(program: &Program) -> usize {
    let (said, mut heard) = mpsc::unbounded_channel();
    let spawn = |at: u32| {
        let said = said.clone();
        tokio::spawn(async move {
            // The loop listens until all have spoken.
            let _ = said.send(at);
        });
    };
    let mut pending: Vec<u32> = Vec::with_capacity(program.len());
    for at in 0..u32::try_from(program.len()).unwrap_or(u32::MAX) {
        let needs = program.needs(NodeIx(at));
        pending.push(needs);
        if needs == 0 {
            spawn(at);
        }
    }
    let mut seen = 0;
    while seen < program.len() {
        let Some(at) = heard.recv().await else { break };
        seen += 1;
        for next in program.next(NodeIx(at)) {
            let left = &mut pending[*next as usize];
            *left -= 1;
            if *left == 0 {
                spawn(*next);
            }
        }
    }
    seen
}
