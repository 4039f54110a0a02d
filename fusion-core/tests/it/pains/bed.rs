//! What these tests share: files on disk, clocks, waiting for something to become true.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use fusion_core::contract::{Env, Store};
use fusion_core::model::graph::{Node, WaitSpec};
use fusion_core::model::{Record, RunStatus};
use fusion_core::run::{Options, Os};
use fusion_core::{Fusion, Run};

/// An SQLite file that several engines open, one after the other or at once.
pub(super) struct Disk(tempfile::TempDir);

impl Disk {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> PathBuf {
        self.0.path().join("fusion.db")
    }

    pub(super) async fn open(&self) -> Fusion {
        self.open_with(Options::default()).await
    }

    pub(super) async fn open_with(&self, options: Options) -> Fusion {
        let url = self.path().display().to_string();
        Fusion::builder(&url).options(options).open().await.unwrap()
    }

    /// Opens the file beside the engines.
    pub(super) async fn store(&self) -> Arc<dyn Store> {
        fusion_core::record::open(self.path().to_str().unwrap(), env()).await.unwrap()
    }

    /// Gives every byte of the database, its log and what else lies in the folder.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(self.0.path()).unwrap() {
            all.extend(std::fs::read(entry.unwrap().path()).unwrap());
        }
        all
    }

    /// Gives the size of the database after its log was moved into it.
    pub(super) fn len(&self) -> u64 {
        std::fs::metadata(self.path()).unwrap().len()
    }
}

pub(super) fn env() -> Arc<dyn Env> {
    Os::current().unwrap()
}

/// Gives the time since the first call, in milliseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "tests watch the engine from outside, with the world's own clock"
)]
pub(super) fn clock_ms() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    u64::try_from(FIRST.get_or_init(Instant::now).elapsed().as_millis()).unwrap()
}

pub(super) async fn until(run: &Run, status: RunStatus) {
    for _ in 0..2_000 {
        if run.state().await.unwrap().status() == status {
            return;
        }
        crate::pause(5).await;
    }
    panic!("the run never became {status}: {:?}", run.why().await);
}

/// Makes a node that waits for a signal.
pub(super) fn signal(id: &str, name: &str) -> Node {
    Node::wait(id, WaitSpec::Signal { name: name.into(), timeout_ms: None })
}

/// Makes a node that waits for a person.
pub(super) fn approval(id: &str, message: &str) -> Node {
    let (role, message) = ("approver".into(), message.into());
    Node::wait(id, WaitSpec::Approval { role, message, timeout_ms: None })
}

/// Counts in steps.
#[derive(Debug, Clone, Default)]
pub(super) struct Count(Arc<AtomicU32>);

impl Count {
    /// Adds one; gives how often that was done before.
    pub(super) fn add(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn sub(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    pub(super) fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) async fn reaches(&self, count: u32) {
        for _ in 0..2_000 {
            if self.get() >= count {
                return;
            }
            crate::pause(5).await;
        }
        panic!("counted {} instead of {count}", self.get());
    }
}

/// Counts the recorded outcomes of nodes.
pub(super) async fn outcomes(run: &Run) -> usize {
    let records = run.records().await.unwrap();
    let done = records.iter().filter(|it| matches!(it.record, Record::NodeSucceeded(..)));
    done.count()
}
