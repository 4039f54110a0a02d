//! What has to be the same in a live state and in one that was folded from the journal.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Key, NodeIx, NodeStatus, Payload};
use crate::schedule::cells::{Cell, ISSUED};
use crate::schedule::state::{Detail, Phase, State};

/// What a cell says in every fold of the same records. That a pause is over has no record.
type Fixed = (NodeStatus, u8, u16, u32, Payload);

/// The counts of a map, its first failure, its items.
type Inside = ([u32; 4], Option<u32>, Vec<Fixed>);

/// The durable part of a state.
#[derive(Debug, PartialEq)]
pub(super) struct Durable {
    nodes: Vec<Fixed>,
    items: BTreeMap<NodeIx, Inside>,
    details: BTreeMap<Key, Detail>,
    memos: BTreeMap<Key, BTreeMap<String, Payload>>,
    undos: BTreeMap<NodeIx, (NodeStatus, u16)>,
    sets: (BTreeSet<Key>, BTreeSet<Key>, Vec<NodeIx>, usize),
    run: String,
}

pub(super) fn durable(state: &State) -> Durable {
    let fixed = |cell: &Cell| {
        let output = state.outputs.get(cell.slot).clone();
        (open(cell.status), cell.flags & !ISSUED, cell.attempt, cell.pending, output)
    };
    let items = state.items.iter().map(|(node, items)| {
        let cells = items.cells.0.iter().map(fixed).collect();
        let counts = [items.next, items.open, items.left, items.failed];
        (*node, (counts, items.first_failed, cells))
    });
    let details = state.details.iter().filter(|(_, detail)| **detail != Detail::default());
    let undos = state.undos.iter().map(|(node, cell)| (*node, (open(cell.status), cell.attempt)));
    Durable {
        nodes: state.cells.0.iter().map(fixed).collect(),
        items: items.collect(),
        details: details.map(|(key, detail)| (*key, detail.clone())).collect(),
        memos: state.memos.clone(),
        undos: undos.filter(|(_, (status, _))| *status != NodeStatus::Ready).collect(),
        sets: (state.children.clone(), state.intents.clone(), state.done.clone(), state.undone),
        run: format!(
            "{:?}",
            (
                (&state.left, &state.paused, &state.ending, &state.culprit),
                (&state.cancel, &state.result, &state.seq, &state.signals),
            )
        ),
    }
}

fn open(status: NodeStatus) -> NodeStatus {
    match status {
        NodeStatus::Retrying | NodeStatus::Ready => NodeStatus::Ready,
        // An undoing that has no record yet.
        other => other,
    }
}

/// Checks the timers of a live state against those of its shadow: only pauses that are over may be missing, and the limits of
/// child runs that were told to end.
pub(super) fn check_timers(live: &State, shadow: &State, now: i64) {
    if live.phase != Phase::Forward {
        return;
    }
    assert!(live.timers.is_subset(&shadow.timers), "{:?} ⊄ {:?}", live.timers, shadow.timers);
    for (due, key) in shadow.timers.difference(&live.timers) {
        let status = live.cell(*key).map(|cell| cell.status);
        let told = live.wait(*key).is_some_and(|wait| wait.child().is_some());
        assert!(
            *due <= now && (told || status == Some(NodeStatus::Ready)),
            "{key:?} lost its timer {due} at {now}: {status:?}"
        );
    }
}
