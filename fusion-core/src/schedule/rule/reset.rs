//! Retry of a run: what did not succeed, what was named, and all that depends on either runs again.

use std::collections::BTreeSet;

use crate::model::{Class, Key, NodeIx, NodeStatus, RunStatus};
use crate::schedule::cells::{Cell, DEAD, INTENT, LIVE};
use crate::schedule::state::{Phase, State};

impl State {
    /// Takes a run that ended up again.
    pub(in crate::schedule) fn reopen(&mut self, named: &[NodeIx]) {
        let named: BTreeSet<NodeIx> =
            named.iter().copied().filter(|node| self.program.node(*node).is_some()).collect();
        let again = self.to_run_again(&named);
        self.result = None;
        self.ending = None;
        self.culprit = None;
        self.outputs_failure = None;
        self.cancel = None;
        self.paused = false;
        self.told = false;
        self.phase = Phase::Forward;
        self.unwanted.clear();
        self.ready.clear();
        self.missing.clear();
        self.left = again.len();
        self.done.retain(|node| !again.contains(node));
        self.undos.clear();
        self.undone = 0;
        let mut kept = BTreeSet::new();
        for node in &again {
            let is_fresh = named.contains(node) || self.has_needs_among(*node, &again);
            if self.forget(*node, is_fresh) {
                kept.insert(*node);
            }
        }
        for node in &again {
            self.count_needs(*node, &again);
        }
        for node in &again {
            if self.cells[*node].pending > 0 {
                continue;
            }
            match self.cells[*node].has(INTENT) {
                true => self.set_status(Key::node(*node), NodeStatus::InDoubt),
                false if kept.contains(node) => {
                    self.set_status(Key::node(*node), NodeStatus::Ready);
                    self.run_items(*node);
                }
                false => self.open(*node),
            }
        }
    }

    fn to_run_again(&self, named: &BTreeSet<NodeIx>) -> BTreeSet<NodeIx> {
        let unfinished = (0u32..)
            .zip(&self.cells.0)
            .filter(|(_, cell)| matches!(cell.status, NodeStatus::Failed | NodeStatus::Cancelled));
        let undone = self.undos.iter().filter(|(_, cell)| cell.status == NodeStatus::Succeeded);
        let mut open: Vec<NodeIx> = named.iter().copied().collect();
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

    /// Names the at-most-once nodes whose body was entered and would be entered again if these nodes, and what did not
    /// succeed, ran again.
    pub fn entered_again(&self, named: &[NodeIx]) -> Vec<NodeIx> {
        let named: BTreeSet<NodeIx> = named.iter().copied().collect();
        let again = self.to_run_again(&named);
        let once = again.iter().filter(|node| self.program.policy(**node).at_most_once);
        let entered = once.filter(|node| {
            let is_fresh = named.contains(node) || self.has_needs_among(**node, &again);
            let keys = self.items.get(node).map_or(0, |items| items.cells.0.len());
            let items = (0u32..).take(keys).map(|item| Key::item(**node, item));
            let mut keys = std::iter::once(Key::node(**node)).chain(items);
            keys.any(|key| self.is_entered_again(key, is_fresh))
        });
        entered.copied().collect()
    }

    fn is_entered_again(&self, key: Key, is_fresh: bool) -> bool {
        let Some(cell) = self.cell(key) else { return false };
        let failure = self.failure(key);
        let is_doubtful =
            cell.has(INTENT) || failure.is_some_and(|failure| failure.class == Class::IN_DOUBT);
        // The items of a map that ended well are kept, unless the map is put together anew.
        let is_kept = key.index().is_some() && !is_fresh && cell.status == NodeStatus::Succeeded;
        let was_entered = cell.attempt > 0 && cell.status != NodeStatus::Skipped;
        if is_doubtful { is_fresh } else { was_entered && !is_kept }
    }

    /// Tells whether the body of a node, or of one of its items, was entered, as far as anybody knows.
    pub fn was_entered(&self, node: NodeIx) -> bool {
        let items = self.items.get(&node).into_iter().flat_map(|items| &items.cells.0);
        let mut cells = std::iter::once(&self.cells[node]).chain(items);
        cells.any(|cell| {
            cell.has(INTENT) || (cell.attempt > 0 && cell.status != NodeStatus::Skipped)
        })
    }

    fn has_needs_among(&self, node: NodeIx, again: &BTreeSet<NodeIx>) -> bool {
        let needs = self.program.node(node).map_or(&[][..], |node| &node.needs);
        needs.iter().filter_map(|need| self.program.find(need)).any(|need| again.contains(&need))
    }

    /// Makes a node new; `true` when the items of a map are kept, because its list cannot have changed.
    fn forget(&mut self, node: NodeIx, is_fresh: bool) -> bool {
        let is_kept = !is_fresh
            && self.items.contains_key(&node)
            && self.cells[node].status != NodeStatus::Succeeded;
        let had_succeeded = self.cells[node].status == NodeStatus::Succeeded;
        self.cells[node] = self.renew(Key::node(node), self.cells[node], is_fresh);
        let inside = Key::item(node, 0)..=Key::undo(node);
        if is_kept {
            self.renew_items(node);
            return true;
        }
        self.items.remove(&node);
        let details: Vec<Key> = self.details.range(inside.clone()).map(|(key, _)| *key).collect();
        for key in details {
            self.details.remove(&key);
        }
        if had_succeeded {
            let memos: Vec<Key> = self.memos.range(inside).map(|(key, _)| *key).collect();
            for key in memos {
                self.memos.remove(&key);
            }
        }
        false
    }

    /// Keeps the items that succeeded; the others run again.
    fn renew_items(&mut self, node: NodeIx) {
        let Some(mut items) = self.items.remove(&node) else { return };
        items.next = 0;
        items.open = 0;
        items.left = 0;
        items.failed = 0;
        items.first_failed = None;
        for (item, cell) in (0u32..).zip(&mut items.cells.0) {
            if !matches!(cell.status, NodeStatus::Succeeded | NodeStatus::Skipped) {
                items.left += 1;
                *cell = self.renew(Key::item(node, item), *cell, false);
                if cell.has(INTENT) {
                    cell.turn(NodeStatus::InDoubt);
                }
            }
        }
        self.items.insert(node, items);
    }

    /// Makes a key new: its attempts count no more, but their numbers go on. What its bodies saved is kept when it had
    /// not succeeded: that part was paid for. What was entered at most once and may have been done stays in doubt,
    /// unless somebody wants it to run `fresh`.
    fn renew(&mut self, key: Key, mut cell: Cell, is_fresh: bool) -> Cell {
        let old = self.details.remove(&key).unwrap_or_default();
        // A loop begins again with its first round, which had ended well: what was saved is of another round.
        let lives_again = u32::from(cell.status == NodeStatus::Succeeded || old.round > 0);
        let is_doubtful = cell.has(INTENT)
            || old.failure.as_ref().is_some_and(|failure| failure.class == Class::IN_DOUBT);
        let flags = if is_doubtful && !is_fresh { INTENT } else { 0 };
        if lives_again > 0 {
            self.memos.remove(&key);
        }
        let life = old.life + lives_again;
        if cell.attempt > 0 || life > 0 {
            let detail = self.detail(key);
            detail.count_from(cell.attempt);
            detail.life = life;
        }
        cell.turn(NodeStatus::Pending);
        Cell { attempt: cell.attempt, flags, ..Cell::NEW }
    }

    fn count_needs(&mut self, node: NodeIx, again: &BTreeSet<NodeIx>) {
        let program = self.program.clone();
        let Some(graph_node) = program.node(node) else { return };
        let needs: BTreeSet<NodeIx> =
            graph_node.needs.iter().filter_map(|need| program.find(need)).collect();
        let mut pending = 0;
        for need in needs {
            let settled = self.cells[need];
            let cell = &mut self.cells[node];
            match settled.status {
                _ if again.contains(&need) => pending += 1,
                NodeStatus::Succeeded => cell.set(LIVE),
                NodeStatus::Skipped => cell.set(settled.flags & DEAD),
                _ => cell.set(DEAD),
            }
        }
        self.cells[node].pending = pending;
    }

    /// Tells whether the run can be taken up again.
    pub fn can_retry(&self) -> bool {
        matches!(self.status(), RunStatus::Failed | RunStatus::Cancelled | RunStatus::Succeeded)
    }
}
