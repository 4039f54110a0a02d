//! Questions from outside: what is due, what depends on what, and whether a record can be one of this run's.

use std::collections::BTreeSet;

use super::state::State;
use crate::model::{Key, NodeIx, Record};

impl State {
    /// Tells when the first timer, pause or time limit of a wait is over, in milliseconds since 1970; `None` while
    /// no timer matters: the run is paused, or asked to end.
    pub fn due(&self) -> Option<i64> {
        self.timers.first().map(|(due, _)| *due).filter(|_| !self.is_held())
    }

    /// Gives nodes and all that depends on them.
    pub fn descendants(&self, nodes: &[NodeIx]) -> BTreeSet<NodeIx> {
        let mut open = nodes.to_vec();
        let mut all = BTreeSet::new();
        while let Some(node) = open.pop() {
            if all.insert(node) {
                open.extend(self.program.next(node).iter().map(|next| NodeIx(*next)));
            }
        }
        all
    }

    /// Tells whether a record can come next in this run's journal: it names only what the run has.
    pub fn fits(&self, record: &Record) -> bool {
        let known = |node: NodeIx| node.at() < self.program.len();
        let has = |key: &Key| known(key.node) && (key.is_undo() || self.cell(*key).is_some());
        match record {
            Record::RunStarted(_) => false,
            Record::NodeStarted(key, _)
            | Record::NodeSucceeded(key, ..)
            | Record::NodeFailed(key, ..)
            | Record::NodeSkipped(key)
            | Record::NodeWaiting(key, _)
            | Record::NodeResting(key, ..)
            | Record::MemoSaved(key, ..)
            | Record::InDoubt(key)
            | Record::Resolved(key, ..) => has(key),
            Record::MapExpanded(node, count) => {
                self.program.map(*node).is_some()
                    && *count as usize <= crate::model::limits::MAP_ITEMS
            }
            Record::MapSucceeded(node) => self.items.contains_key(node),
            Record::RoundEnded(node, ..) | Record::Answered(node, _) => known(*node),
            Record::RunRetried(nodes, _) => nodes.iter().all(|node| known(*node)),
            _ => true,
        }
    }
}
