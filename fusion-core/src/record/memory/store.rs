//! The memory store as the contract sees it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::state::State;
use crate::contract::{Blobs, Bus, Durability, Journal, Queue, Records, Status, Store};
use crate::error::Result;
use crate::model::{Batch, Digest, Document, Entry, Head, Page, Receipt, SessionId, Stamped};
use crate::record::bus::Local;
use crate::record::refuse;

/// A store in memory. Clones share what is stored; each is closed on its own, so a clone outlives the engine that used the
/// other one: that is how tests let a "process" die.
#[derive(Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
    bus: Local,
    closed: AtomicBool,
}

impl Memory {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn open_state(&self) -> Result<MutexGuard<'_, State>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(refuse::closed());
        }
        // Nothing in here panics between two changes that belong together.
        Ok(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        Self { state: self.state.clone(), bus: self.bus.clone(), closed: AtomicBool::new(false) }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("closed", &self.closed).finish_non_exhaustive()
    }
}

#[async_trait]
impl Journal for Memory {
    async fn head(&self, stream: &str) -> Result<Option<Head>> {
        Ok(self.open_state()?.streams.get(stream).map(|stream| stream.head))
    }

    async fn read(&self, stream: &str, after: u64, limit: usize) -> Result<Vec<Stamped>> {
        let state = self.open_state()?;
        Ok(state.streams.get(stream).map_or_else(Vec::new, |stream| stream.read(after, limit)))
    }
}

#[async_trait]
impl Queue for Memory {
    async fn entry(&self, dedup: &str) -> Result<Option<Entry>> {
        Ok(self.open_state()?.queue.find(dedup).map(|slot| slot.entry.clone()))
    }

    async fn entries(&self, queue: &str, after: u64, limit: usize) -> Result<Vec<Entry>> {
        Ok(self.open_state()?.queue.list(queue, after, limit))
    }

    async fn next_due(&self, queues: &[Arc<str>]) -> Result<Option<i64>> {
        let state = self.open_state()?;
        Ok(queues.iter().filter_map(|queue| state.queue.next_due(queue)).min())
    }

    async fn sessions(&self) -> Result<Vec<(SessionId, i64, String)>> {
        let state = self.open_state()?;
        let alive = state.sessions.iter().filter(|(_, life)| !life.ended);
        Ok(alive.map(|(id, life)| (*id, life.until, life.info.clone())).collect())
    }
}

#[async_trait]
impl Records for Memory {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        Ok(self.open_state()?.records.get(kind, id).cloned())
    }

    async fn list(
        &self,
        kind: &str,
        tag: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document>> {
        Ok(self.open_state()?.records.list(kind, tag, after, limit))
    }
}

#[async_trait]
impl Blobs for Memory {
    async fn blob(&self, digest: Digest) -> Result<Option<Bytes>> {
        Ok(self.open_state()?.blobs.get(&digest).cloned())
    }
}

#[async_trait]
impl Store for Memory {
    async fn commit(&self, batch: Batch) -> Result<Receipt> {
        let (receipt, rings) = self.open_state()?.apply(batch)?;
        self.bus.ring_all(&rings);
        Ok(receipt)
    }

    fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.bus.clone())
    }

    async fn status(&self, _deep: bool) -> Result<Status> {
        let state = self.open_state()?;
        let facts = [
            ("streams", state.streams.len()),
            ("entries", state.queue.len()),
            ("dead", state.dead.len()),
            ("documents", state.records.len()),
            ("blobs", state.blobs.len()),
        ];
        let fact = |(name, count): (&str, usize)| (name.to_owned(), count.to_string());
        Ok(Status {
            url: "memory://".to_owned(),
            durability: Durability::Volatile,
            facts: facts.into_iter().map(fact).collect(),
            problems: Vec::new(),
        })
    }

    async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}
