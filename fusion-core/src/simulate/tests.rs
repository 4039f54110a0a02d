//! The simulator finds nothing, and finds every mistake that is built in.

use std::collections::BTreeSet;

use super::run::one;
use super::{Options, simulate};

#[test]
fn a_world_repeats_bit_by_bit() {
    for seed in 0..10 {
        let (_, first) = one(seed, &BTreeSet::new(), None, false);
        let (_, again) = one(seed, &BTreeSet::new(), None, true);
        assert_eq!(first.fingerprint, again.fingerprint, "seed {seed}");
    }
}

#[test]
fn nothing_is_wrong() {
    let report = simulate(&Options::new(0..50), &mut |_| true);
    assert!(report.failure.is_none(), "{report}");
}
