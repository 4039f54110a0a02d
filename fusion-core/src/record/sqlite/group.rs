//! A batch made ready for the writer, and how it is carried out.

use bytes::Bytes;

use super::fault::Fault;
use super::writer::Writer;
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Digest, Op, Payload, Receipt, Record, Then};
use crate::record::{codec, refuse};

/// A batch whose records are encoded already: that work is done where the batch comes from, not by the one writer.
#[derive(Debug)]
pub struct Prepared {
    batch: Batch,
    rows: Vec<Row>,
    bytes: usize,
    urgent: bool,
}

/// The most bytes of a batch for which room is kept on a full disk.
const URGENT_BYTES: usize = 64 * 1024;

/// The records of one append.
#[derive(Debug)]
pub(super) struct Row {
    /// What [`codec::seal`] makes a body of.
    pub(super) content: Vec<u8>,
    pub(super) count: usize,
    pub(super) blobs: Vec<Digest>,
}

impl Prepared {
    /// Encodes the records of a batch.
    ///
    /// # Errors
    /// `FU0106` for an append of no records or of too many, and for a body that is too large.
    pub fn new(mut batch: Batch) -> Result<Self> {
        let mut rows = Vec::new();
        let mut bytes = 64;
        let mut urgent = false;
        for op in &mut batch.ops {
            urgent |= ends_something(op);
            bytes += match op {
                Op::Append(append) => {
                    refuse::length(&append.stream, append.records.len())?;
                    let row = Row::new(&std::mem::take(&mut append.records))?;
                    let length = row.content.len();
                    rows.push(row);
                    length
                }
                other => refuse::size(other)?,
            };
        }
        Ok(Self { batch, rows, bytes, urgent })
    }

    /// Gives about how many bytes it will write.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Tells whether it is written even when the disk is full: it is small, and ends something or says that it shall end.
    pub(super) fn is_urgent(&self) -> bool {
        self.urgent && self.bytes <= URGENT_BYTES
    }
}

fn ends_something(op: &Op) -> bool {
    match op {
        Op::Append(append) => append.records.iter().any(|record| {
            matches!(
                record,
                Record::CancelRequested(..)
                    | Record::OutputsFailed(..)
                    | Record::RunFinished(..)
                    | Record::InDoubt(..)
                    | Record::NodeFailed(_, _, _, _, Then::End)
            )
        }),
        // What is said to a run: a cancel, an answer. And the sign of life with which a process keeps what it holds.
        Op::Enqueue(enqueue) => enqueue.wake.is_some(),
        Op::Beat(_) => true,
        _ => false,
    }
}

impl Row {
    fn new(records: &[Record]) -> Result<Self> {
        let mut blobs = Vec::new();
        for payload in records.iter().flat_map(Record::payloads) {
            if let Payload::Blob(_, digest, _) = payload
                && !blobs.contains(digest)
            {
                blobs.push(*digest);
            }
        }
        Ok(Self { content: codec::encode(records)?, count: records.len(), blobs })
    }
}

impl Writer {
    /// Carries out one batch. `None` when an operation was refused after others had written and there is no savepoint to
    /// go back to: the transaction can only be given up.
    pub(super) fn batch(
        &mut self,
        prepared: &Prepared,
        savepoint: bool,
    ) -> Result<Option<Receipt>, Fault> {
        if savepoint {
            self.run("SAVEPOINT batch")?;
        }
        let rings = self.rings.len();
        let changes = (self.connection.total_changes(), self.behind.changes());
        let answer = match self.carry_out(prepared) {
            Ok(receipt) => Ok(receipt),
            Err(Fault::Refused(error)) => {
                self.rings.truncate(rings);
                if savepoint {
                    self.run("ROLLBACK TO batch")?;
                    self.behind.clear();
                    self.known.lines.clear();
                    self.known.session = None;
                } else if changes != (self.connection.total_changes(), self.behind.changes()) {
                    return Ok(None);
                }
                Err(error)
            }
            Err(fault) => return Err(fault),
        };
        if savepoint {
            self.write_behind()?;
            self.run("RELEASE batch")?;
        }
        Ok(Some(answer?))
    }

    fn carry_out(&mut self, prepared: &Prepared) -> Result<Receipt, Fault> {
        let Batch { now, ops } = &prepared.batch;
        let now = *now;
        let mut rows = prepared.rows.iter();
        let mut receipt = Receipt::default();
        for op in ops {
            match op {
                Op::Append(append) => {
                    let row = rows.next().ok_or_else(|| {
                        Error::new(Code::Internal, "an append was not made ready")
                    })?;
                    self.append(append, row, now)?;
                }
                Op::Enqueue(new) => receipt.entries.push(self.enqueue(new, now)?),
                Op::Claim(claim) => self.claim(claim, now, &mut receipt.claimed)?,
                Op::Complete(ticket) => self.take_out(*ticket)?,
                Op::Release(release) => self.release(release, now)?,
                Op::Bury(ticket, reason) => self.bury(*ticket, reason, now)?,
                Op::Purge(queue) => self.purge(queue)?,
                Op::Vacant(queue) => self.vacant(queue)?,
                Op::Beat(session) => self.beat(session)?,
                Op::Reap(named) => receipt.released += self.reap(named, now)?,
                Op::Put(document, expect) => {
                    receipt.versions.push(self.put(document, *expect, now)?);
                }
                Op::Delete(kind, id) => self.delete(kind, id)?,
                Op::Blob(digest, bytes) => self.put_blob(*digest, bytes)?,
                Op::Drop(stream) => self.drop_stream(stream)?,
            }
        }
        Ok(receipt)
    }

    fn put_blob(&self, digest: Digest, bytes: &Bytes) -> Result<(), Fault> {
        self.connection
            .prepare_cached("INSERT INTO blobs(hash, body) VALUES (?, ?) ON CONFLICT DO NOTHING")?
            .execute((digest.as_bytes(), bytes.as_ref()))?;
        Ok(())
    }

    /// Refuses to name what is not there.
    pub(super) fn have(&self, blobs: &[Digest], who: impl Fn() -> String) -> Result<(), Fault> {
        for digest in blobs {
            let there = self
                .connection
                .prepare_cached("SELECT 1 FROM blobs WHERE hash = ?")?
                .exists([digest.as_bytes()])?;
            if !there {
                return Err(refuse::blob(&who(), *digest).into());
            }
        }
        Ok(())
    }

    /// Notes that somebody needs these blobs.
    pub(super) fn refer(&self, owner: i64, blobs: &[Digest]) -> Result<(), Fault> {
        for digest in blobs {
            self.connection
                .prepare_cached(
                    "INSERT INTO blob_refs SELECT id, ?2 FROM blobs WHERE hash = ?1
                     ON CONFLICT DO NOTHING",
                )?
                .execute((digest.as_bytes(), owner))?;
        }
        Ok(())
    }

    /// Forgets what somebody needed, and deletes what nobody needs any more.
    pub(super) fn let_go(&self, owner: i64) -> Result<(), Fault> {
        self.connection
            .prepare_cached(
                "DELETE FROM blobs WHERE id IN (
                    SELECT r.blob FROM blob_refs r WHERE r.owner = ?1 AND NOT EXISTS (
                        SELECT 1 FROM blob_refs o WHERE o.blob = r.blob AND o.owner <> ?1))",
            )?
            .execute([owner])?;
        self.connection
            .prepare_cached("DELETE FROM blob_refs WHERE owner = ?")?
            .execute([owner])?;
        Ok(())
    }

    /// Gives the next id of the queue.
    pub(super) fn next_entry(&mut self) -> i64 {
        self.known.queue += 1;
        self.known.queue
    }
}

#[cfg(test)]
mod tests;
