//! What SQLite stores refuse to open, and what they find in damaged files.

#![cfg(test)]

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use fusion_conformance::damage::{below, flip};
use fusion_core::contract::{Blobs, Durability, Env, Journal, Queue, Records, Store};
use fusion_core::error::{Code, Error};
use fusion_core::model::{
    Append, Batch, Digest, Document, Enqueue, Key, NodeIx, Op, Payload, Record,
};
use fusion_core::record::open;
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_core::run::Os;

fn env() -> Arc<dyn Env> {
    Os::new().unwrap()
}

fn inline(path: &Path) -> Result<Sqlite, Error> {
    Sqlite::inline(Options::new(path), &env())
}

async fn refused(url: &str) -> (Code, String) {
    let error = open(url, env()).await.unwrap_err();
    (error.code(), format!("{error:?}"))
}

#[tokio::test]
async fn urls_that_cannot_be_understood() {
    for (url, hint) in [
        ("postgres://localhost/x", "not in this build"),
        ("sqlit://x.db", "did you mean `sqlite`?"),
        ("memory://x", "takes nothing"),
        ("sqlite://", "names no file"),
        ("", "names no file"),
        ("sqlite://x.db?durabilty=relaxed", "did you mean `durability`?"),
        ("sqlite://x.db?durability=relax", "did you mean `relaxed`?"),
        (":memory:", "write memory://"),
    ] {
        let (code, text) = refused(url).await;
        assert_eq!(code, Code::StoreUrl, "{url}: {text}");
        assert!(text.contains(hint), "{url}: {text}");
    }
    assert!(open("memory://", env()).await.is_ok());
}

#[tokio::test]
async fn places_that_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    assert_eq!(refused(&at("")).await.0, Code::StoreOpen);
    assert_eq!(refused(&at("no/such/folder/x.db")).await.0, Code::StoreOpen);
    // The kernel lets nobody make files there, root included.
    assert_eq!(refused("/sys/x.db").await.0, Code::StoreReadOnly);
    assert_eq!(refused("/sys/x/y.db").await.0, Code::StoreReadOnly);
    let made = open(&at("made/x.db"), env()).await.unwrap();
    made.close().await.unwrap();
    assert!(folder.path().join("made/x.db").exists());
}

#[tokio::test]
async fn a_newer_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    inline(&path).unwrap().close().await.unwrap();
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = inline(&path).unwrap_err();
    assert_eq!(error.code(), Code::StoreNewer);
    assert!(error.message().contains("schema 99"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn foreign_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.db");
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE mine(x)").unwrap();
    drop(foreign);
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "dear diary, ".repeat(1000)).unwrap();
    for path in [path, text] {
        let before = std::fs::read(&path).unwrap();
        let error = inline(&path).unwrap_err();
        assert_eq!(error.code(), Code::StoreCorrupt, "{error:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    inline(&empty).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn a_schema_made_by_other_steps_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    inline(&path).unwrap().close().await.unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE meta SET checksum = checksum + 1", []).unwrap();
    drop(other);
    assert_eq!(inline(&path).unwrap_err().code(), Code::StoreCorrupt);
}

#[tokio::test]
async fn what_is_promised_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db").display().to_string();
    for (url, promise) in [
        (path.clone(), Durability::Sync),
        (format!("sqlite://{path}?durability=sync"), Durability::Sync),
        (format!("{path}?durability=relaxed"), Durability::Relaxed),
    ] {
        let store = open(&url, env()).await.unwrap();
        let status = store.status(false).await.unwrap();
        assert_eq!(status.durability, promise, "{url}");
        assert_eq!(status.url.contains("relaxed"), promise == Durability::Relaxed, "{url}");
        store.close().await.unwrap();
    }
    let file = rusqlite::Connection::open(&path).unwrap();
    let pragma = |name: &str| -> String {
        let text = |row: &rusqlite::Row<'_>| row.get_ref(0).map(|value| format!("{value:?}"));
        file.query_row(&format!("PRAGMA {name}"), [], text).unwrap()
    };
    assert_eq!(pragma("page_size"), "Integer(4096)");
    assert_eq!(pragma("journal_mode"), format!("{:?}", rusqlite::types::ValueRef::Text(b"wal")));
}

/// What the store of the damage test holds.
struct Truth {
    streams: Vec<(String, Vec<Record>)>,
    documents: Vec<(String, Bytes)>,
    entries: Vec<(String, Bytes)>,
    blob: Bytes,
}

fn truth() -> Truth {
    let record = |number: u32| {
        Record::MemoSaved(
            Key::node(NodeIx(number)),
            "m".to_owned(),
            Payload::json(&number).unwrap(),
        )
    };
    let streams =
        (0..12).map(|n| (format!("run/{n}"), (n * 50..n * 50 + 30).map(record).collect()));
    let body = |n: u32| Bytes::from(format!("body {n}").repeat(9));
    Truth {
        streams: streams.collect(),
        documents: (0..20).map(|n| (format!("doc-{n:02}"), body(n))).collect(),
        entries: (0..20).map(|n| (format!("key-{n:02}"), body(n + 100))).collect(),
        blob: Bytes::from((0..90_000_u32).map(|n| n.to_le_bytes()[1]).collect::<Vec<u8>>()),
    }
}

async fn write(path: &Path, truth: &Truth) {
    let store = inline(path).unwrap();
    let mut ops = vec![Op::Blob(Digest::of(&truth.blob), truth.blob.clone())];
    for (id, body) in &truth.documents {
        let (kind, id, tag) = ("run".into(), id.as_str().into(), "t".into());
        let document = Document { kind, id, version: 0, at: 0, tag, body: body.clone() };
        ops.push(Op::Put(document, None));
    }
    for (key, body) in &truth.entries {
        let dedup = Some(key.as_str().into());
        let entry = Enqueue { queue: "q".into(), dedup, body: body.clone(), ..Enqueue::default() };
        ops.push(Op::Enqueue(entry));
    }
    store.commit(Batch { now: 1, ops }).await.unwrap();
    for part in 0..6 {
        for (stream, records) in &truth.streams {
            let records = records[part * 5..part * 5 + 5].to_vec();
            let (stream, expect) = (stream.as_str().into(), part as u64 * 5);
            let append = Op::Append(Append { stream, expect, epoch: 0, records });
            store.commit(Batch { now: 2, ops: vec![append] }).await.unwrap();
        }
    }
    store.close().await.unwrap();
}

/// Reads all that there is; gives what is not there any more, or an error that says so. Anything else is a wrong answer.
async fn read(store: &Sqlite, truth: &Truth) -> Result<Vec<String>, Error> {
    let mut missing = Vec::new();
    for (stream, records) in &truth.streams {
        let found = store.read(stream, 0, 1000).await?;
        if found.is_empty() {
            missing.push(stream.clone());
            continue;
        }
        let found: Vec<Record> = found.into_iter().map(|stamped| stamped.record).collect();
        assert_eq!(&found, records, "wrong records");
    }
    for (id, body) in &truth.documents {
        match store.get("run", id).await? {
            Some(document) => {
                assert_eq!(document.body, *body, "wrong document");
                let rest = (document.version, document.at, document.tag.as_ref());
                assert_eq!(rest, (1, 1, "t"), "wrong document");
            }
            None => missing.push(id.clone()),
        }
    }
    for (key, body) in &truth.entries {
        match store.entry(key).await? {
            Some(entry) => {
                assert_eq!(entry.body, *body, "wrong entry");
                let whole = (entry.queue.as_ref(), entry.due, entry.attempts, entry.epoch);
                assert_eq!(whole, ("q", 0, 0, 0), "wrong entry");
                assert_eq!((entry.session, entry.stream), (None, None), "wrong entry");
            }
            None => missing.push(key.clone()),
        }
    }
    match store.blob(Digest::of(&truth.blob)).await? {
        Some(bytes) => assert_eq!(bytes, truth.blob, "wrong blob"),
        None => missing.push("blob".to_owned()),
    }
    Ok(missing)
}

#[tokio::test]
async fn a_flipped_bit_is_found_or_harmless() {
    let (folder, truth) = (tempfile::tempdir().unwrap(), truth());
    let whole = folder.path().join("whole.db");
    write(&whole, &truth).await;
    let bytes = std::fs::read(&whole).unwrap();
    let (mut errors, mut absent) = (0, 0);
    for seed in 0..600_u64 {
        let mut damaged = bytes.clone();
        flip(&mut damaged, below(seed, bytes.len() * 8));
        let path = folder.path().join(format!("{seed}.db"));
        std::fs::write(&path, &damaged).unwrap();
        let store = match inline(&path) {
            Ok(store) => store,
            Err(error) => {
                assert!(error.code() >= Code::StoreOpen, "seed {seed}: {error:?}");
                errors += 1;
                continue;
            }
        };
        match read(&store, &truth).await {
            Err(_) => errors += 1,
            Ok(missing) if missing.is_empty() => {}
            Ok(missing) => {
                absent += 1;
                let problems = store.status(true).await.map(|status| status.problems);
                let known = problems.is_ok_and(|problems| problems.is_empty());
                assert!(!known, "seed {seed}: {missing:?} is missing and nobody says so");
            }
        }
        // It may still be closed, and whatever that says it must not panic.
        let _either = store.close().await;
    }
    assert!(errors > 50, "{errors} errors, {absent} absences: the damage was not noticed");
}
