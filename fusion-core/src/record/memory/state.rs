//! Everything that the store has, and how a batch changes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::journal::Stream;
use super::queue::{self, Place, Slot};
use super::records;
use super::undo::Undo;
use crate::error::Result;
use crate::model::batch::returned;
use crate::model::{
    Batch, Claim, Digest, Enqueue, Entry, Op, Receipt, Release, Session, SessionId, Ticket, limits,
};
use crate::record::bus::Ring;
use crate::record::refuse;

/// A session, or what is remembered of it after its end.
#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) until: i64,
    pub(super) info: String,
    pub(super) ended: bool,
}

/// The whole store.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) streams: BTreeMap<Arc<str>, Stream>,
    pub(super) queue: queue::Table,
    pub(super) records: records::Table,
    pub(super) blobs: BTreeMap<Digest, Bytes>,
    pub(super) refs: BTreeMap<Digest, usize>,
    pub(super) sessions: BTreeMap<SessionId, Life>,
    pub(super) dead: Vec<(Entry, String, i64)>,
    /// What the running batch has done so far.
    pub(super) undo: Vec<Undo>,
    pub(super) rings: Vec<Ring>,
}

impl State {
    /// Carries out a batch or nothing of it, and gives what is to be rung.
    pub(super) fn apply(&mut self, batch: Batch) -> Result<(Receipt, Vec<Ring>)> {
        let mut receipt = Receipt::default();
        let now = batch.now;
        for op in batch.ops {
            if let Err(error) = self.carry_out(op, now, &mut receipt) {
                self.roll_back();
                self.rings.clear();
                return Err(error);
            }
        }
        self.undo.clear();
        Ok((receipt, std::mem::take(&mut self.rings)))
    }

    fn carry_out(&mut self, op: Op, now: i64, receipt: &mut Receipt) -> Result<()> {
        refuse::size(&op)?;
        match op {
            Op::Append(append) => self.append(append, now)?,
            Op::Enqueue(enqueue) => receipt.entries.push(self.enqueue(enqueue, now)?),
            Op::Claim(claim) => self.claim(&claim, now, &mut receipt.claimed)?,
            Op::Complete(ticket) => {
                self.known(ticket)?;
                self.set(ticket.entry, None);
            }
            Op::Release(release) => self.release(release, now)?,
            Op::Bury(ticket, reason) => {
                let slot = self.held(ticket)?;
                self.set(ticket.entry, None);
                self.dead.push((slot.entry, reason, now));
                self.undo.push(Undo::Dead);
            }
            Op::Purge(queue) => {
                let ids = self.queue.ids(&queue);
                if !ids.is_empty() {
                    self.rings.push(Ring::Queue(queue));
                }
                for id in ids {
                    self.set(id, None);
                }
            }
            Op::Vacant(queue) if self.queue.ids(&queue).is_empty() => {}
            Op::Vacant(queue) => return Err(refuse::not_vacant(&queue)),
            Op::Beat(session) => self.beat(session)?,
            Op::Reap(named) => receipt.released += self.reap(&named, now),
            Op::Put(document, expect) => receipt.versions.push(self.put(document, expect, now)?),
            Op::Delete(kind, id) => self.delete(kind, id),
            Op::Blob(digest, bytes) => self.put_blob(digest, bytes),
            Op::Drop(stream) => self.drop_stream(&stream)?,
        }
        Ok(())
    }

    /// Writes or removes an entry; a removed one lets go of its blobs.
    fn set(&mut self, id: u64, slot: Option<Slot>) {
        let gone = slot.is_none();
        let before = self.queue.set(id, slot);
        if let Some(before) = before.as_ref().filter(|_| gone) {
            if before.scarce {
                self.rings.push(Ring::Queue(before.entry.queue.clone()));
            }
            for digest in &before.blobs {
                self.release_blob(*digest);
            }
        }
        self.undo.push(Undo::Slot(id, before.map(Box::new)));
    }

    /// Finds what a ticket stands for.
    fn held(&self, ticket: Ticket) -> Result<Slot> {
        let slot = self.queue.get(ticket.entry);
        let held =
            slot.filter(|slot| slot.entry.session.is_some() && slot.entry.epoch == ticket.epoch);
        held.cloned().ok_or_else(|| refuse::ticket(ticket.entry, ticket.epoch))
    }

    /// Finds an entry that stands at this epoch, whether somebody holds it or not.
    fn known(&self, ticket: Ticket) -> Result<()> {
        let slot = self.queue.get(ticket.entry);
        let known = slot.is_some_and(|slot| slot.entry.epoch == ticket.epoch);
        if known { Ok(()) } else { Err(refuse::ticket(ticket.entry, ticket.epoch)) }
    }

    fn open_session(&self, id: SessionId) -> Result<()> {
        let open = self.sessions.get(&id).is_some_and(|life| !life.ended);
        if open { Ok(()) } else { Err(refuse::session(id)) }
    }

    fn enqueue(&mut self, new: Enqueue, now: i64) -> Result<Ticket> {
        if let Some((dedup, queue)) = &new.wake {
            self.wake(dedup, queue, now)?;
        }
        if let Some(slot) = new.dedup.as_ref().and_then(|dedup| self.queue.find(dedup)) {
            return Ok(slot.entry.ticket());
        }
        if let Some(limit) = new.limit
            && self.queue.count(&new.queue) >= limit as usize
        {
            return Err(refuse::full(&new.queue, limit));
        }
        if let Some(session) = new.session {
            self.open_session(session)?;
        }
        self.have(&new.blobs, || format!("an entry of queue `{}`", new.queue))?;
        self.queue.last += 1;
        let scarce = new.is_scarce();
        let mut entry = Entry {
            id: self.queue.last,
            queue: new.queue,
            dedup: new.dedup,
            priority: new.priority,
            due: new.due,
            attempts: 0,
            epoch: 0,
            session: None,
            stream: new.stream,
            body: new.body,
        };
        if let Some(name) = &entry.stream {
            self.stream(name);
        }
        let mut place = if entry.due <= now { Place::Ready } else { Place::Later };
        if let Some(session) = new.session {
            self.lease(&mut entry, session);
            place = Place::Held;
        }
        for digest in &new.blobs {
            self.refer(*digest);
        }
        let ticket = entry.ticket();
        self.rings.push(Ring::Queue(entry.queue.clone()));
        let (ephemeral, blobs) = (new.ephemeral, new.blobs);
        self.set(ticket.entry, Some(Slot { entry, place, ephemeral, scarce, woken: None, blobs }));
        Ok(ticket)
    }

    fn lease(&mut self, entry: &mut Entry, session: SessionId) {
        entry.epoch = self.raise(entry.stream.as_ref(), entry.epoch);
        entry.attempts += 1;
        entry.session = Some(session);
    }

    fn wake(&mut self, dedup: &str, queue: &Arc<str>, now: i64) -> Result<()> {
        let mut slot = self.queue.find(dedup).cloned().ok_or_else(|| refuse::wake(dedup))?;
        if slot.place == Place::Held {
            slot.woken = Some(queue.clone());
        } else {
            slot.entry.queue = queue.clone();
            slot.entry.due = slot.entry.due.min(now);
            slot.place = Place::Ready;
            self.rings.push(Ring::Queue(queue.clone()));
        }
        self.set(slot.entry.id, Some(slot));
        Ok(())
    }

    fn claim(&mut self, claim: &Claim, now: i64, claimed: &mut Vec<Entry>) -> Result<()> {
        self.open_session(claim.session)?;
        for id in
            claim.queues.iter().flat_map(|queue| self.queue.due(queue, now)).collect::<Vec<_>>()
        {
            let Some(mut slot) = self.queue.get(id).cloned() else { continue };
            slot.place = Place::Ready;
            self.set(id, Some(slot));
        }
        for id in self.queue.ready(&claim.queues, claim.limit.min(limits::CLAIM_ENTRIES)) {
            let Some(mut slot) = self.queue.get(id).cloned() else { continue };
            self.lease(&mut slot.entry, claim.session);
            slot.place = Place::Held;
            slot.woken = None;
            claimed.push(slot.entry.clone());
            self.set(id, Some(slot));
        }
        Ok(())
    }

    fn release(&mut self, release: Release, now: i64) -> Result<()> {
        let mut slot = self.held(release.ticket)?;
        slot.entry.session = None;
        slot.entry.due = release.due;
        if let Some(queue) = release.queue {
            slot.entry.queue = queue;
        }
        if let Some(queue) = slot.woken.take() {
            slot.entry.due = slot.entry.due.min(now);
            slot.entry.queue = queue;
        }
        slot.place = if slot.entry.due <= now { Place::Ready } else { Place::Later };
        self.rings.push(Ring::Queue(slot.entry.queue.clone()));
        self.set(slot.entry.id, Some(slot));
        Ok(())
    }

    fn beat(&mut self, session: Session) -> Result<()> {
        let before = self.sessions.get(&session.id).cloned();
        if before.as_ref().is_some_and(|life| life.ended) {
            return Err(refuse::session(session.id));
        }
        let life = Life { until: session.until, info: session.info, ended: false };
        self.sessions.insert(session.id, life);
        self.undo.push(Undo::Session(session.id, before));
        Ok(())
    }

    fn reap(&mut self, named: &[SessionId], now: i64) -> usize {
        let over =
            |id: &SessionId, life: &Life| !life.ended && (life.until < now || named.contains(id));
        let ends: Vec<(SessionId, Life)> = self
            .sessions
            .iter()
            .filter(|(id, life)| over(id, life))
            .map(|(id, life)| (*id, life.clone()))
            .collect();
        let mut released = 0;
        for (id, life) in ends {
            for entry in self.queue.of(id) {
                released += usize::from(self.take_away(entry, now));
            }
            self.undo.push(Undo::Session(id, Some(life.clone())));
            self.sessions.insert(id, Life { ended: true, ..life });
        }
        released
    }

    /// Takes an entry from its session; tells whether it is free now (an ephemeral one is gone).
    fn take_away(&mut self, id: u64, now: i64) -> bool {
        let Some(mut slot) = self.queue.get(id).cloned() else { return false };
        // The old owner is fenced at once, not only when the next one comes.
        slot.entry.epoch = self.raise(slot.entry.stream.as_ref(), slot.entry.epoch);
        if slot.ephemeral {
            self.set(id, None);
            return false;
        }
        slot.entry.session = None;
        slot.entry.due = match slot.entry.due {
            0 => returned(slot.entry.id, 0),
            due => due.min(now),
        };
        if let Some(queue) = slot.woken.take() {
            slot.entry.queue = queue;
        }
        slot.place = Place::Ready;
        self.rings.push(Ring::Queue(slot.entry.queue.clone()));
        self.set(id, Some(slot));
        true
    }
}
