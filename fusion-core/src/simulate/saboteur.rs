//! Stores with a mistake built in: what a world that finds nothing in them would be worth.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;

use super::machine::lock;
use super::options::Sabotage;
use crate::contract::{Blobs, Bus, Journal, Queue, Records, Status, Store};
use crate::error::Result;
use crate::model::{
    Append, Batch, Digest, Document, Entry, Head, Op, Page, Receipt, Record, SessionId, Stamped,
};

/// A store with a mistake.
#[derive(Debug)]
pub(super) struct Saboteur {
    inner: Arc<dyn Store>,
    sabotage: Sabotage,
    /// What was acknowledged and is not written.
    owed: Mutex<Vec<Batch>>,
}

impl Saboteur {
    pub(super) fn new(inner: Arc<dyn Store>, sabotage: Sabotage) -> Self {
        Self { inner, sabotage, owed: Mutex::default() }
    }

    /// Writes what was acknowledged before.
    async fn pay(&self) -> Result<()> {
        let owed = std::mem::take(&mut *lock(&self.owed));
        for batch in owed {
            self.inner.commit(batch).await?;
        }
        Ok(())
    }

    /// Lets an old writer through.
    async fn unfence(&self, batch: &mut Batch) -> Result<()> {
        for op in &mut batch.ops {
            if let Op::Append(append) = op
                && append.expect > 0
            {
                let head = self.inner.head(&append.stream).await?.unwrap_or_default();
                append.epoch = head.epoch;
                append.expect = head.seq;
            }
        }
        Ok(())
    }
}

/// Tells whether a batch may be owed: nobody needs its answer.
fn can_wait(batch: &Batch, sabotage: Sabotage) -> bool {
    let intent = |record: &Record| matches!(record, Record::NodeStarted(..));
    let plain = batch.ops.iter().all(|op| matches!(op, Op::Append(_) | Op::Blob(..)));
    let goes_on = |append: &Append| append.expect > 0;
    let appends = || {
        batch.ops.iter().filter_map(|op| match op {
            Op::Append(append) => Some(append),
            _ => None,
        })
    };
    match sabotage {
        Sabotage::AckBeforeCommit => plain && appends().all(goes_on),
        Sabotage::IntentAfterCall => {
            plain && appends().all(|append| append.records.iter().any(intent))
        }
        Sabotage::FenceRemoved | Sabotage::LyingSync => false,
    }
}

#[async_trait]
impl Journal for Saboteur {
    async fn head(&self, stream: &str) -> Result<Option<Head>> {
        self.inner.head(stream).await
    }

    async fn read(&self, stream: &str, after: u64, limit: usize) -> Result<Vec<Stamped>> {
        self.inner.read(stream, after, limit).await
    }
}

#[async_trait]
impl Queue for Saboteur {
    async fn entry(&self, dedup: &str) -> Result<Option<Entry>> {
        self.inner.entry(dedup).await
    }

    async fn entries(&self, queue: &str, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.inner.entries(queue, after, limit).await
    }

    async fn next_due(&self, queues: &[Arc<str>]) -> Result<Option<i64>> {
        self.inner.next_due(queues).await
    }

    async fn sessions(&self) -> Result<Vec<(SessionId, i64, String)>> {
        self.inner.sessions().await
    }
}

#[async_trait]
impl Records for Saboteur {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        self.inner.get(kind, id).await
    }

    async fn list(
        &self,
        kind: &str,
        tag: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document>> {
        self.inner.list(kind, tag, after, limit).await
    }
}

#[async_trait]
impl Blobs for Saboteur {
    async fn blob(&self, digest: Digest) -> Result<Option<Bytes>> {
        self.inner.blob(digest).await
    }
}

#[async_trait]
impl Store for Saboteur {
    async fn commit(&self, mut batch: Batch) -> Result<Receipt> {
        if can_wait(&batch, self.sabotage) {
            lock(&self.owed).push(batch);
            return Ok(Receipt::default());
        }
        self.pay().await?;
        if self.sabotage == Sabotage::FenceRemoved {
            self.unfence(&mut batch).await?;
        }
        self.inner.commit(batch).await
    }

    fn bus(&self) -> Arc<dyn Bus> {
        self.inner.bus()
    }

    async fn status(&self, deep: bool) -> Result<Status> {
        self.inner.status(deep).await
    }

    async fn close(&self) -> Result<()> {
        self.pay().await?;
        self.inner.close().await
    }
}
