//! Compensation: what succeeded is undone in reverse order when the run fails or is cancelled.

use crate::model::{Key, NodeIx, NodeStatus};
use crate::schedule::cells::{Cell, ISSUED};
use crate::schedule::state::{Phase, State};

impl State {
    /// Makes the next undoing ready; ends the phase when there is none left.
    pub(in crate::schedule) fn undo_next(&mut self) {
        let next = self.done.iter().rev().copied().find(|node| !self.is_undo_settled(*node));
        let Some(node) = next else {
            self.phase = Phase::Concluding;
            return;
        };
        let key = Key::undo(node);
        let cell = *self.undos.entry(node).or_insert(Cell::NEW);
        let rests = cell.status == NodeStatus::Retrying
            && self.timers.iter().any(|(_, paused)| *paused == key);
        if !cell.has(ISSUED) && !rests && self.ready.is_empty() {
            self.make_ready(key);
        }
    }

    fn is_undo_settled(&self, node: NodeIx) -> bool {
        self.undos.get(&node).is_some_and(|cell| cell.status.is_final())
    }

    /// Names the nodes whose undoing failed for good.
    pub(in crate::schedule) fn not_undone(&self) -> Vec<&str> {
        let failed = self.undos.iter().filter(|(_, cell)| cell.status == NodeStatus::Failed);
        failed.map(|(node, _)| self.program.name(*node)).collect()
    }
}
