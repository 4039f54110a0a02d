//! The SQLite store keeps every promise also when tasks write in their own thread.

#![cfg(test)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use fusion_core::contract::{Blobs, Bus, Env, Journal, Queue, Records, Status, Store};
use fusion_core::error::Result;
use fusion_core::model::{
    Batch, Digest, Document, Entry, Head, Op, Page, Receipt, SessionId, Stamped,
};
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_core::run::Os;

/// A store whose commits are all tried in the caller's thread.
#[derive(Debug)]
struct Here(Sqlite);

#[async_trait]
impl Journal for Here {
    async fn head(&self, stream: &str) -> Result<Option<Head>> {
        self.0.head(stream).await
    }

    async fn read(&self, stream: &str, after: u64, limit: usize) -> Result<Vec<Stamped>> {
        self.0.read(stream, after, limit).await
    }
}

#[async_trait]
impl Queue for Here {
    async fn entry(&self, dedup: &str) -> Result<Option<Entry>> {
        self.0.entry(dedup).await
    }

    async fn entries(&self, queue: &str, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.0.entries(queue, after, limit).await
    }

    async fn next_due(&self, queues: &[Arc<str>]) -> Result<Option<i64>> {
        self.0.next_due(queues).await
    }

    async fn sessions(&self) -> Result<Vec<(SessionId, i64, String)>> {
        self.0.sessions().await
    }
}

#[async_trait]
impl Records for Here {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        self.0.get(kind, id).await
    }

    async fn list(
        &self,
        kind: &str,
        tag: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document>> {
        self.0.list(kind, tag, after, limit).await
    }
}

#[async_trait]
impl Blobs for Here {
    async fn blob(&self, digest: Digest) -> Result<Option<Bytes>> {
        self.0.blob(digest).await
    }
}

#[async_trait]
impl Store for Here {
    async fn commit(&self, batch: Batch) -> Result<Receipt> {
        self.0.commit_here(batch).await
    }

    fn bus(&self) -> Arc<dyn Bus> {
        self.0.bus()
    }

    async fn status(&self, deep: bool) -> Result<Status> {
        self.0.status(deep).await
    }

    async fn close(&self) -> Result<()> {
        self.0.close().await
    }
}

fn open(path: &Path) -> Sqlite {
    let env: Arc<dyn Env> = Os::new().unwrap();
    Sqlite::open(Options::new(path), env).unwrap()
}

async fn keeps_every_promise() {
    let (folder, count) = (tempfile::tempdir().unwrap(), AtomicUsize::new(0));
    fusion_conformance::store::run(&|| {
        let name = format!("{}.db", count.fetch_add(1, Ordering::Relaxed));
        Arc::new(Here(open(&folder.path().join(name))))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_keep_every_promise() {
    keeps_every_promise().await;
}

#[tokio::test]
async fn a_runtime_of_one_thread_leaves_it_to_the_writers() {
    keeps_every_promise().await;
}

fn put(id: &str) -> Batch {
    let document = Document {
        kind: "k".into(),
        id: id.into(),
        version: 0,
        at: 0,
        tag: "".into(),
        body: Bytes::from(vec![7; 3_000]),
    };
    Batch { now: 1, ops: vec![Op::Put(document, None)] }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a test is not of the engine")]
async fn who_writes_alone_all_the_time_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&folder.path().join("busy.db")));
    let (alone, stop) = (store.clone(), Arc::new(AtomicBool::new(false)));
    let stopped = stop.clone();
    let busy = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            alone.commit_here(put("alone")).await.unwrap();
        }
    });
    for number in 0..200 {
        let patience = Duration::from_mins(1);
        let put = store.commit(put(&format!("other {number}")));
        tokio::time::timeout(patience, put).await.unwrap().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    busy.await.unwrap();
    store.close().await.unwrap();
}

/// How many pages of the WAL are not in the file yet.
fn behind(path: &Path) -> i64 {
    let other = rusqlite::Connection::open(path).unwrap();
    let pages = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
    other.query_row("PRAGMA wal_checkpoint(noop)", [], pages).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a test is not of the engine")]
async fn what_a_task_wrote_is_written_back_in_the_pause_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pause.db");
    let store = open(&path);
    // The second time its thread sleeps until somebody wakes it.
    for round in ["first", "second"] {
        store.commit_here(put(round)).await.unwrap();
        while behind(&path) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "a test is not of the engine")]
async fn a_close_waits_for_who_reads_so_that_the_file_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("close.db");
    for number in 0..20 {
        let store = Arc::new(open(&path));
        let ids = (0..500).map(|id| put(&format!("{number} {id}")).ops.remove(0));
        store.commit(Batch { now: 1, ops: ids.collect() }).await.unwrap();
        let readers = [(); 8].map(|()| {
            let store = store.clone();
            tokio::spawn(async move { store.status(true).await.is_ok() })
        });
        tokio::task::yield_now().await;
        store.close().await.unwrap();
        assert!(!folder.path().join("close.db-wal").exists(), "round {number}");
        for reader in readers {
            // Some came too late.
            let _found = reader.await.unwrap();
        }
    }
}
