//! Compensation: what succeeded is undone in reverse order when the run fails or is cancelled.

use crate::model::{Key, NodeStatus};
use crate::schedule::cells::Cell;
use crate::schedule::state::{Phase, State};

impl State {
    /// Makes the next undoing ready; ends the phase when there is none left.
    pub(in crate::schedule) fn undo_next(&mut self) {
        let at = self.done.len().checked_sub(self.undone + 1);
        let Some(node) = at.and_then(|at| self.done.get(at)).copied() else {
            self.phase = Phase::Concluding;
            return;
        };
        let status = self.undos.entry(node).or_insert(Cell::NEW).status;
        if status == NodeStatus::Pending {
            self.make_ready(Key::undo(node));
        }
    }

    /// Names the nodes whose undoing failed for good.
    pub(in crate::schedule) fn not_undone(&self) -> Vec<&str> {
        let failed = self.undos.iter().filter(|(_, cell)| cell.status == NodeStatus::Failed);
        failed.map(|(node, _)| self.program.name(*node)).collect()
    }
}
