//! Short words for batches.

use std::sync::Arc;

use fusion_core::contract::{Journal, Queue, Store};
use fusion_core::error::{Code, Result};
use fusion_core::model::{
    Append, Batch, Claim, Enqueue, Entry, Key, NodeIx, Op, Payload, Receipt, Record, Session,
    SessionId, Ticket,
};

/// The store under test.
pub(super) type Sut = Arc<dyn Store>;

/// The time of most batches.
pub(super) const NOW: i64 = 1_000_000;

pub(super) fn batch(ops: impl Into<Vec<Op>>) -> Batch {
    Batch { now: NOW, ops: ops.into() }
}

pub(super) fn at(now: i64, ops: impl Into<Vec<Op>>) -> Batch {
    Batch { now, ops: ops.into() }
}

pub(super) fn record(number: u64) -> Record {
    let key = Key::node(NodeIx(u32::try_from(number).unwrap_or(0)));
    Record::MemoSaved(key, format!("memo {number}"), Payload::from_bytes(number.to_string()))
}

pub(super) fn records(from: u64, count: u64) -> Vec<Record> {
    (from..from + count).map(record).collect()
}

pub(super) fn append(stream: &str, expect: u64, epoch: u64, records: Vec<Record>) -> Op {
    Op::Append(Append { stream: stream.into(), expect, epoch, records })
}

pub(super) fn entry(queue: &str, dedup: &str) -> Enqueue {
    let dedup = (!dedup.is_empty()).then(|| dedup.into());
    Enqueue { queue: queue.into(), dedup, due: NOW, ..Enqueue::default() }
}

pub(super) fn enqueue(queue: &str, dedup: &str) -> Op {
    Op::Enqueue(entry(queue, dedup))
}

pub(super) fn claim(queues: &[&str], limit: usize, session: SessionId) -> Op {
    let queues = queues.iter().map(|queue| Arc::from(*queue)).collect();
    Op::Claim(Claim { queues, limit, session })
}

pub(super) fn beat(id: SessionId, until: i64) -> Op {
    Op::Beat(Session { id, until, info: format!("session {}", id.0) })
}

/// Opens a session that lives long.
pub(super) async fn session(store: &Sut, id: u64) -> Result<SessionId> {
    let id = SessionId(id);
    store.commit(batch([beat(id, NOW + 1_000_000)])).await?;
    Ok(id)
}

/// Claims one entry of a queue.
pub(super) async fn take(store: &Sut, queue: &str, session: SessionId) -> Result<Entry> {
    let receipt = store.commit(batch([claim(&[queue], 1, session)])).await?;
    let first = receipt.claimed.into_iter().next();
    assert!(first.is_some(), "`{queue}` has nothing to claim");
    first.ok_or_else(|| fusion_core::error::Error::new(Code::Internal, "nothing claimed"))
}

/// Commits what must be refused.
pub(super) async fn refused(store: &Sut, ops: impl Into<Vec<Op>>, code: Code) {
    let answer = store.commit(batch(ops)).await;
    assert_eq!(answer.map(|_| ()).map_err(|error| error.code()), Err(code));
}

/// Reads all records of a stream, and tests that places have no gap.
pub(super) async fn all(store: &Sut, stream: &str) -> Result<Vec<Record>> {
    let mut found = Vec::new();
    loop {
        let page = Journal::read(store.as_ref(), stream, found.len() as u64, 1000).await?;
        if page.is_empty() {
            return Ok(found);
        }
        for stamped in page {
            assert_eq!(stamped.seq, found.len() as u64 + 1);
            found.push(stamped.record);
        }
    }
}

/// Lists the dedup keys of a queue, in claim order.
pub(super) async fn keys(store: &Sut, queue: &str) -> Result<Vec<String>> {
    let entries = Queue::entries(store.as_ref(), queue, 0, 1000).await?;
    Ok(names(&entries))
}

pub(super) fn names(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| entry.dedup.as_deref().unwrap_or("-").to_owned()).collect()
}

/// Gives the first ticket of a receipt.
pub(super) fn first(receipt: &Receipt) -> Ticket {
    receipt.entries.first().copied().unwrap_or(Ticket { entry: 0, epoch: 0 })
}
