//! The kernel: four ways to read and one door for writing.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::Bus;
use crate::error::{Error, Result};
use crate::model::{Batch, Digest, Document, Entry, Head, Page, Receipt, SessionId, Stamped};

/// Append-only streams: what happened.
#[async_trait]
pub trait Journal: fmt::Debug + Send + Sync {
    /// Tells where a stream stands; `None` when it does not exist.
    async fn head(&self, stream: &str) -> Result<Option<Head>>;

    /// Reads records of a stream in order, those after place `after`, at most `limit`.
    ///
    /// # Errors
    /// `FU0311` for damaged bytes: never a wrong record, never a panic.
    async fn read(&self, stream: &str, after: u64, limit: usize) -> Result<Vec<Stamped>>;
}

/// Entries with leases: what is to be done, by whom, until when.
#[async_trait]
pub trait Queue: fmt::Debug + Send + Sync {
    /// Finds an entry by its dedup key.
    async fn entry(&self, dedup: &str) -> Result<Option<Entry>>;

    /// Lists entries of a queue in the order in which they would be claimed, those with an id above `after`
    /// when it is not 0 (then by id), at most `limit`.
    async fn entries(&self, queue: &str, after: u64, limit: usize) -> Result<Vec<Entry>>;

    /// Tells when the first unclaimed entry of these queues is due, in milliseconds since 1970; when some can be
    /// claimed already, the time of one of those.
    async fn next_due(&self, queues: &[Arc<str>]) -> Result<Option<i64>>;

    /// Lists the sessions whose leases are alive or not yet reaped: id, until when, who.
    async fn sessions(&self) -> Result<Vec<(SessionId, i64, String)>>;
}

/// Versioned documents: what things are now.
#[async_trait]
pub trait Records: fmt::Debug + Send + Sync {
    /// Gets a document.
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>>;

    /// Lists documents of a kind, newest id first, those with the given tag if one is given, after a page's `next`.
    async fn list(
        &self,
        kind: &str,
        tag: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document>>;
}

/// Content-addressed bytes: where the big things are.
#[async_trait]
pub trait Blobs: fmt::Debug + Send + Sync {
    /// Gets the bytes of this hash, checked against it.
    async fn blob(&self, digest: Digest) -> Result<Option<Bytes>>;
}

/// How much of what was acknowledged survives what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing survives the process: the memory store.
    Volatile,
    /// Survives the death of the process; a power cut may drop the most recent commits (a suffix, never a hole).
    Relaxed,
    /// Survives power cuts, if the device honours a flush.
    #[default]
    Sync,
}

/// What a store says of itself.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The URL without secrets.
    pub url: String,
    /// What is promised, as read back from the database itself.
    pub durability: Durability,
    /// Facts for `fusion doctor`: name and value.
    pub facts: Vec<(String, String)>,
    /// Problems found by a full check (`deep`).
    pub problems: Vec<String>,
}

/// Journal, queue, records and blobs behind one door for writing.
#[async_trait]
pub trait Store: Journal + Queue + Records + Blobs {
    /// Writes a batch: all of it or nothing, durable when this returns.
    ///
    /// # Errors
    /// `FU0309` when something is not as expected, `FU0310` when another owner has taken over: nothing was written.
    /// `FU0305` when the disk is full: nothing was written. `FU0308` after a failure of the store: the outcome is
    /// unknown, and the store must be opened anew.
    async fn commit(&self, batch: Batch) -> Result<Receipt>;

    /// Writes a batch as [`Store::commit`] does, perhaps in the calling thread: when nobody else writes, that saves two
    /// changes of threads. Only for tasks that `Env::spawn` began.
    ///
    /// # Errors
    /// As [`Store::commit`].
    async fn commit_here(&self, batch: Batch) -> Result<Receipt> {
        self.commit(batch).await
    }

    /// Gives the bell that rings after commits: `queue/<name>` and `stream/<name>`, those of other processes included.
    fn bus(&self) -> Arc<dyn Bus>;

    /// Describes the store; with `deep`, reads all of it and checks it.
    async fn status(&self, deep: bool) -> Result<Status>;

    /// Gives the space of what was deleted back to the system. A store without such space does nothing.
    ///
    /// # Errors
    /// `FU0305` when there is no room for the copy that is made, `FU0306` when others write all the time.
    async fn compact(&self) -> Result<()> {
        Ok(())
    }

    /// Says why nothing can be written now, as far as one can see without writing: a full disk.
    fn pressure(&self) -> Option<Error> {
        None
    }

    /// Writes what is pending and closes; later calls fail with `FU0501`.
    async fn close(&self) -> Result<()>;
}
