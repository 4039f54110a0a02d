//! Entries with leases: how they change.

mod own;
mod read;
mod slot;

use std::sync::Arc;

pub(super) use own::Own;
pub(super) use read::{by_dedup, list, next_due};
pub(super) use slot::seal;

use slot::Slot;

use super::fault::{Fault, signed};
use super::word::{Dedup, Due, Word};
use super::writer::Writer;
use crate::error::Result;
use crate::model::batch::returned;
use crate::model::{Claim, Enqueue, Entry, Release, Ticket, limits};
use crate::record::bus::Ring;
use crate::record::refuse;

const READY: i64 = 0;
const LATER: i64 = 1;
const HELD: i64 = 2;
const EPHEMERAL: i64 = 1;
const BLOBS: i64 = 2;
/// Others wait for its place: it rings when it goes.
const SCARCE: i64 = 4;

impl Writer {
    /// Rings for a queue, here and in other processes.
    fn ring_queue(&mut self, queue: &Arc<str>) {
        self.bells.insert(queue.clone());
        self.rings.push(Ring::Queue(queue.clone()));
    }

    pub(super) fn enqueue(&mut self, new: &Enqueue, now: i64) -> Result<Ticket, Fault> {
        let sleeper = match &new.wake {
            Some((dedup, _)) => {
                let slot = self.by_dedup(dedup)?;
                Some(slot.ok_or_else(|| refuse::wake(dedup))?)
            }
            None => None,
        };
        let found = match &new.dedup {
            Some(dedup) => self.by_dedup(dedup)?,
            None => None,
        };
        if found.is_none() {
            self.admit(new)?;
        }
        if let (Some(sleeper), Some((_, queue))) = (sleeper, &new.wake) {
            self.wake(sleeper, queue, now)?;
        }
        match found {
            Some(slot) => Ok(slot.ticket()?),
            None => self.insert(new, now),
        }
    }

    /// Finds an entry by its dedup key, which may be the name of its stream.
    fn by_dedup(&mut self, dedup: &Arc<str>) -> Result<Option<Slot>, Fault> {
        let stream = self.line(dedup)?.map(|line| line.id);
        if self.nobody_has(dedup, stream)? {
            return Ok(None);
        }
        slot::by_dedup(&self.connection, (dedup, stream))
    }

    /// Refuses an entry that its queue or its session cannot take.
    fn admit(&mut self, new: &Enqueue) -> Result<(), Fault> {
        if let Some(limit) = new.limit {
            let count: i64 = self
                .connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM queue WHERE state = 0 AND queue = ?1)
                        + (SELECT count(*) FROM queue WHERE state = 1 AND queue = ?1)
                        + (SELECT count(*) FROM queue WHERE state = 2 AND queue = ?1)",
                )?
                .query_row([Word(&new.queue)], |row| row.get(0))?;
            if count >= i64::from(limit) {
                return Err(refuse::full(&new.queue, limit).into());
            }
        }
        if let Some(session) = new.session {
            self.open_session(session)?;
        }
        self.have(&new.blobs, || format!("an entry of queue `{}`", new.queue))
    }

    fn insert(&mut self, new: &Enqueue, now: i64) -> Result<Ticket, Fault> {
        let stream = match &new.stream {
            Some(name) => Some(self.line_or_new(name)?.id),
            None => None,
        };
        if let Some(stream) = stream {
            self.use_stream(stream, 1)?;
        }
        let id = self.next_entry();
        let flag = |is_set, flag| if is_set { flag } else { 0 };
        let flags = flag(new.ephemeral, EPHEMERAL)
            | flag(!new.blobs.is_empty(), BLOBS)
            | flag(new.is_scarce(), SCARCE);
        let (mut state, mut attempts, mut epoch) = (LATER, 0, 0);
        if new.session.is_some() {
            (state, attempts) = (HELD, 1);
            epoch = self.raise(new.stream.as_ref(), 0)?;
        } else if new.due <= now {
            state = READY;
        }
        let content =
            read::content(id, new.priority, stream, flags, (new.dedup.as_deref(), &new.body));
        let slot = Slot {
            id,
            queue: new.queue.clone(),
            due: new.due,
            state,
            attempts,
            epoch: signed(epoch),
            session: new.session.map(|session| signed(session.0)),
            stream,
            flags,
            woken: None,
            name: new.stream.clone(),
            content,
        };
        let dedup = Dedup::of(new.dedup.as_deref(), stream.zip(new.stream.as_deref()));
        self.connection
            .prepare_cached(
                "INSERT INTO queue(id, queue, priority, due, state, attempts, epoch, session, stream,
                    dedup, flags, sum, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(rusqlite::params![
                id, Word(&slot.queue), new.priority, Due(slot.due), state, attempts, slot.epoch,
                slot.session, stream, dedup, flags, slot.sum(), new.body.as_ref(),
            ])?;
        self.refer(-id, &new.blobs)?;
        let is_alien = matches!(&dedup, Dedup::Text(key) if own::names_a_run(key));
        self.known.has_alien = if is_alien { Some(true) } else { self.known.has_alien };
        self.own.note(&slot);
        let ticket = slot.ticket()?;
        self.rings.push(Ring::Queue(slot.queue));
        Ok(ticket)
    }

    fn wake(&mut self, sleeper: Slot, queue: &Arc<str>, now: i64) -> Result<(), Fault> {
        if sleeper.state == HELD {
            let slot = Slot { woken: Some(queue.clone()), ..sleeper };
            self.connection
                .prepare_cached("UPDATE queue SET woken = ?, sum = ? WHERE id = ?")?
                .execute((Word(queue), slot.sum(), slot.id))?;
            return Ok(());
        }
        let due = sleeper.due.min(now);
        let slot = Slot { queue: queue.clone(), due, state: READY, ..sleeper };
        self.connection
            .prepare_cached("UPDATE queue SET queue = ?, due = ?, state = 0, sum = ? WHERE id = ?")?
            .execute((Word(queue), Due(due), slot.sum(), slot.id))?;
        self.ring_queue(queue);
        Ok(())
    }

    /// Puts a damaged entry where nobody claims it: one bit must not stop all others of its queue.
    ///
    /// Its state is none that there is, so whoever asks for it, `fusion doctor` included, is told.
    fn put_aside(&self, id: i64, damage: Fault) -> Result<(), Fault> {
        let Fault::Refused(error) = damage else { return Err(damage) };
        tracing::error!(entry = id, %error, "a damaged queue entry is put aside");
        self.connection.prepare_cached("UPDATE queue SET state = 3 WHERE id = ?")?.execute([id])?;
        Ok(())
    }

    pub(super) fn claim(
        &mut self,
        claim: &Claim,
        now: i64,
        claimed: &mut Vec<Entry>,
    ) -> Result<(), Fault> {
        self.open_session(claim.session)?;
        let limit = claim.limit.min(limits::CLAIM_ENTRIES);
        for id in self.ready(&claim.queues, limit, now)? {
            let (mut entry, slot) = match read::by_id(&self.connection, id) {
                Ok(found) => found,
                Err(damage) => {
                    self.put_aside(id, damage)?;
                    continue;
                }
            };
            entry.epoch = self.raise(entry.stream.as_ref(), entry.epoch)?;
            entry.attempts += 1;
            entry.session = Some(claim.session);
            let (attempts, epoch) = (i64::from(entry.attempts), signed(entry.epoch));
            let session = Some(signed(claim.session.0));
            let slot = Slot { state: HELD, attempts, epoch, session, woken: None, ..slot };
            self.connection
                .prepare_cached(
                    "UPDATE queue SET state = 2, session = ?, epoch = ?, attempts = ?, woken = NULL,
                        sum = ? WHERE id = ?",
                )?
                .execute((session, epoch, attempts, slot.sum(), id))?;
            claimed.push(entry);
        }
        Ok(())
    }

    /// Finds the first claimable entries of these queues, those that became due included.
    fn ready(&self, queues: &[Arc<str>], limit: usize, now: i64) -> Result<Vec<i64>, Fault> {
        let mut first = Vec::new();
        for queue in queues {
            self.connection
                .prepare_cached(
                    "UPDATE queue SET state = 0, sum = sum & ~?3
                     WHERE state = 1 AND queue = ?1 AND due <= ?2",
                )?
                .execute((Word(queue), now, slot::WAITS))?;
            let mut statement = self.connection.prepare_cached(
                "SELECT -priority, due, id FROM queue WHERE state = 0 AND queue = ?
                 ORDER BY priority DESC, due, id LIMIT ?",
            )?;
            let rows = statement.query_map((Word(queue), signed(limit as u64)), |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Due>(1)?, row.get::<_, i64>(2)?))
            })?;
            for row in rows {
                first.push(row?);
            }
        }
        first.sort_unstable();
        first.dedup();
        Ok(first.into_iter().take(limit).map(|(.., id)| id).collect())
    }

    /// Removes an entry that stands at the ticket's epoch.
    pub(super) fn take_out(&mut self, ticket: Ticket) -> Result<(), Fault> {
        if self.take_out_own(ticket)? {
            return Ok(());
        }
        let slot = self.standing(ticket)?;
        self.remove(&slot)
    }

    /// Finds the entry that a ticket names, whether somebody holds it or not.
    fn standing(&self, ticket: Ticket) -> Result<Slot, Fault> {
        let slot = slot::by_id(&self.connection, signed(ticket.entry))?;
        let slot = slot.filter(|slot| slot.epoch == signed(ticket.epoch));
        Ok(slot.ok_or_else(|| refuse::ticket(ticket.entry, ticket.epoch))?)
    }

    fn remove(&mut self, slot: &Slot) -> Result<(), Fault> {
        self.connection.prepare_cached("DELETE FROM queue WHERE id = ?")?.execute([slot.id])?;
        if slot.flags & SCARCE != 0 {
            self.ring_queue(&slot.queue);
        }
        self.gone(slot.id, slot.stream, slot.flags)
    }

    /// Lets go of what a removed entry needed.
    fn gone(&mut self, id: i64, stream: Option<i64>, flags: i64) -> Result<(), Fault> {
        if let Some(stream) = stream {
            self.use_stream(stream, -1)?;
        }
        if flags & BLOBS != 0 {
            self.let_go(-id)?;
        }
        Ok(())
    }

    /// Finds what a ticket stands for.
    fn held(&self, ticket: Ticket) -> Result<Slot, Fault> {
        let slot = self.standing(ticket)?;
        let held = slot.state == HELD;
        if held { Ok(slot) } else { Err(refuse::ticket(ticket.entry, ticket.epoch).into()) }
    }

    pub(super) fn release(&mut self, release: &Release, now: i64) -> Result<(), Fault> {
        let mut slot = self.held(release.ticket)?;
        slot.due = release.due;
        if let Some(queue) = &release.queue {
            slot.queue = queue.clone();
        }
        if slot.woken.is_some() {
            slot.due = slot.due.min(now);
        }
        self.free(slot, now)
    }

    /// Makes a held entry claimable, in the queue that somebody woke it into.
    fn free(&mut self, slot: Slot, now: i64) -> Result<(), Fault> {
        let state = if slot.due <= now { READY } else { LATER };
        let queue = slot.woken.unwrap_or(slot.queue);
        let slot = Slot { state, queue, session: None, woken: None, ..slot };
        self.connection
            .prepare_cached(
                "UPDATE queue SET queue = ?, due = ?, state = ?, epoch = ?, session = NULL,
                    woken = NULL, sum = ? WHERE id = ?",
            )?
            .execute((Word(&slot.queue), Due(slot.due), state, slot.epoch, slot.sum(), slot.id))?;
        self.ring_queue(&slot.queue);
        Ok(())
    }

    /// Takes an entry from its session; tells whether it is free now (an ephemeral one is gone).
    pub(super) fn take_away(&mut self, id: i64, now: i64) -> Result<bool, Fault> {
        let slot = match slot::by_id(&self.connection, id) {
            Ok(Some(slot)) if slot.state == HELD => slot,
            Ok(_) => return Ok(false),
            Err(damage) => return self.put_aside(id, damage).map(|()| false),
        };
        // The old owner is fenced at once, not only when the next one comes.
        let epoch = signed(self.raise(slot.name.as_ref(), slot.epoch()?)?);
        if slot.flags & EPHEMERAL != 0 {
            self.remove(&slot)?;
            return Ok(false);
        }
        let due = match slot.due {
            0 => returned(slot.id.unsigned_abs(), 0),
            due => due.min(now),
        };
        self.free(Slot { due, epoch, ..slot }, now)?;
        Ok(true)
    }

    pub(super) fn bury(&mut self, ticket: Ticket, reason: &str, now: i64) -> Result<(), Fault> {
        let (entry, slot) = read::by_id(&self.connection, self.held(ticket)?.id)?;
        self.connection
            .prepare_cached("INSERT INTO dead VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(rusqlite::params![
                slot.id,
                entry.queue.as_ref(),
                entry.dedup.as_deref(),
                entry.stream.as_deref(),
                slot.attempts,
                slot.epoch,
                entry.body.as_ref(),
                reason,
                now,
            ])?;
        self.remove(&slot)
    }

    pub(super) fn purge(&mut self, queue: &Arc<str>) -> Result<(), Fault> {
        if self.is_empty(queue)? {
            return Ok(());
        }
        let mut slots = Vec::new();
        for state in [READY, LATER, HELD] {
            slots.extend(slot::of_queue(&self.connection, queue, state)?);
        }
        for slot in slots {
            self.remove(&slot)?;
        }
        self.ring_queue(queue);
        Ok(())
    }

    /// Refuses when a queue has an entry.
    pub(super) fn vacant(&self, queue: &str) -> Result<(), Fault> {
        if self.is_empty(queue)? { Ok(()) } else { Err(refuse::not_vacant(queue).into()) }
    }

    /// Tells whether a queue has no entry.
    fn is_empty(&self, queue: &str) -> Result<bool, Fault> {
        // Three questions, because each index covers one state.
        let mut statement = self.connection.prepare_cached(
            "SELECT NOT (EXISTS (SELECT 1 FROM queue WHERE state = 0 AND queue = ?1)
                OR EXISTS (SELECT 1 FROM queue WHERE state = 1 AND queue = ?1)
                OR EXISTS (SELECT 1 FROM queue WHERE state = 2 AND queue = ?1))",
        )?;
        Ok(statement.query_row([Word(queue)], |row| row.get(0))?)
    }
}
