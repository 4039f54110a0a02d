//! Several processes on one file: nobody loses, doubles or waits long; and who is killed keeps its word.

#![cfg(test)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::time::Duration;

use fusion_core::contract::{Env, Journal, Queue, Store};
use fusion_core::error::Code;
use fusion_core::model::{
    Append, Batch, Claim, Enqueue, Key, NodeIx, Op, Payload, Record, Session, SessionId,
};
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_core::run::Os;

/// Names the store for a child of this test; absent in the test itself.
const STORE: &str = "FUSION_TEST_STORE";
/// What a child does.
const ROLE: &str = "FUSION_TEST_ROLE";

fn open(path: &Path) -> Arc<Sqlite> {
    let env: Arc<dyn Env> = Os::new().unwrap();
    Arc::new(Sqlite::open(Options::new(path), env).unwrap())
}

fn record(text: String) -> Record {
    Record::MemoSaved(Key::node(NodeIx(0)), text, Payload::NULL)
}

async fn append(store: &Sqlite, stream: &str, records: Vec<Record>) {
    loop {
        let head = store.head(stream).await.unwrap().unwrap_or_default();
        let (stream, expect, epoch) = (stream.into(), head.seq, head.epoch);
        let append = Append { stream, expect, epoch, records: records.clone() };
        match store.commit(Batch { now: 1, ops: vec![Op::Append(append)] }).await {
            Ok(_) => return,
            Err(error) => assert_eq!(error.code(), Code::Conflict, "{error:?}"),
        }
    }
}

/// Starts this test program again, as a child that only runs [`child`].
#[expect(clippy::disallowed_methods, reason = "only another process can show what processes do")]
fn start(path: &Path, role: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["child", "--exact", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// The body of the children; does nothing in the test's own process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a child is told what to do by its environment")]
async fn child() {
    let (Ok(path), Ok(role)) = (std::env::var(STORE), std::env::var(ROLE)) else { return };
    let store = open(Path::new(&path));
    match role.as_str() {
        "count" => {
            for number in 0.. {
                append(&store, "s", vec![record(number.to_string())]).await;
                println!("\nacknowledged {number}");
            }
        }
        _ => work(&store, role.parse().unwrap()).await,
    }
    store.close().await.unwrap();
}

/// Claims entries until there are none, and writes down which.
async fn work(store: &Sqlite, id: u64) {
    let session = Session { id: SessionId(id), until: 1_000_000, info: id.to_string() };
    store.commit(Batch { now: 1, ops: vec![Op::Beat(session)] }).await.unwrap();
    loop {
        let claim = Claim { queues: vec!["q".into()], limit: 5, session: SessionId(id) };
        let receipt = store.commit(Batch { now: 1, ops: vec![Op::Claim(claim)] }).await.unwrap();
        if receipt.claimed.is_empty() {
            return;
        }
        let done: Vec<Record> = receipt
            .claimed
            .iter()
            .map(|entry| record(entry.dedup.as_deref().unwrap().to_owned()))
            .collect();
        append(store, "done", done).await;
        let ops = receipt.claimed.iter().map(|entry| Op::Complete(entry.ticket())).collect();
        store.commit(Batch { now: 1, ops }).await.unwrap();
    }
}

fn texts(records: Vec<fusion_core::model::Stamped>) -> Vec<String> {
    let text = |record| match record {
        Record::MemoSaved(_, text, _) => text,
        other => panic!("{other:?}"),
    };
    records.into_iter().map(|stamped| text(stamped.record)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = open(&path);
    let entry = |number: u32| Enqueue {
        queue: "q".into(),
        dedup: Some(format!("{number:04}").into()),
        ..Enqueue::default()
    };
    let ops = (0..500).map(|number| Op::Enqueue(entry(number))).collect();
    store.commit(Batch { now: 1, ops }).await.unwrap();
    let mut bell = store.bus().listen(&["stream/done"]);
    let children: Vec<_> = (1..4).map(|id: u64| start(&path, &id.to_string())).collect();
    // The bell rings for what other processes write; a lost hint would be a wait without end.
    tokio::time::timeout(Duration::from_secs(20), bell.heard()).await.unwrap();
    for (mut child, output) in children {
        // The pipe must be emptied, or the child could wait for room.
        drop(output.lines().map_while(Result::ok).last());
        assert!(child.wait().unwrap().success());
    }
    let mut done = texts(store.read("done", 0, 1000).await.unwrap());
    done.sort();
    assert_eq!(done, (0..500).map(|number| format!("{number:04}")).collect::<Vec<_>>());
    assert!(store.entries("q", 0, 1).await.unwrap().is_empty());
    assert!(store.status(true).await.unwrap().problems.is_empty());
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_killed_keep_their_word() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..6_u64 {
        let path = folder.path().join(format!("{round}.db"));
        let (mut child, output) = start(&path, "count");
        let mut acknowledged = None;
        for line in output.lines() {
            let Ok(line) = line else { break };
            let Some(number) = line.strip_prefix("acknowledged ") else { continue };
            acknowledged = Some(number.parse::<u64>().unwrap());
            if acknowledged >= Some(20 + round * 17) {
                // SIGKILL; what the pipe still holds was acknowledged too.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let store = open(&path);
        let head = store.head("s").await.unwrap().unwrap();
        let acknowledged = acknowledged.unwrap() + 1;
        assert!((acknowledged..=acknowledged + 1).contains(&head.seq), "{head:?}, {acknowledged}");
        let found = texts(store.read("s", 0, 10_000).await.unwrap());
        assert_eq!(found, (0..head.seq).map(|number| number.to_string()).collect::<Vec<_>>());
        store.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_another_program_locks_says_so_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let store = open(&path);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let op = |expect| {
        let (stream, records) = ("s".into(), vec![record("r".to_owned())]);
        Op::Append(Append { stream, expect, epoch: 0, records })
    };
    let refused = store.commit(Batch { now: 1, ops: vec![op(0)] }).await;
    assert_eq!(refused.map(|_| ()).map_err(|error| error.code()), Err(Code::StoreBusy));
    assert_eq!(store.head("s").await.unwrap(), None, "reads go on");
    other.execute_batch("COMMIT").unwrap();
    store.commit(Batch { now: 1, ops: vec![op(0)] }).await.unwrap();
    store.close().await.unwrap();
}
