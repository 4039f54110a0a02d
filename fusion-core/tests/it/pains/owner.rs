//! Ownership is a lease: it is renewed while a body runs, it is fenced when it is lost, and any process may take over.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fusion_core::Fusion;
use fusion_core::contract::Store;
use fusion_core::model::{Batch, Graph, Op, RunStatus};
use fusion_core::run::Options;
use serde_json::{Value, json};

use super::bed::{Count, Disk, env, outcomes, signal, until};

/// Registers a step that takes its time, or for ever the first time.
fn slow(fusion: &Fusion, count: &Count, ms: u64) {
    let count = count.clone();
    fusion.step("slow", move |_: Value| {
        let n = count.add();
        async move {
            crate::pause(ms).await;
            Ok(n)
        }
    });
}

fn graph() -> Graph {
    Graph::new("slow").step("a", "slow").output("n", "{{ nodes.a }}")
}

/// Thread 11: a body that takes much longer than the lease is not run a second time while it runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_body_is_not_run_twice() {
    let disk = Disk::new();
    let options = Options { lease_ms: 400, ..Options::default() };
    let (first, second) = (disk.open_with(options.clone()).await, disk.open_with(options).await);
    let count = Count::default();
    for fusion in [&first, &second] {
        slow(fusion, &count, 2_000);
        fusion.recover().await.unwrap();
    }
    let run = first.start(&graph(), json!({})).await.unwrap();
    for _ in 0..10 {
        crate::pause(150).await;
        second.recover().await.unwrap();
    }
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 0}));
    assert_eq!(count.get(), 1);
    first.close().await.unwrap();
    second.close().await.unwrap();
}

/// Thread 9: an owner that lost its lease cannot write any more: there is one chain with one outcome, and whoever
/// waits, here or there, gets that one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_owners_one_writes() {
    let disk = Disk::new();
    let (first, second) =
        (disk.open_with(Options { work: false, ..Options::default() }).await, disk.open().await);
    let count = Count::default();
    slow(&first, &count, 600);
    slow(&second, &count, 50);
    let run = first.start(&graph(), json!({})).await.unwrap();
    count.reaches(1).await;
    let store = disk.store().await;
    let holder = store.entry(&format!("run/{}", run.id())).await.unwrap().unwrap().session.unwrap();
    let now = env().now_ms();
    store.commit(Batch { now, ops: vec![Op::Reap(vec![holder])] }).await.unwrap();
    second.recover().await.unwrap();
    let there = second.find(run.id()).await.unwrap();
    assert_eq!(there.result::<Value>().await.unwrap(), json!({"n": 1}));
    crate::pause(700).await;
    assert_eq!(outcomes(&there).await, 1);
    assert_eq!(there.replay().await.unwrap().problems.len(), 0);
    assert_eq!(count.get(), 2, "the old owner's body ran, and its outcome was refused");
    second.close().await.unwrap();
}

/// Thread 13: a process without the code leaves a run to one that has it, and says what is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_waits_for_a_process_that_has_its_code() {
    let disk = Disk::new();
    let (first, second) = (disk.open().await, disk.open().await);
    let run = first.start(&graph(), json!({})).await.unwrap();
    first.settled().await;
    let why = run.why().await.unwrap();
    assert!(why[0].sentence.contains("slow"), "{why:?}");
    second.recover().await.unwrap();
    second.settled().await;
    assert_eq!(run.status().await.unwrap(), RunStatus::Waiting);
    let count = Count::default();
    slow(&second, &count, 1);
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 0}));
    first.close().await.unwrap();
    second.close().await.unwrap();
}

/// Counts what is written to a store.
#[derive(Debug)]
struct Counting(Arc<dyn Store>, Arc<AtomicU64>);

mod counting {
    //! The store that counts; everything but `commit` is handed on.

    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use async_trait::async_trait;
    use bytes::Bytes;
    use fusion_core::contract::{Blobs, Bus, Journal, Queue, Records, Status, Store};
    use fusion_core::error::Result;
    use fusion_core::model::{
        Batch, Digest, Document, Entry, Head, Page, Receipt, SessionId, Stamped,
    };

    use super::Counting;

    #[async_trait]
    impl Journal for Counting {
        async fn head(&self, stream: &str) -> Result<Option<Head>> {
            self.0.head(stream).await
        }
        async fn read(&self, stream: &str, after: u64, limit: usize) -> Result<Vec<Stamped>> {
            self.0.read(stream, after, limit).await
        }
    }

    #[async_trait]
    impl Queue for Counting {
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
    impl Records for Counting {
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
    impl Blobs for Counting {
        async fn blob(&self, digest: Digest) -> Result<Option<Bytes>> {
            self.0.blob(digest).await
        }
    }

    #[async_trait]
    impl Store for Counting {
        async fn commit(&self, batch: Batch) -> Result<Receipt> {
            self.1.fetch_add(1, Ordering::SeqCst);
            self.0.commit(batch).await
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
}

/// Thread 15: signs of life cost the store the same for one body and for hundreds: one write per process.
#[tokio::test]
async fn heartbeats_are_one_write_per_process() {
    let disk = Disk::new();
    let writes = Arc::new(AtomicU64::new(0));
    let store = Arc::new(Counting(disk.store().await, writes.clone()));
    let options = Options { lease_ms: 800, hibernate: false, ..Options::default() };
    let fusion = Fusion::builder("").store(store).options(options).open().await.unwrap();
    let count = Count::default();
    slow(&fusion, &count, 60_000);
    let mut runs = Vec::new();
    for n in 0..200 {
        let graph = if n % 2 == 0 { graph() } else { Graph::new("wait").add(signal("go", "go")) };
        runs.push(fusion.start(&graph, json!({})).await.unwrap());
    }
    count.reaches(100).await;
    for run in &runs {
        if run.state().await.unwrap().waits().count() > 0 {
            until(run, RunStatus::Waiting).await;
        }
    }
    crate::pause(2_200).await;
    let before = writes.load(Ordering::SeqCst);
    crate::pause(2_000).await;
    let written = writes.load(Ordering::SeqCst) - before;
    assert!((5..=20).contains(&written), "{written} writes in two seconds for 200 runs");
    assert_eq!(fusion.driven(), 200);
    fusion.close().await.unwrap();
}
