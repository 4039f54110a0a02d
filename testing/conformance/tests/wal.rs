//! Damage to what is only in the WAL: the store is as it was after some commit, or it says what is wrong.
//!
//! SQLite ends the WAL at the first frame whose checksum, which runs on over all frames before, is wrong: what a power cut
//! tore and what the device damaged look alike. So damage there may cost the last commits, and nothing else.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_conformance::damage::{below, damage};
use fusion_core::contract::{Env, Journal, Queue, Records, Store};
use fusion_core::error::{Code, Error};
use fusion_core::model::{Append, Batch, Document, Enqueue, Key, NodeIx, Op, Payload, Record};
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_core::run::Os;

/// How many commits there are.
const COMMITS: u32 = 40;
/// After how many of them the WAL is written back into the file, if at all.
const CHECKPOINT: u32 = 15;

fn inline(path: &Path) -> Result<Sqlite, Error> {
    let env: Arc<dyn Env> = Os::new().unwrap();
    Sqlite::inline(Options::new(path), &env)
}

fn record(number: u32) -> Record {
    let text = "x".repeat(number as usize * 37 % 900);
    Record::MemoSaved(Key::node(NodeIx(number)), text, Payload::json(&number).unwrap())
}

/// A commit that changes every kind of thing.
fn batch(number: u32) -> Batch {
    let (stream, expect) = ("run/a".into(), u64::from(number));
    let append = Append { stream, expect, epoch: 0, records: vec![record(number)] };
    let (id, body) = (format!("{number:03}"), number.to_le_bytes().to_vec());
    let document = Document {
        kind: "k".into(),
        id: "counter".into(),
        version: 0,
        at: 0,
        tag: id.as_str().into(),
        body: body.clone().into(),
    };
    let dedup = Some(id.into());
    let entry = Enqueue { queue: "q".into(), dedup, body: body.into(), ..Enqueue::default() };
    let ops = vec![Op::Append(append), Op::Put(document, None), Op::Enqueue(entry)];
    Batch { now: i64::from(number), ops }
}

/// Says after how many commits the store is; panics when it is between two.
async fn commits(store: &Sqlite) -> Result<u32, Error> {
    let records = store.read("run/a", 0, 1_000).await?;
    let document = store.get("k", "counter").await?;
    let entries = store.entries("q", 0, 1_000).await?;
    let count = u32::try_from(records.len()).unwrap();
    for (number, stamped) in (0..).zip(&records) {
        assert_eq!((stamped.at, &stamped.record), (i64::from(number), &record(number)));
    }
    assert_eq!(document.as_ref().map_or(0, |found| found.version), u64::from(count));
    let last = count.checked_sub(1).map(|last| last.to_le_bytes().to_vec());
    assert_eq!(document.map(|found| found.body.to_vec()), last, "another document");
    let bodies: Vec<_> = entries.iter().map(|entry| entry.body.to_vec()).collect();
    let expected: Vec<_> = (0..count).map(|number| number.to_le_bytes().to_vec()).collect();
    assert_eq!(bodies, expected, "other entries");
    Ok(count)
}

/// A store whose writer died, as its three files.
struct Left {
    files: Vec<(&'static str, Vec<u8>)>,
    /// After how many commits the file is without the WAL.
    least: u32,
}

/// Makes one.
async fn leave(folder: &Path, checkpoint: Option<u32>) -> Left {
    let path = folder.join("left.db");
    let store = inline(&path).unwrap();
    for number in 0..COMMITS {
        store.commit(batch(number)).await.unwrap();
        if checkpoint == Some(number + 1) {
            let other = rusqlite::Connection::open(&path).unwrap();
            other.query_row("PRAGMA wal_checkpoint(restart)", [], |_| Ok(())).unwrap();
        }
    }
    let read = |ending| (ending, std::fs::read(at(&path, ending)).unwrap());
    let files = vec![read(""), read("-wal"), read("-shm")];
    store.close().await.unwrap();
    for ending in ["", "-turn"] {
        std::fs::remove_file(at(&path, ending)).unwrap();
    }
    Left { files, least: checkpoint.unwrap_or(0) }
}

fn at(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Chooses where a file is damaged.
fn place(length: usize, seed: u64) -> usize {
    let place = match seed % 3 {
        // Headers decide most.
        0 => below(seed, 64.min(length)),
        1 => 32 + below(seed, length / 4120) * 4120 + below(seed ^ 0x77, 24),
        _ => below(seed, length),
    };
    place.min(length - 1)
}

/// Opens what was left with one of its files damaged. Gives the number of commits that are there.
async fn look(left: &Left, folder: &Path, victim: &str, seed: u64) -> Result<u32, Error> {
    let path = folder.join(format!("{seed}.db"));
    for (ending, bytes) in &left.files {
        let mut bytes = bytes.clone();
        if *ending == victim {
            let place = place(bytes.len(), seed);
            damage(&mut bytes, seed, place, 6_000);
        }
        std::fs::write(at(&path, ending), bytes).unwrap();
    }
    let store = inline(&path)?;
    let count = commits(&store).await?;
    let problems = store.status(true).await?.problems;
    assert_eq!(problems, Vec::<String>::new(), "seed {seed}: the store is not whole");
    // And it goes on from there.
    store.commit(batch(count)).await?;
    assert_eq!(commits(&store).await?, count + 1, "seed {seed}");
    store.close().await?;
    Ok(count)
}

#[tokio::test]
async fn a_damaged_wal_costs_the_last_commits_and_nothing_else() {
    for checkpoint in [None, Some(CHECKPOINT)] {
        let folder = tempfile::tempdir().unwrap();
        let left = leave(folder.path(), checkpoint).await;
        let (mut lost, mut errors) = (0, 0);
        for seed in 0..250 {
            match look(&left, folder.path(), "-wal", seed).await {
                Ok(count) => {
                    assert!((left.least..=COMMITS).contains(&count), "seed {seed}: {count}");
                    lost += u32::from(count < COMMITS);
                }
                Err(error) => {
                    assert!(error.code() >= Code::StoreOpen, "seed {seed}: {error:?}");
                    errors += 1;
                }
            }
        }
        assert!(lost > 50, "{lost} with fewer commits, {errors} errors: nothing was damaged");
    }
}

#[tokio::test]
async fn a_damaged_index_of_the_wal_costs_nothing() {
    for checkpoint in [None, Some(CHECKPOINT)] {
        let folder = tempfile::tempdir().unwrap();
        let left = leave(folder.path(), checkpoint).await;
        for seed in 0..120 {
            let count = look(&left, folder.path(), "-shm", seed).await.unwrap();
            assert_eq!(count, COMMITS, "seed {seed}");
        }
    }
}
