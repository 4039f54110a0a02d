//! Which transitions this thread's test has seen.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::model::{NodeStatus, RunStatus};

thread_local! {
    static NODES: RefCell<BTreeSet<(NodeStatus, NodeStatus)>> = const { RefCell::new(BTreeSet::new()) };
    static RUNS: RefCell<BTreeSet<(RunStatus, RunStatus)>> = const { RefCell::new(BTreeSet::new()) };
}

pub(in crate::schedule) fn took_node(from: NodeStatus, to: NodeStatus) {
    NODES.with_borrow_mut(|seen| seen.insert((from, to)));
}

pub(super) fn took_run(from: RunStatus, to: RunStatus) {
    if from != to {
        RUNS.with_borrow_mut(|seen| seen.insert((from, to)));
    }
}

pub(super) fn nodes() -> BTreeSet<(NodeStatus, NodeStatus)> {
    NODES.take()
}

pub(super) fn runs() -> BTreeSet<(RunStatus, RunStatus)> {
    RUNS.take()
}
