//! Damage to single values of an SQLite store: it is reported, whatever asks for the value, and stops nothing else.

#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::contract::{Env, Queue, Records, Store};
use fusion_core::error::{Code, Error};
use fusion_core::model::{
    Append, Batch, Claim, Document, Enqueue, Entry, Key, NodeIx, Op, Payload, Receipt, Record,
    Release, Session, SessionId,
};
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_core::run::Os;
use tempfile::TempDir;

const ME: SessionId = SessionId(7);
const NOW: i64 = 1_000;

fn env() -> Arc<dyn Env> {
    Os::new().unwrap()
}

fn inline(path: &Path) -> Result<Sqlite, Error> {
    Sqlite::inline(Options::new(path), &env())
}

async fn commit(store: &Sqlite, ops: Vec<Op>) -> Result<Receipt, Error> {
    store.commit(Batch { now: NOW, ops }).await
}

fn beat() -> Op {
    Op::Beat(Session { id: ME, until: 1_000_000, info: "me".to_owned() })
}

fn claim(queue: &str) -> Op {
    Op::Claim(Claim { queues: vec![queue.into()], limit: 10, session: ME })
}

fn entry(queue: &str, dedup: &str, due: i64) -> Enqueue {
    let body = dedup.as_bytes().to_vec().into();
    Enqueue { queue: queue.into(), dedup: Some(dedup.into()), due, body, ..Enqueue::default() }
}

fn document(id: &str) -> Document {
    let body = b"{}".as_slice().into();
    Document { kind: "k".into(), id: id.into(), version: 0, at: 0, tag: "t".into(), body }
}

/// Makes a store with entries in every state: one ready, one for later, one held, one of a stream, one called as its stream
/// is, one woken.
async fn fill(path: &Path) -> Vec<Entry> {
    let store = inline(path).unwrap();
    let key = Key::node(NodeIx(1));
    let record = Record::MemoSaved(key, "m".to_owned(), Payload::NULL);
    let append = Append { stream: "run/a".into(), expect: 0, epoch: 0, records: vec![record] };
    let streamed = Enqueue { stream: Some("run/a".into()), ..entry("held", "streamed", 5) };
    let named = Enqueue { stream: Some("run/b".into()), ..entry("later", "run/b", NOW + 600) };
    let first = vec![
        beat(),
        Op::Append(append),
        Op::Enqueue(entry("ready", "ready", 5)),
        Op::Enqueue(entry("ready", "fine", 6)),
        Op::Enqueue(entry("later", "later", NOW + 500)),
        Op::Enqueue(entry("held", "held", 5)),
        Op::Enqueue(streamed),
        Op::Enqueue(named),
        Op::Put(document("one"), None),
        claim("held"),
    ];
    commit(&store, first).await.unwrap();
    let wake = Some(("held".into(), "elsewhere".into()));
    let message = Enqueue { wake, ..entry("inbox", "message", 0) };
    commit(&store, vec![Op::Enqueue(message)]).await.unwrap();
    let mut entries = Vec::new();
    for dedup in ["ready", "later", "held", "streamed", "message", "run/b"] {
        entries.push(store.entry(dedup).await.unwrap().unwrap());
    }
    store.close().await.unwrap();
    entries
}

fn sql(path: &Path, text: &str) {
    let file = rusqlite::Connection::open(path).unwrap();
    file.execute_batch(text).unwrap();
}

/// Fills a store, changes it behind its back, and opens it again.
async fn damaged(by: &str) -> (TempDir, Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    fill(&path).await;
    sql(&path, by);
    let store = inline(&path).unwrap();
    (folder, store)
}

fn copy(of: &Path, name: &str) -> PathBuf {
    let path = of.with_file_name(format!("{name}.db"));
    std::fs::copy(of, &path).unwrap();
    path
}

fn is_damage<T: std::fmt::Debug>(answer: Result<T, Error>, what: &str) {
    let error = answer.expect_err(what);
    assert_eq!(error.code(), Code::Codec, "{what}: {error:?}");
    assert!(error.message().contains("is damaged"), "{what}: {error}");
}

/// Every way in which a value of an entry may change without anybody having changed it.
const CHANGES: [&str; 16] = [
    "due = due + 1",
    "due = due - 1073741824",
    "due = due | (1 << 62)",
    "state = (state + 1) % 3",
    "state = (state + 2) % 3",
    "state = state + 4",
    "attempts = attempts + 1",
    "epoch = epoch + 1",
    "epoch = epoch + 65536",
    "session = ifnull(session + 1, 7)",
    "queue = queue || 'x'",
    "queue = 1",
    "due = ''",
    "woken = 'q'",
    "flags = flags + 1",
    "stream = ifnull(stream + 1, 1)",
];

/// Ways that only those can see who read what the entry says.
const CONTENTS: [&str; 3] = ["priority = priority + 1", "body = x'00'", "sum = sum + 1"];

#[tokio::test]
async fn no_value_of_an_entry_changes_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    let entries = fill(&whole).await;
    for change in CHANGES.into_iter().chain(CONTENTS) {
        for entry in &entries {
            let path = copy(&whole, "damaged");
            let dedup = entry.dedup.as_deref().unwrap_or_default();
            sql(&path, &format!("UPDATE queue SET {change} WHERE id = {}", entry.id));
            let store = inline(&path).unwrap();
            let what = format!("{change} of {dedup}");
            is_damage(store.entry(dedup).await, &what);
            let problems = store.status(true).await.unwrap().problems;
            assert!(!problems.is_empty(), "{what}: nobody says so");
            if CHANGES.contains(&change) {
                is_refused_everywhere(&store, entry, &what).await;
            }
            store.close().await.unwrap();
            std::fs::remove_file(&path).unwrap();
        }
    }
}

async fn is_refused_everywhere(store: &Sqlite, entry: &Entry, what: &str) {
    let ticket = entry.ticket();
    let release = Release { ticket, due: 9, queue: None };
    let (queue, dedup) = (entry.queue.clone(), entry.dedup.clone());
    let wake = dedup.clone().map(|dedup| (dedup, "awake".into()));
    for op in [
        Op::Complete(ticket),
        Op::Release(release),
        Op::Enqueue(Enqueue { queue, dedup, ..Enqueue::default() }),
        Op::Enqueue(Enqueue { wake, ..Enqueue::default() }),
    ] {
        is_damage(commit(store, vec![op]).await, what);
    }
}

#[tokio::test]
async fn a_streams_name_does_not_change_unseen() {
    let (_folder, store) = damaged("UPDATE names SET name = x'63' WHERE stream = 1").await;
    is_damage(store.entry("streamed").await, "another name");
}

#[tokio::test]
async fn a_damaged_entry_stops_no_other() {
    let (_folder, store) =
        damaged("UPDATE queue SET due = due - 1 WHERE dedup IN ('ready', 'held')").await;
    let claimed = commit(&store, vec![claim("ready")]).await.unwrap().claimed;
    let names: Vec<_> = claimed.iter().map(|entry| entry.dedup.as_deref()).collect();
    assert_eq!(names, [Some("fine")]);
    // The session ends: what it held is free, but for what nobody can trust.
    let receipt = commit(&store, vec![Op::Reap(vec![ME])]).await.unwrap();
    assert_eq!(receipt.released, 2, "`streamed` and `fine`");
    for dedup in ["ready", "held"] {
        is_damage(store.entry(dedup).await, dedup);
    }
    assert!(store.entry("fine").await.unwrap().is_some());
    let problems = store.status(true).await.unwrap().problems;
    assert!(problems.iter().any(|line| line.starts_with("2 queue entries")), "{problems:?}");
}

#[tokio::test]
async fn no_value_of_a_document_changes_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.db");
    fill(&whole).await;
    for change in [
        "version = version + 4",
        "at = at + 1",
        "tag = 'u'",
        "tag = 3",
        "body = x'7b'",
        "sum = sum + 1",
    ] {
        let path = copy(&whole, "damaged");
        sql(&path, &format!("UPDATE records SET {change}"));
        let store = inline(&path).unwrap();
        is_damage(store.get("k", "one").await, change);
        is_damage(store.list("k", None, None, 9).await, change);
        is_damage(commit(&store, vec![Op::Put(document("one"), Some(1))]).await, change);
        // What is written over whatever there was is whole again.
        commit(&store, vec![Op::Put(document("one"), None)]).await.unwrap();
        assert!(store.get("k", "one").await.unwrap().is_some(), "{change}");
        store.close().await.unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}

fn fixture(version: u32) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let name = format!("../../fusion-core/tests/journals/v{version}.db");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), &path).unwrap();
    (folder, path)
}

/// Id, dedup key, which is the name of the stream, due time and epoch of every entry, as versions 1 and 2 kept them.
fn entries_before(path: &Path) -> Vec<(i64, String, i64, i64)> {
    let file = rusqlite::Connection::open(path).unwrap();
    let mut read = file
        .prepare(
            "SELECT q.id, q.dedup, q.due, q.epoch FROM queue q JOIN names n ON n.name = q.dedup
             AND n.stream = q.stream WHERE q.queue = 'runs'",
        )
        .unwrap();
    let rows = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn stores_of_earlier_versions_are_brought_up_to_date() {
    for version in [1, 2] {
        let (_folder, path) = fixture(version);
        let before = entries_before(&path);
        assert!(before.len() > 1, "the fixture has entries");
        // One entry was damaged even then.
        sql(&path, "UPDATE queue SET body = x'00' WHERE id = 2");
        let only_read = Options::parse(&format!("sqlite://{}?mode=ro", path.display())).unwrap();
        assert_eq!(Sqlite::open(only_read, env()).unwrap_err().code(), Code::StoreReadOnly);
        let store = inline(&path).unwrap();
        for (id, dedup, due, epoch) in &before {
            let found = store.entry(dedup).await;
            if *id == 2 {
                is_damage(found, dedup);
                continue;
            }
            let found = found.unwrap().unwrap();
            let numbers = [found.id, found.epoch].map(|number| i64::try_from(number).unwrap());
            assert_eq!((numbers, found.due), ([*id, *epoch], *due));
            assert_eq!((&found.dedup, &found.stream), (&Some(dedup.as_str().into()), &found.dedup));
        }
        let facts = store.status(false).await.unwrap().facts;
        assert!(facts.contains(&("schema".to_owned(), "3".to_owned())), "{facts:?}");
        store.close().await.unwrap();
        // And it is protected from then on.
        sql(&path, "UPDATE queue SET due = due + 1 WHERE id = 1");
        let dedup = before.first().map(|(_, dedup, ..)| dedup.as_str()).unwrap();
        is_damage(inline(&path).unwrap().entry(dedup).await, "after the steps");
    }
}

#[tokio::test]
async fn a_whole_store_of_an_earlier_version_is_whole_afterwards() {
    for version in [1, 2] {
        let (_folder, path) = fixture(version);
        let before = rusqlite::Connection::open(&path).unwrap();
        let count = |sql: &str| -> i64 { before.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(count("PRAGMA user_version"), i64::from(version));
        let counts = ["queue", "records", "streams", "blobs"]
            .map(|table| count(&format!("SELECT count(*) FROM {table}")).to_string());
        drop(before);
        let store = inline(&path).unwrap();
        let status = store.status(true).await.unwrap();
        assert_eq!(status.problems, Vec::<String>::new());
        for (fact, count) in ["entries", "documents", "streams", "blobs"].into_iter().zip(counts) {
            assert!(status.facts.contains(&(fact.to_owned(), count)), "{fact}");
        }
        let runs = store.list("run", Some("running"), None, 9).await.unwrap().items;
        let ids: Vec<_> = runs.iter().map(|run| run.id.as_ref()).collect();
        assert_eq!(ids, ["reference.trip", "reference.child", "reference"]);
    }
}
