//! What is written together or not at all: the only way in through which anything becomes durable.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Digest, Record, SessionId, limits};

/// An atomic write. The operations are carried out in order, each on what the ones before it left; a batch with an operation
/// that is refused has written nothing.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The time of everything in it, in milliseconds since 1970 on the writer's clock.
    pub now: i64,
    /// The operations, carried out in order.
    pub ops: Vec<Op>,
}

/// One operation of a batch.
#[derive(Debug, Clone)]
pub enum Op {
    /// Adds records to a stream, or creates it. Fenced when `epoch` is not its epoch; conflicts when `expect` is not its
    /// head, and also, before anything else, when `expect` is 0 and the stream has records. Refused (`FU0101`) when a
    /// record names a blob that is not in the store: a journal never has a hole.
    Append(Append),
    /// Adds a queue entry. Does nothing but `wake` when one with its dedup key exists; refused as not found (`FU0104`) when
    /// its `wake` target is gone, as over the limit (`FU0106`) when its queue is full, as fenced when its session is not open,
    /// and (`FU0101`) when it names a blob that is not in the store.
    Enqueue(Enqueue),
    /// Leases ready entries to a session; the receipt has them. Fenced when the session is not open.
    Claim(Claim),
    /// Removes an entry. Fenced when it does not stand at this epoch; nobody needs to hold it, so that the owner of a
    /// run takes messages from its inbox in the batch that records them.
    Complete(Ticket),
    /// Gives a claimed entry back. Fenced when it is not held under this epoch.
    Release(Release),
    /// Moves a claimed entry to the dead letters with a reason. Fenced when it is not held under this epoch.
    Bury(Ticket, String),
    /// Removes all entries of a queue.
    Purge(Arc<str>),
    /// Conflicts when the queue has an entry: what was said before the end of something is heard before it.
    Vacant(Arc<str>),
    /// Opens a session, or says that it is alive: it lives until the given time. Fenced when it was reaped before.
    Beat(Session),
    /// Ends sessions: releases all their entries, due at once and with raised epochs, and deletes the ephemeral ones. What was due from
    /// the beginning (0) stands before all that was never taken then, in the order in which it came. For
    /// those named, and for all whose time is over.
    Reap(Vec<SessionId>),
    /// Writes a document. Conflicts when `expect` is given and is not its version (0 when there is none).
    Put(Document, Option<u64>),
    /// Deletes a document; does nothing when there is none.
    Delete(Arc<str>, Arc<str>),
    /// Stores bytes under their hash; does nothing when they are there.
    Blob(Digest, Bytes),
    /// Deletes a stream, its records and the blobs that only it refers to. Conflicts while a queue entry points at it.
    Drop(Arc<str>),
}

/// When an entry is due that was due from the beginning (0) and comes back: before all that was never taken, in the order of
/// `id`, which is its own or that of the entry of which it is a part; of such parts, in the order of `part`.
pub(crate) fn returned(id: u64, part: u16) -> i64 {
    let width = limits::PARCEL_MESSAGES as u64;
    match id.checked_mul(width).and_then(|place| i64::try_from(place).ok()) {
        Some(0) | None => 0,
        Some(place) => (i64::MIN / 2).saturating_add(place).saturating_add(part.into()).min(0),
    }
}

/// Records to add to a stream.
#[derive(Debug, Clone)]
pub struct Append {
    /// The stream.
    pub stream: Arc<str>,
    /// The place of its last record, 0 for a stream that does not exist yet.
    pub expect: u64,
    /// The epoch of the claim under which this is written, 0 before the first claim.
    pub epoch: u64,
    /// The records, at least one.
    pub records: Vec<Record>,
}

/// A queue entry to add.
#[derive(Debug, Clone, Default)]
pub struct Enqueue {
    /// The queue.
    pub queue: Arc<str>,
    /// A key that no other entry of the store has.
    pub dedup: Option<Arc<str>>,
    /// Higher is claimed first.
    pub priority: i32,
    /// Not claimed before this time, in milliseconds since 1970.
    pub due: i64,
    /// The stream whose epoch moves with the entry's; made, empty, when there is none.
    pub stream: Option<Arc<str>>,
    /// What it says; opaque to the store.
    pub body: Bytes,
    /// The blobs that the body names: kept for as long as the entry is there.
    pub blobs: Vec<Digest>,
    /// The session that holds it from the start.
    pub session: Option<SessionId>,
    /// Deleted, not released, when the session that holds it ends.
    pub ephemeral: bool,
    /// Another entry, by its dedup key, becomes due now in the queue that stands second. If a session holds it, that
    /// happens when the session releases it: no wake-up is lost between a look into the inbox and the release.
    pub wake: Option<(Arc<str>, Arc<str>)>,
    /// The entry is only added while its queue has fewer entries than this; else the batch is refused as busy. An ephemeral
    /// one rings its queue when it goes, too: others wait for its place.
    pub limit: Option<u32>,
}

impl Enqueue {
    /// Tells whether others wait for its place while it is there.
    pub(crate) fn is_scarce(&self) -> bool {
        self.ephemeral && self.limit.is_some()
    }
}

/// What to claim.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The queues, all alike; the order among ready entries is priority, due time, age.
    pub queues: Vec<Arc<str>>,
    /// How many at the most.
    pub limit: usize,
    /// For whom.
    pub session: SessionId,
}

/// A claimed entry, by its id and the epoch of the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// The entry.
    pub entry: u64,
    /// The epoch of the claim.
    pub epoch: u64,
}

/// How a claimed entry is given back.
#[derive(Debug, Clone)]
pub struct Release {
    /// The entry.
    pub ticket: Ticket,
    /// Not claimed again before this time, in milliseconds since 1970; `i64::MAX` for "when something wakes it".
    pub due: i64,
    /// The queue that it goes to; where it was when absent.
    pub queue: Option<Arc<str>>,
}

/// A process's promise to be alive.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its random name.
    pub id: SessionId,
    /// Until when it promises, in milliseconds since 1970.
    pub until: i64,
    /// Who it is: host, process, start time; lets others on the host see that it died.
    pub info: String,
}

/// A document: the current state of something, by kind and id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The kind.
    pub kind: Arc<str>,
    /// The id, unique in its kind.
    pub id: Arc<str>,
    /// Counts the writes, from 1; given by the store. In a write it is a guess of what is there (0: nothing), and may be
    /// wrong: a right one only spares the store a look.
    pub version: u64,
    /// When it was written last, in milliseconds since 1970; given by the store.
    pub at: i64,
    /// The field that lists are filtered by (a status, a workflow's name).
    pub tag: Arc<str>,
    /// The rest, as JSON text.
    pub body: Bytes,
}

/// A queue entry as the store has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The entry's id.
    pub id: u64,
    /// The queue.
    pub queue: Arc<str>,
    /// The key that no other entry of the store has.
    pub dedup: Option<Arc<str>>,
    /// Higher is claimed first.
    pub priority: i32,
    /// Not claimed before this time.
    pub due: i64,
    /// How often it was claimed.
    pub attempts: u32,
    /// The fence number: grows with each claim and each reaping, and is its stream's epoch after a claim.
    pub epoch: u64,
    /// Who holds it.
    pub session: Option<SessionId>,
    /// The stream whose epoch moves with it.
    pub stream: Option<Arc<str>>,
    /// What it says.
    pub body: Bytes,
}

impl Entry {
    /// Gives what `Complete` and `Release` ask for.
    pub fn ticket(&self) -> Ticket {
        Ticket { entry: self.id, epoch: self.epoch }
    }
}

/// What a batch did.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// The entries that were added or (by their dedup key) found, in the order of the `Enqueue`s.
    pub entries: Vec<Ticket>,
    /// The entries that the `Claim`s got.
    pub claimed: Vec<Entry>,
    /// How many entries `Reap` released.
    pub released: usize,
    /// Versions of the documents written, in order.
    pub versions: Vec<u64>,
}

/// Where a stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The place of its last record, 0 when there is none.
    pub seq: u64,
    /// The epoch that a writer must name.
    pub epoch: u64,
}

/// Part of a list, with what to ask for next.
#[derive(Debug, Clone, Default)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to pass to get the following ones; `None` at the end.
    pub next: Option<String>,
}

/// The projection of a run that lists show: the body of documents of kind `run`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// The workflow's name.
    pub workflow: String,
    /// The workflow's version.
    pub version: u32,
    /// Where it stood when this was written.
    pub status: super::RunStatus,
    /// When it began, in milliseconds since 1970.
    pub started: i64,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<i64>,
    /// The run that waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<super::RunId>,
    /// Why it failed, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Labels of the caller's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}
