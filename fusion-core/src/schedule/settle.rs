//! What the end of a node means for those that need it.

use super::cells::{DEAD, LIVE};
use super::state::{Ending, State};
use crate::model::graph::OnFailure;
use crate::model::{Key, NodeIx, NodeStatus};

impl State {
    /// Tells the successors of a node that it is settled.
    pub(super) fn settle(&mut self, node: NodeIx, status: NodeStatus) {
        self.left = self.left.saturating_sub(1);
        if status == NodeStatus::Failed
            && self.program.graph().on_failure == OnFailure::Stop
            && self.ending.is_none()
        {
            self.ending = Some(Ending::Failed);
        }
        if status == NodeStatus::Succeeded
            && self.program.more(node).is_some_and(|more| more.compensate.is_some())
        {
            self.done.push(node);
        }
        let mark = match status {
            NodeStatus::Succeeded => LIVE,
            // What is behind a failure stays behind it, however far.
            NodeStatus::Skipped => self.cells[node].flags & DEAD,
            _ => DEAD,
        };
        let Self { program, cells, ready, unwanted, .. } = self;
        for next in program.next(node) {
            let next = NodeIx(*next);
            let cell = &mut cells[next];
            cell.set(mark);
            cell.pending = cell.pending.saturating_sub(1);
            if cell.pending > 0 || cell.status != NodeStatus::Pending {
                continue;
            }
            if cell.has(DEAD) || !cell.has(LIVE) {
                unwanted.push(next);
            } else {
                cell.turn(NodeStatus::Ready);
                ready.push(Key::node(next), program.policy(next).priority);
            }
        }
    }

    /// Decides what becomes of a node whose needs are all settled.
    pub(super) fn open(&mut self, node: NodeIx) {
        let cell = self.cells[node];
        if cell.has(DEAD) || (!cell.has(LIVE) && self.program.needs(node) > 0) {
            self.unwanted.push(node);
        } else {
            self.make_ready(Key::node(node));
        }
    }

    /// Puts a key among those that can start.
    pub(super) fn make_ready(&mut self, key: Key) {
        self.set_status(key, NodeStatus::Ready);
        let priority = self.program.policy(key.node).priority;
        self.ready.push(key, priority);
    }

    /// Sets the status of a key that is not settled.
    pub(super) fn set_status(&mut self, key: Key, status: NodeStatus) {
        if let Some(cell) = self.cell_mut(key) {
            cell.turn(status);
        }
    }
}
