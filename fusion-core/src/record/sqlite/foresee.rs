//! Whether a batch is sure to be carried out whole: then it needs no savepoint, which would copy every page that it changes.

use std::sync::Arc;

use super::fault::Fault;
use super::writer::Writer;
use crate::model::{Enqueue, Op, Ticket};

/// What the operations before one may have changed.
#[derive(Default)]
struct Before<'a> {
    streams: Vec<&'a Arc<str>>,
    tickets: Vec<Ticket>,
    enqueued: bool,
}

impl Writer {
    /// Tests the operations of a batch ahead, but the first, which may well be refused. `false` when one would be, or when
    /// what comes before it in the batch could change the answer: the savepoint decides then.
    pub(super) fn foresees(&mut self, ops: &[Op]) -> Result<bool, Fault> {
        let mut before = Before::default();
        for (at, op) in ops.iter().enumerate() {
            if !self.is_sure(op, at == 0, &mut before)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_sure<'a>(
        &mut self,
        op: &'a Op,
        free: bool,
        before: &mut Before<'a>,
    ) -> Result<bool, Fault> {
        Ok(match op {
            Op::Blob(..) | Op::Put(_, None) => true,
            // What is put in by the same batch would be found by it.
            Op::Purge(queue) => !before.enqueued && self.is_empty(queue)?,
            Op::Append(append) => {
                let first = !before.streams.contains(&&append.stream);
                before.streams.push(&append.stream);
                first && (free || passes(self.test_append(append).map(drop))?)
            }
            Op::Enqueue(new) if is_plain(new) && !before.enqueued => {
                before.enqueued = true;
                // A held entry raises the epoch of its stream.
                before.streams.extend(&new.stream);
                if !free && !self.is_free(new.dedup.as_deref())? {
                    return Ok(false);
                }
                let session = new.session.filter(|_| !free);
                session.map_or(Ok(true), |id| passes(self.open_session(id)))?
            }
            Op::Complete(ticket) => {
                let first = !before.enqueued && !before.tickets.contains(ticket);
                before.tickets.push(*ticket);
                first && (free || passes(self.test_ticket(*ticket))?)
            }
            _ => false,
        })
    }

    /// Tells whether no entry has this key.
    fn is_free(&self, dedup: Option<&str>) -> Result<bool, Fault> {
        let Some(dedup) = dedup else { return Ok(true) };
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM queue WHERE dedup = ?")?;
        Ok(!statement.exists([dedup])?)
    }
}

/// Tells whether an entry wakes nobody, has no limit to keep and names no blobs.
fn is_plain(new: &Enqueue) -> bool {
    new.wake.is_none() && new.limit.is_none() && new.blobs.is_empty()
}

/// Tells a refusal from a failure.
fn passes(tested: Result<(), Fault>) -> Result<bool, Fault> {
    match tested {
        Ok(()) => Ok(true),
        Err(Fault::Refused(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}
