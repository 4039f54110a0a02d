//! Retry of a run: what did not succeed, what was named, and all that depends on either runs again.

use std::collections::BTreeSet;

use crate::model::{Key, NodeIx, NodeStatus, RunStatus};
use crate::schedule::cells::{Cell, DEAD, LIVE};
use crate::schedule::state::{Phase, State};

impl State {
    /// Takes a run that ended up again.
    pub(in crate::schedule) fn reopen(&mut self, named: &[NodeIx]) {
        let again = self.to_run_again(named);
        self.result = None;
        self.ending = None;
        self.culprit = None;
        self.cancel = None;
        self.paused = false;
        self.phase = Phase::Forward;
        self.unwanted.clear();
        self.left = again.len();
        self.done.retain(|node| !again.contains(node));
        self.undos.clear();
        for node in &again {
            self.forget(*node);
        }
        for node in &again {
            self.count_needs(*node, &again);
        }
        for node in &again {
            if self.cells[*node].pending == 0 {
                self.open(*node);
            }
        }
    }

    fn to_run_again(&self, named: &[NodeIx]) -> BTreeSet<NodeIx> {
        let unfinished = (0u32..)
            .zip(&self.cells.0)
            .filter(|(_, cell)| matches!(cell.status, NodeStatus::Failed | NodeStatus::Cancelled));
        let undone = self.undos.iter().filter(|(_, cell)| cell.status == NodeStatus::Succeeded);
        let mut open: Vec<NodeIx> = named.to_vec();
        open.extend(unfinished.map(|(ix, _)| NodeIx(ix)));
        open.extend(undone.map(|(node, _)| *node));
        let mut again = BTreeSet::new();
        while let Some(node) = open.pop() {
            if again.insert(node) {
                open.extend(self.program.next(node).iter().map(|next| NodeIx(*next)));
            }
        }
        again
    }

    /// Makes a node new. What its bodies saved is kept when it had not succeeded: that part was paid for.
    fn forget(&mut self, node: NodeIx) {
        let key = Key::node(node);
        let cell = &mut self.cells[node];
        let lives_again = u32::from(cell.status == NodeStatus::Succeeded);
        let attempt = cell.attempt;
        *cell = Cell { attempt, ..Cell::NEW };
        let life = self.details.get(&key).map_or(0, |detail| detail.life) + lives_again;
        self.details.retain(|other, _| other.node != node);
        if lives_again > 0 {
            self.memos.retain(|other, _| other.node != node);
        }
        if attempt > 0 || life > 0 {
            let detail = self.detail(key);
            detail.base = attempt;
            detail.life = life;
        }
        self.items.remove(&node);
    }

    fn count_needs(&mut self, node: NodeIx, again: &BTreeSet<NodeIx>) {
        let program = self.program.clone();
        let Some(graph_node) = program.node(node) else { return };
        let needs: BTreeSet<NodeIx> =
            graph_node.needs.iter().filter_map(|need| program.find(need)).collect();
        let (open, settled): (Vec<NodeIx>, Vec<NodeIx>) =
            needs.iter().partition(|need| again.contains(need));
        let statuses: Vec<NodeStatus> =
            settled.iter().map(|need| self.cells[*need].status).collect();
        let cell = &mut self.cells[node];
        cell.pending = u32::try_from(open.len()).unwrap_or(u32::MAX);
        for status in statuses {
            cell.set(match status {
                NodeStatus::Succeeded => LIVE,
                NodeStatus::Skipped => 0,
                _ => DEAD,
            });
        }
    }

    /// Tells whether the run can be taken up again.
    pub fn can_retry(&self) -> bool {
        matches!(self.status(), RunStatus::Failed | RunStatus::Cancelled | RunStatus::Succeeded)
    }
}
