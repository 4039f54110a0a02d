//! Stores of earlier versions, and damaged ones.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusion_core::model::Stamped;
use fusion_crash::fixture::{self, RUN};
use fusion_crash::harness::records;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fusion-core/tests/journals")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_earlier_versions_left_are_finished() {
    let names = fixture::names(&folder()).unwrap();
    assert!(!names.is_empty());
    for name in names {
        let program = Path::new(env!("CARGO_BIN_EXE_fusion-crash"));
        let (before, after) = fixture::finish(program, &folder(), &name).await.unwrap();
        assert!(before > 10 && after > before, "{name}: {before} records, then {after}");
    }
}

/// A small generator of the test's own (`SplitMix64`), so that a failure names its seed.
fn random(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (seed >> 7);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn below(seed: u64, bound: usize) -> usize {
    usize::try_from(random(seed)).unwrap() % bound
}

/// Damages a file in a way that the seed chooses: a bit, some bytes of another place, zeros, a cut.
fn damage(bytes: &mut Vec<u8>, seed: u64) {
    let place = below(seed, bytes.len());
    let length = (1 + below(seed ^ 0x55, 300)).min(bytes.len() - place);
    match seed % 8 {
        0 => bytes.truncate(place),
        1 => bytes[place..place + length].fill(0),
        2 => {
            let from = below(seed ^ 0xaa, bytes.len() - length);
            bytes.copy_within(from..from + length, place);
        }
        _ => bytes[place] ^= 1 << below(seed ^ 0x33, 8),
    }
}

/// Counts panics of all threads, those of the store's own included.
fn watch_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        seen.fetch_add(1, Ordering::SeqCst);
        usual(info);
    }));
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_journal_is_reported_or_right() {
    let panics = watch_panics();
    let name = fixture::names(&folder()).unwrap().pop().unwrap();
    let whole = fixture::paths(&folder(), &name).0;
    let bytes = std::fs::read(&whole).unwrap();
    let place = tempfile::tempdir().unwrap();
    let copy = place.path().join("whole.db");
    std::fs::write(&copy, &bytes).unwrap();
    let truth: Vec<Stamped> = records(&copy, RUN).await.unwrap();
    let (mut reported, mut right) = (0, 0);
    for seed in 0..400_u64 {
        let mut damaged = bytes.clone();
        damage(&mut damaged, seed);
        let path = place.path().join(format!("{seed}.db"));
        std::fs::write(&path, &damaged).unwrap();
        match records(&path, RUN).await {
            Err(_) => reported += 1,
            Ok(found) => {
                assert_eq!(
                    found, truth,
                    "seed {seed}: a wrong journal was read and nobody says so"
                );
                right += 1;
            }
        }
        assert_eq!(panics.load(Ordering::SeqCst), 0, "seed {seed}: panicked");
        std::fs::remove_file(&path).unwrap();
    }
    assert!(reported > 50 && right > 50, "{reported} reported, {right} right");
}
