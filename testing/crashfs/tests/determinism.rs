//! The same seed and the same operations give the same disk, byte for byte; alone in its process, see `seed_sqlite`.

#![cfg(test)]

use std::collections::BTreeMap;

use fusion_crashfs::{Crash, Disk, Faults, seed_sqlite};

#[derive(Debug, PartialEq)]
struct Run {
    fingerprint: u64,
    trace: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    time_ms: u64,
}

fn run(seed: u64, op: u64) -> Run {
    seed_sqlite(77);
    let disk = Disk::new(seed);
    disk.set_faults(Faults { failing_syncs: Some(9..10), ..Faults::default() });
    disk.crash_at(op, Crash::Power);
    for _ in 0..2 {
        // The work ends at the crash, or at the failed sync.
        let _ = disk.connect("app.db").and_then(|db| {
            db.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE IF NOT EXISTS t(x)")?;
            for _ in 0..8 {
                db.execute_batch(
                    "INSERT INTO t VALUES (hex(randomblob(900)) || strftime('%f', 'now'))",
                )?;
            }
            db.execute_batch("VACUUM")
        });
        disk.restart();
    }
    Run {
        fingerprint: disk.fingerprint(),
        trace: disk.trace(),
        files: disk.files(),
        time_ms: disk.time_ms(),
    }
}

#[test]
fn one_seed_is_one_run() {
    let mut different = 0;
    for op in 1..60 {
        let first = run(5, op);
        assert_eq!(first, run(5, op), "op {op}");
        different += usize::from(first.files != run(6, op).files);
    }
    assert!(different > 10, "another seed is another disk: {different}");
}
