//! Stores of earlier versions, and damaged ones.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusion_conformance::damage::{below, damage};
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
        damage(&mut damaged, seed, below(seed, bytes.len()), 300);
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
