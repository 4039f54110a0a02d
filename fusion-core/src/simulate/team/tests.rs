//! Worlds with agents: nothing is found, and mistakes are.

use super::super::options::Sabotage;
use super::super::run::one;
use super::super::{Options, simulate};

fn worlds(seeds: std::ops::Range<u64>) -> Options {
    Options { team: true, name: "--agents".to_owned(), ..Options::new(seeds) }
}

#[test]
fn nothing_is_wrong() {
    let report = simulate(&worlds(0..60), &|| true);
    assert!(report.failure.is_none(), "{report}");
    for what in ["messages", "answers of objects", "tasks tried", "tasks told", "machine crashes"] {
        assert!(report.counts.contains_key(what), "{what} never happened: {report}");
    }
}

/// What was found and mended: a process that was taken for dead and spun on a claim that was refused for ever (86), tasks that
/// were never told that what they waited for is completed, since its process died between the two (67), a full disk that
/// was called a failure of the object (176), a task that was cancelled between its start and that of its run (234), an
/// agent that stayed busy with a task that was cancelled while its process was dead (66), a claim that nobody gave back when
/// the disk was full (193), a task that was called cancelled when only its agent was, and lived again (362), an object
/// that spun on a full disk (963), a message whose acknowledgement a full disk refused, and that nobody got again (928).
#[test]
fn what_was_found_stays_mended() {
    for seed in [66, 67, 86, 176, 193, 234, 362, 928, 963] {
        let report = simulate(&worlds(seed..seed + 1), &|| true);
        assert!(report.failure.is_none(), "{report}");
    }
}

#[test]
fn mistakes_are_caught() {
    for sabotage in [Sabotage::AckBeforeCommit, Sabotage::FenceRemoved, Sabotage::LyingSync] {
        let mut options = Options { shrink: false, ..worlds(0..400) };
        options.sabotage = Some(sabotage);
        let report = simulate(&options, &|| true);
        assert!(report.failure.is_some(), "{sabotage:?} was not found");
    }
}

#[test]
fn a_world_repeats_bit_by_bit() {
    for seed in 0..6 {
        let first = one(seed, &worlds(0..1), false).1.fingerprint;
        let again = one(seed, &worlds(0..1), true).1.fingerprint;
        assert_eq!(first, again, "seed {seed}");
    }
}
