//! Disks that fill, fail and lose power: what was acknowledged stays, and nothing else is claimed.

#![cfg(test)]

use std::sync::Arc;

use fusion_core::contract::{Durability, Env, Journal, Store};
use fusion_core::error::Code;
use fusion_core::model::{Append, Batch, Digest, Enqueue, Key, NodeIx, Op, Payload, Record};
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_core::run::Os;
use fusion_crashfs::{Crash, Disk, Faults};

fn open(disk: &Disk, durability: Durability) -> Result<Sqlite, Code> {
    let env: Arc<dyn Env> = Os::new().unwrap();
    let options = Options::new("x.db").vfs(disk.vfs()).durability(durability);
    Sqlite::inline(options, &env).map_err(|error| error.code())
}

/// Appends record `number` to stream `s` and queues an entry of that number.
async fn commit(store: &Sqlite, number: u64, bytes: usize) -> Result<(), Code> {
    let payload = Payload::from_bytes(vec![7; bytes]);
    let record = Record::MemoSaved(Key::node(NodeIx(0)), number.to_string(), payload);
    let append = Append { stream: "s".into(), expect: number, epoch: 0, records: vec![record] };
    let entry =
        Enqueue { queue: "q".into(), dedup: Some(number.to_string().into()), ..Enqueue::default() };
    let ops = vec![Op::Append(append), Op::Enqueue(entry)];
    store.commit(Batch { now: 1, ops }).await.map(|_| ()).map_err(|error| error.code())
}

/// Counts what is there, and tests that it is whole: a gap-free stream and as many entries.
async fn count(store: &Sqlite) -> u64 {
    use fusion_core::contract::Queue;
    let records = store.read("s", 0, 10_000).await.unwrap();
    for (number, stamped) in records.iter().enumerate() {
        let Record::MemoSaved(_, name, _) = &stamped.record else { panic!("{stamped:?}") };
        assert_eq!(*name, number.to_string());
    }
    let entries = store.entries("q", 0, 10_000).await.unwrap();
    assert_eq!(entries.len(), records.len(), "a batch is whole");
    records.len() as u64
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    let disk = Disk::new(5);
    let store = open(&disk, Durability::Sync).unwrap();
    commit(&store, 0, 100).await.unwrap();
    disk.set_faults(Faults {
        capacity_bytes: Some(disk.used_bytes() + 100_000),
        ..Faults::default()
    });
    let mut done = 1;
    let full = loop {
        match commit(&store, done, 5_000).await {
            Ok(()) => done += 1,
            Err(code) => break code,
        }
        assert!(done < 1000, "the disk never filled");
    };
    assert_eq!(full, Code::StoreFull);
    assert_eq!(commit(&store, done, 50_000).await, Err(Code::StoreFull));
    assert_eq!(count(&store).await, done, "reads go on");
    disk.set_faults(Faults::default());
    commit(&store, done, 50_000).await.unwrap();
    assert_eq!(count(&store).await, done + 1);
    assert!(store.status(true).await.unwrap().problems.is_empty());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_failing_disk_stops_the_store() {
    let mut stopped = 0;
    for operation in 1..400 {
        let disk = Disk::new(operation);
        let store = open(&disk, Durability::Sync).unwrap();
        commit(&store, 0, 100).await.unwrap();
        let (ops, syncs) = (disk.ops() + operation / 2, disk.syncs() + operation / 2);
        disk.set_faults(if operation % 2 == 0 {
            Faults { failing_ops: Some(ops..ops + 1), ..Faults::default() }
        } else {
            Faults { failing_syncs: Some(syncs..syncs + 1), ..Faults::default() }
        });
        let mut done = 1;
        let mut failure = None;
        while failure.is_none() && done < 40 {
            match commit(&store, done, 900).await {
                Ok(()) => done += 1,
                Err(code) => failure = Some(code),
            }
        }
        let Some(code) = failure else { continue };
        assert_eq!(code, Code::StoreFailed, "operation {operation}");
        assert_eq!(commit(&store, done, 10).await, Err(Code::StoreFailed), "for good");
        assert_eq!(store.head("s").await.map_err(|error| error.code()), Err(Code::StoreFailed));
        let _either = store.close().await;
        stopped += 1;
        // What comes next may have lost the page cache too.
        disk.crash(Crash::Power);
        disk.restart();
        disk.set_faults(Faults::default());
        let store = open(&disk, Durability::Sync).unwrap();
        let found = count(&store).await;
        assert!((done..=done + 1).contains(&found), "operation {operation}: {found} of {done}");
        store.close().await.unwrap();
    }
    assert!(stopped > 20, "only {stopped} faults were met");
}

/// Lets the machine stop in every single operation of a small life, and opens what is left.
async fn crash_everywhere(durability: Durability, crash: Crash) -> u64 {
    let mut lost = 0;
    for operation in 1.. {
        let disk = Disk::new(operation);
        disk.crash_at(operation, crash);
        let mut acknowledged = 0;
        if let Ok(store) = open(&disk, durability) {
            while acknowledged < 12 && commit(&store, acknowledged, 700).await.is_ok() {
                acknowledged += 1;
            }
            let blob = vec![operation.to_le_bytes()[0]; 9_000];
            let put = Op::Blob(Digest::of(&blob), blob.into());
            let _either = store.commit(Batch { now: 1, ops: vec![put] }).await;
            let _either = store.close().await;
        }
        if !disk.crashed() {
            assert!(operation > 100, "the life was too short: {operation}");
            return lost;
        }
        disk.restart();
        let store = open(&disk, durability).unwrap();
        let found = count(&store).await;
        assert!(found <= acknowledged + 1, "operation {operation}: {found} of {acknowledged}");
        let survives = durability == Durability::Sync || crash == Crash::Process;
        assert!(
            !survives || found >= acknowledged,
            "operation {operation}: {found} of {acknowledged}"
        );
        lost += acknowledged.saturating_sub(found);
        // It goes on as if nothing had been.
        commit(&store, found, 10).await.unwrap();
        let problems = store.status(true).await.unwrap().problems;
        assert!(problems.is_empty(), "operation {operation}: {problems:?}");
        store.close().await.unwrap();
    }
    lost
}

/// A process dies between a write and its sync; who opens the file next sees the write, and acts on it. Then the power fails.
#[tokio::test]
async fn what_was_seen_after_a_kill_outlives_a_power_cut() {
    let mut seen_beyond = 0;
    for operation in 1.. {
        let disk = Disk::new(operation);
        disk.crash_at(operation, Crash::Process);
        let mut acknowledged = 0;
        if let Ok(store) = open(&disk, Durability::Sync) {
            while acknowledged < 6 && commit(&store, acknowledged, 700).await.is_ok() {
                acknowledged += 1;
            }
            let _either = store.close().await;
        }
        if !disk.crashed() {
            break;
        }
        disk.restart();
        let store = open(&disk, Durability::Sync).unwrap();
        let seen = count(&store).await;
        seen_beyond += seen.saturating_sub(acknowledged);
        disk.crash(Crash::Power);
        drop(store);
        disk.restart();
        let store = open(&disk, Durability::Sync).unwrap();
        let found = count(&store).await;
        assert!(found >= seen, "operation {operation}: {found} of {seen}");
        store.close().await.unwrap();
    }
    assert!(seen_beyond > 0, "nothing was seen that nobody was told of");
}

#[tokio::test]
async fn a_power_cut_takes_nothing_that_was_acknowledged() {
    assert_eq!(crash_everywhere(Durability::Sync, Crash::Power).await, 0);
}

#[tokio::test]
async fn a_killed_process_takes_nothing_that_was_acknowledged() {
    assert_eq!(crash_everywhere(Durability::Sync, Crash::Process).await, 0);
    assert_eq!(crash_everywhere(Durability::Relaxed, Crash::Process).await, 0);
}

/// The weaker promise is really weaker, and what is lost is a suffix: `count` tests that there is no hole.
#[tokio::test]
async fn a_relaxed_store_loses_a_suffix_at_most() {
    assert!(crash_everywhere(Durability::Relaxed, Crash::Power).await > 0);
}
