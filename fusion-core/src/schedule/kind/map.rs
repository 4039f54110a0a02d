//! Maps: a bounded number of items at a time.

use crate::model::graph::OnItemFailure;
use crate::model::{Class, Command, Decided, Failure, Key, NodeIx, NodeStatus, Record, Then};
use crate::schedule::cells::{Cell, Cells, ISSUED};
use crate::schedule::state::{Items, State};

impl State {
    /// Makes the items of a map and readies the first ones.
    pub(in crate::schedule) fn expand(&mut self, node: NodeIx, count: u32) {
        let cells = Cells(vec![Cell::NEW; count as usize]);
        self.items.insert(node, Items { cells, left: count, ..Items::default() });
        self.wake(Key::node(node));
        self.run_items(node);
    }

    /// Readies the first items that have not run.
    pub(in crate::schedule) fn run_items(&mut self, node: NodeIx) {
        self.set_status(Key::node(node), NodeStatus::Running);
        self.fill(node);
    }

    /// Gives as many items their turn as fit.
    pub(in crate::schedule) fn fill(&mut self, node: NodeIx) {
        if self.is_map_doomed(node) || self.cells[node].status != NodeStatus::Running {
            return;
        }
        let width = self.program.map(node).map_or(1, |map| map.max_parallel.max(1));
        while let Some(items) = self.items.get_mut(&node)
            && items.open < width
            && let Some(cell) = items.cells.0.get(items.next as usize)
        {
            let key = Key::item(node, items.next);
            items.next += 1;
            // After a retry of the run some of them have run already.
            if cell.status == NodeStatus::Pending {
                items.open += 1;
                self.make_ready(key);
            }
        }
    }

    /// Gives the turn of an item that came to be in doubt to another.
    pub(in crate::schedule) fn pass_on(&mut self, key: Key) {
        if key.index().is_some()
            && let Some(items) = self.items.get_mut(&key.node)
        {
            items.open = items.open.saturating_sub(1);
            self.fill(key.node);
        }
    }

    /// Lets an item that was in doubt wait for its turn again.
    pub(in crate::schedule) fn queue_again(&mut self, node: NodeIx, item: u32) {
        self.set_status(Key::item(node, item), NodeStatus::Pending);
        if let Some(items) = self.items.get_mut(&node) {
            items.next = items.next.min(item);
        }
        self.fill(node);
    }

    /// Takes note of a settled item: another one may start in its place.
    pub(in crate::schedule) fn settle_item(
        &mut self,
        (node, item): (NodeIx, u32),
        was: NodeStatus,
        status: NodeStatus,
    ) {
        let Some(items) = self.items.get_mut(&node) else { return };
        if was != NodeStatus::InDoubt {
            items.open = items.open.saturating_sub(1);
        }
        if status == NodeStatus::Cancelled {
            // It has not run, so the map can never succeed.
            return;
        }
        items.left = items.left.saturating_sub(1);
        if status == NodeStatus::Failed {
            items.failed += 1;
            items.first_failed.get_or_insert(item);
            let collects = self.program.map(node).map(|map| map.on_item_failure)
                == Some(OnItemFailure::Collect);
            if collects && self.culprit == Some(Key::item(node, item)) {
                self.culprit = None;
            }
        }
        self.fill(node);
    }

    /// Tells whether an item's failure ends the map before all items have run.
    pub(in crate::schedule) fn is_map_doomed(&self, node: NodeIx) -> bool {
        let Some((map, items)) = self.program.map(node).zip(self.items.get(&node)) else {
            return false;
        };
        items.failed > 0 && map.on_item_failure == OnItemFailure::Stop
    }

    /// Settles a map when its items allow it.
    pub(in crate::schedule) fn conclude_map(&mut self, node: NodeIx, out: &mut Decided) {
        if self.cells[node].status.is_final() {
            return;
        }
        let Some((map, items)) = self.program.map(node).zip(self.items.get(&node)) else { return };
        let doomed = items.failed > 0 && map.on_item_failure == OnItemFailure::Stop;
        if items.left > 0 && !doomed {
            return;
        }
        if items.failed == 0 || map.on_item_failure == OnItemFailure::Collect {
            self.emit(Record::MapSucceeded(node), out);
            return;
        }
        let failure = self.map_failure(node, items);
        if doomed {
            self.stop_items(node, out);
        }
        let attempt = self.attempts(Key::node(node)).saturating_add(1);
        let failure = Box::new(failure);
        self.emit(Record::NodeFailed(Key::node(node), attempt, 0, failure, Then::End), out);
    }

    /// Gives up what items of a settled map wait for. Bodies that run are told to stop, child runs are still heard.
    pub(in crate::schedule) fn abandon_items(&mut self, node: NodeIx) {
        let Some(items) = self.items.get(&node) else { return };
        let open: Vec<(Key, NodeStatus)> = (0u32..)
            .zip(&items.cells.0)
            .filter(|(_, cell)| !cell.status.is_final())
            .map(|(item, cell)| (Key::item(node, item), cell.status))
            .collect();
        for (key, status) in open {
            match status {
                NodeStatus::Retrying => self.end_pause(key),
                NodeStatus::Waiting if self.children.contains(&key) => {}
                NodeStatus::Pending | NodeStatus::Waiting => {
                    self.end_wait(key);
                    self.set_status(key, NodeStatus::Cancelled);
                }
                _ => {}
            }
        }
    }

    fn map_failure(&self, node: NodeIx, items: &Items) -> Failure {
        let first = Key::item(node, items.first_failed.unwrap_or(0));
        let cause = self.failure(first).cloned().unwrap_or_else(|| Failure::error("unknown"));
        let text = self.program.key_text(first);
        let message = match items.failed {
            1 => format!("item `{text}` failed: {}", cause.message),
            n => format!("{n} items failed, first `{text}`: {}", cause.message),
        };
        Failure { message, ..cause }
    }

    fn stop_items(&mut self, node: NodeIx, out: &mut Decided) {
        let Some(items) = self.items.get(&node) else { return };
        let running = (0u32..)
            .zip(&items.cells.0)
            .filter(|(_, cell)| cell.has(ISSUED) && !cell.status.is_final());
        out.extend(running.map(|(item, _)| Command::Stop(Key::item(node, item))));
        let children = self.children().filter(|(key, _)| key.node == node && key.index().is_some());
        out.extend(children.map(|(_, run)| Command::StopChild(run.clone())));
    }

    /// Tells whether an item's map has already ended: such an item starts no more, and its end changes nothing.
    pub(in crate::schedule) fn is_orphan(&self, key: Key) -> bool {
        key.index().is_some() && self.cells[key.node].status.is_final()
    }

    /// Makes the failure of a loop that never met its condition.
    pub(in crate::schedule) fn too_many_rounds(max: u32) -> Failure {
        Failure::new(Class::LIMIT, format!("the condition did not hold after {max} rounds"))
    }
}
