//! Entries with leases: how they change.

mod read;

use std::sync::Arc;

use rusqlite::OptionalExtension;

pub(super) use read::{by_dedup, list, next_due};

use super::fault::{Fault, signed, unsigned};
use super::writer::Writer;
use crate::error::Result;
use crate::model::{Claim, Enqueue, Entry, Release, Ticket, limits};
use crate::record::bus::Ring;
use crate::record::refuse;

const READY: i64 = 0;
const LATER: i64 = 1;
const HELD: i64 = 2;
const EPHEMERAL: i64 = 1;
const BLOBS: i64 = 2;

/// The entry that a message wakes.
struct Sleeper {
    id: i64,
    state: i64,
    due: i64,
}

/// What is read of a held entry before it changes.
struct Held {
    queue: Arc<str>,
    epoch: u64,
    stream: Option<Arc<str>>,
    flags: i64,
    woken: Option<Arc<str>>,
}

impl Writer {
    /// Rings for a queue, here and in other processes.
    fn ring_queue(&mut self, queue: &Arc<str>) {
        self.bells.insert(queue.clone());
        self.rings.push(Ring::Queue(queue.clone()));
    }

    pub(super) fn enqueue(&mut self, new: Enqueue, now: i64) -> Result<Ticket, Fault> {
        let sleeper = match &new.wake {
            Some((dedup, _)) => Some(self.sleeper(dedup)?),
            None => None,
        };
        let found = self.found(new.dedup.as_deref())?;
        if found.is_none() {
            self.admit(&new)?;
        }
        if let (Some(sleeper), Some((_, queue))) = (sleeper, &new.wake) {
            self.wake(&sleeper, queue, now)?;
        }
        match found {
            Some(ticket) => Ok(ticket),
            None => self.insert(new, now),
        }
    }

    fn found(&self, dedup: Option<&str>) -> Result<Option<Ticket>, Fault> {
        let Some(dedup) = dedup else { return Ok(None) };
        let found: Option<(i64, i64)> = self
            .connection
            .prepare_cached("SELECT id, epoch FROM queue WHERE dedup = ?")?
            .query_row([dedup], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((id, epoch)) = found else { return Ok(None) };
        Ok(Some(Ticket { entry: unsigned(id)?, epoch: unsigned(epoch)? }))
    }

    /// Refuses an entry that its queue or its session cannot take.
    fn admit(&self, new: &Enqueue) -> Result<(), Fault> {
        if let Some(limit) = new.limit {
            let count: i64 = self
                .connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM queue WHERE state = 0 AND queue = ?1)
                        + (SELECT count(*) FROM queue WHERE state = 1 AND queue = ?1)
                        + (SELECT count(*) FROM queue WHERE state = 2 AND queue = ?1)",
                )?
                .query_row([new.queue.as_ref()], |row| row.get(0))?;
            if count >= i64::from(limit) {
                return Err(refuse::full(&new.queue, limit).into());
            }
        }
        match new.session {
            Some(session) => self.open_session(session),
            None => Ok(()),
        }
    }

    fn insert(&mut self, new: Enqueue, now: i64) -> Result<Ticket, Fault> {
        let stream = match &new.stream {
            Some(name) => Some(self.line_or_new(name)?.id),
            None => None,
        };
        if let Some(stream) = stream {
            self.use_stream(stream, 1)?;
        }
        let id = self.next_entry();
        let flags = if new.ephemeral { EPHEMERAL } else { 0 }
            | if new.blobs.is_empty() { 0 } else { BLOBS };
        let (mut state, mut attempts, mut epoch) = (LATER, 0, 0);
        if new.session.is_some() {
            (state, attempts) = (HELD, 1);
            epoch = self.raise(new.stream.as_ref(), 0)?;
        } else if new.due <= now {
            state = READY;
        }
        let sum = read::sum(id, new.priority, stream, flags, (new.dedup.as_deref(), &new.body));
        let session = new.session.map(|session| signed(session.0));
        self.connection
            .prepare_cached(
                "INSERT INTO queue(id, queue, priority, due, state, attempts, epoch, session, stream,
                    dedup, flags, sum, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(rusqlite::params![
                id, new.queue.as_ref(), new.priority, new.due, state, attempts, signed(epoch),
                session, stream, new.dedup.as_deref(), flags, sum, new.body.as_ref(),
            ])?;
        self.refer(-id, &new.blobs)?;
        self.rings.push(Ring::Queue(new.queue));
        Ok(Ticket { entry: unsigned(id)?, epoch })
    }

    fn sleeper(&self, dedup: &str) -> Result<Sleeper, Fault> {
        let found = self
            .connection
            .prepare_cached("SELECT id, state, due FROM queue WHERE dedup = ?")?
            .query_row([dedup], |row| {
                Ok(Sleeper { id: row.get(0)?, state: row.get(1)?, due: row.get(2)? })
            })
            .optional()?;
        found.ok_or_else(|| refuse::wake(dedup).into())
    }

    fn wake(&mut self, sleeper: &Sleeper, queue: &Arc<str>, now: i64) -> Result<(), Fault> {
        if sleeper.state == HELD {
            self.connection
                .prepare_cached("UPDATE queue SET woken = ? WHERE id = ?")?
                .execute((queue.as_ref(), sleeper.id))?;
            return Ok(());
        }
        self.connection
            .prepare_cached("UPDATE queue SET queue = ?, due = ?, state = 0 WHERE id = ?")?
            .execute((queue.as_ref(), sleeper.due.min(now), sleeper.id))?;
        self.ring_queue(queue);
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
            let mut entry = read::by_id(&self.connection, id)?;
            entry.epoch = self.raise(entry.stream.as_ref(), entry.epoch)?;
            entry.attempts += 1;
            entry.session = Some(claim.session);
            self.connection
                .prepare_cached(
                    "UPDATE queue SET state = 2, session = ?, epoch = ?, attempts = attempts + 1,
                        woken = NULL WHERE id = ?",
                )?
                .execute((signed(claim.session.0), signed(entry.epoch), id))?;
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
                    "UPDATE queue SET state = 0 WHERE state = 1 AND queue = ? AND due <= ?",
                )?
                .execute((queue.as_ref(), now))?;
            let mut statement = self.connection.prepare_cached(
                "SELECT -priority, due, id FROM queue WHERE state = 0 AND queue = ?
                 ORDER BY priority DESC, due, id LIMIT ?",
            )?;
            let rows = statement.query_map((queue.as_ref(), signed(limit as u64)), |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
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
        let gone: Option<(Option<i64>, i64)> = self
            .connection
            .prepare_cached("DELETE FROM queue WHERE id = ? AND epoch = ? RETURNING stream, flags")?
            .query_row((signed(ticket.entry), signed(ticket.epoch)), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let (stream, flags) = gone.ok_or_else(|| refuse::ticket(ticket.entry, ticket.epoch))?;
        self.gone(signed(ticket.entry), stream, flags)
    }

    /// Lets go of what a removed entry needed.
    fn gone(&self, id: i64, stream: Option<i64>, flags: i64) -> Result<(), Fault> {
        if let Some(stream) = stream {
            self.use_stream(stream, -1)?;
        }
        if flags & BLOBS != 0 {
            self.let_go(-id)?;
        }
        Ok(())
    }

    fn held(&self, id: i64) -> Result<Option<Held>, Fault> {
        let row = self
            .connection
            .prepare_cached(
                "SELECT q.queue, q.epoch, n.name, q.flags, q.woken FROM queue q
                 LEFT JOIN names n ON n.stream = q.stream WHERE q.id = ? AND q.state = 2",
            )?
            .query_row([id], |row| {
                let text = |index| row.get::<_, Option<String>>(index);
                let epoch: i64 = row.get(1)?;
                Ok((row.get::<_, String>(0)?, epoch, text(2)?, row.get(3)?, text(4)?))
            })
            .optional()?;
        let Some((queue, epoch, stream, flags, woken)) = row else { return Ok(None) };
        let (stream, woken) = (stream.map(Arc::from), woken.map(Arc::from));
        Ok(Some(Held { queue: queue.into(), epoch: unsigned(epoch)?, stream, flags, woken }))
    }

    pub(super) fn release(&mut self, release: Release, now: i64) -> Result<(), Fault> {
        let Ticket { entry, epoch } = release.ticket;
        let held = self.held(signed(entry))?.filter(|held| held.epoch == epoch);
        let held = held.ok_or_else(|| refuse::ticket(entry, epoch))?;
        let (queue, due) = match held.woken {
            Some(queue) => (queue, release.due.min(now)),
            None => (release.queue.unwrap_or(held.queue), release.due),
        };
        self.free(signed(entry), epoch, (&queue, due), now)
    }

    /// Makes a held entry claimable.
    fn free(
        &mut self,
        id: i64,
        epoch: u64,
        (queue, due): (&Arc<str>, i64),
        now: i64,
    ) -> Result<(), Fault> {
        let state = if due <= now { READY } else { LATER };
        self.connection
            .prepare_cached(
                "UPDATE queue SET queue = ?, due = ?, state = ?, epoch = ?, session = NULL,
                    woken = NULL WHERE id = ?",
            )?
            .execute((queue.as_ref(), due, state, signed(epoch), id))?;
        self.ring_queue(queue);
        Ok(())
    }

    /// Takes an entry from its session; tells whether it is free now (an ephemeral one is gone).
    pub(super) fn take_away(&mut self, id: i64, now: i64) -> Result<bool, Fault> {
        let Some(held) = self.held(id)? else { return Ok(false) };
        // The old owner is fenced at once, not only when the next one comes.
        let epoch = self.raise(held.stream.as_ref(), held.epoch)?;
        if held.flags & EPHEMERAL != 0 {
            self.take_out(Ticket { entry: unsigned(id)?, epoch: held.epoch })?;
            return Ok(false);
        }
        let due: i64 = self
            .connection
            .prepare_cached("SELECT due FROM queue WHERE id = ?")?
            .query_row([id], |row| row.get(0))?;
        let queue = held.woken.unwrap_or(held.queue);
        self.free(id, epoch, (&queue, due.min(now)), now)?;
        Ok(true)
    }

    pub(super) fn bury(&mut self, ticket: Ticket, reason: &str, now: i64) -> Result<(), Fault> {
        let id = signed(ticket.entry);
        let held = self.held(id)?.filter(|held| held.epoch == ticket.epoch);
        held.ok_or_else(|| refuse::ticket(ticket.entry, ticket.epoch))?;
        self.connection
            .prepare_cached(
                "INSERT INTO dead SELECT q.id, q.queue, q.dedup, n.name, q.attempts, q.epoch, q.body,
                    ?2, ?3 FROM queue q LEFT JOIN names n ON n.stream = q.stream WHERE q.id = ?1",
            )?
            .execute((id, reason, now))?;
        self.take_out(ticket)
    }

    pub(super) fn purge(&mut self, queue: &Arc<str>) -> Result<(), Fault> {
        // Three statements, because each index covers one state.
        for sql in [
            "DELETE FROM queue WHERE state = 0 AND queue = ? RETURNING id, stream, flags",
            "DELETE FROM queue WHERE state = 1 AND queue = ? RETURNING id, stream, flags",
            "DELETE FROM queue WHERE state = 2 AND queue = ? RETURNING id, stream, flags",
        ] {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement
                .query_map([queue.as_ref()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let gone: Vec<(i64, Option<i64>, i64)> = rows.collect::<Result<_, _>>()?;
            drop(statement);
            for (id, stream, flags) in gone {
                self.gone(id, stream, flags)?;
            }
        }
        self.ring_queue(queue);
        Ok(())
    }
}
