//! What a journal must say by itself.

use std::collections::{BTreeMap, BTreeSet};

use fusion_core::model::{Key, Record, Stamped, Then, Verdict, Wait};

use crate::Fault;
use crate::harness::observe::Story;

/// Judges one journal. Gives how many bodies ended in doubt.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn check(run: &str, story: &Story) -> Result<u64, Fault> {
    let mut settled = BTreeSet::new();
    let mut begun = BTreeSet::new();
    let mut doubtful = BTreeSet::new();
    let mut timers = BTreeMap::new();
    let mut doubts = 0;
    let mut over = false;
    for (place, stamped) in (1..).zip(&story.journal) {
        let Stamped { seq, at, record } = stamped;
        let wrong = |what: &str| -> Result<u64, Fault> {
            Err(format!("run {run}, record {seq} {record:?}: {what}").into())
        };
        if *seq != place {
            return wrong("there is a gap before it");
        }
        if over {
            return wrong("the run had ended");
        }
        match record {
            Record::RunFinished(..) => over = true,
            Record::NodeStarted(key, _) if !begun.insert(*key) => {
                return wrong("an at-most-once body begins twice");
            }
            Record::Resolved(key, ..) if !doubtful.remove(key) => {
                return wrong("it was not in doubt");
            }
            Record::Resolved(key, Verdict::NotDone, _) => drop(begun.remove(key)),
            Record::NodeWaiting(key, Wait::Timer(due)) => drop(timers.insert(*key, *due)),
            Record::InDoubt(key) => {
                doubts += 1;
                if !doubtful.insert(*key) {
                    return wrong("it was in doubt already");
                }
            }
            _ => {}
        }
        let Some(key) = end_of(record) else { continue };
        if !settled.insert(key) {
            return wrong("the node had its outcome");
        }
        if timers.get(&key).is_some_and(|due| due > at) {
            return wrong("the timer fired before it was due");
        }
    }
    Ok(doubts)
}

/// Gives the key whose outcome this is.
fn end_of(record: &Record) -> Option<Key> {
    match record {
        Record::NodeSucceeded(key, ..)
        | Record::NodeSkipped(key)
        | Record::NodeFailed(key, _, _, _, Then::End) => Some(*key),
        Record::MapSucceeded(node) => Some(Key::node(*node)),
        _ => None,
    }
}
