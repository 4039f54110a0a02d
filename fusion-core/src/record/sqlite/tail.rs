//! What other processes wrote, as rings.

use std::sync::Arc;

use super::fault::Fault;
use super::key;
use super::word::Worded;
use super::writer::{Writer, outside};
use crate::error::Result;
use crate::record::bus::Ring;

/// How many bells are kept. Who misses more rings for everything.
const BELLS: i64 = 1000;
/// How many rows are looked through for names. Who misses more rings for everything.
const ROWS: i64 = 10_000;

impl Writer {
    /// Looks whether another process wrote since the last time, and rings for it. Costs about 2 µs when none did.
    ///
    /// # Errors
    /// `FU0308` when the file fails, `FU0306` when it is locked.
    pub fn look(&mut self) -> Result<()> {
        if self.known.version == Some(self.version().map_err(Fault::from).map_err(outside)?) {
            return Ok(());
        }
        let done = self.look_closely();
        self.bus.ring_all(&std::mem::take(&mut self.rings));
        done.map_err(outside)
    }

    /// One snapshot for all that is read, so that nothing falls between two reads.
    fn look_closely(&mut self) -> Result<(), Fault> {
        self.run("BEGIN")?;
        let done = self.refresh();
        // After an I/O error SQLite has ended the transaction itself, and that error is the one to tell.
        if self.connection.is_autocommit() {
            return done;
        }
        let ended = self.run("COMMIT");
        done.and_then(|()| Ok(ended?))
    }

    /// Rings for what is new in the file since the last look.
    pub(super) fn ring_others(&mut self) -> Result<(), Fault> {
        if !self.bus.has_listeners() {
            return Ok(());
        }
        if self.known.version.is_none() || self.missed_too_much()? {
            self.bus.ring_everybody();
            return Ok(());
        }
        let streams = self.streams()?;
        let queues =
            self.queues("SELECT DISTINCT queue FROM queue WHERE id > ?", self.known.queue)?;
        let bells =
            self.queues("SELECT DISTINCT queue FROM bells WHERE id > ?", self.known.bells)?;
        self.rings.extend(streams.into_iter().map(Ring::Stream));
        self.rings.extend(queues.into_iter().chain(bells).map(Ring::Queue));
        Ok(())
    }

    fn missed_too_much(&self) -> Result<bool, Fault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT ifnull((SELECT max(id) FROM journal), 0), (SELECT queue FROM counters),
                ifnull((SELECT min(id) FROM bells), 0)",
        )?;
        let (journal, queue, bell): (i64, i64, i64) =
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let known = &self.known;
        Ok(journal - known.journal > ROWS || queue - known.queue > ROWS || bell > known.bells + 1)
    }

    /// Gives the streams that grew. Whose name is damaged cannot be rung for: whoever reads it is told.
    fn streams(&self) -> Result<Vec<Arc<str>>, Fault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT n.name FROM journal j JOIN names n ON n.stream = j.stream WHERE j.id > ?",
        )?;
        let rows = statement.query_map([self.known.journal], |row| key::name(row, 0))?;
        let names = rows.filter_map(|row| row.map(|name| name?.ok().map(Arc::from)).transpose());
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    fn queues(&self, sql: &str, after: i64) -> Result<Vec<Arc<str>>, Fault> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let rows = statement.query_map([after], |row| row.get(0))?;
        rows.map(|row| Ok(row.map(|Worded(queue)| queue.into())?)).collect()
    }

    /// Writes for others in which queues an old entry became claimable; new entries and rows are seen by their ids.
    pub(super) fn save_bells(&mut self) -> rusqlite::Result<()> {
        for queue in std::mem::take(&mut self.bells) {
            self.known.bells += 1;
            let id = self.known.bells;
            self.connection
                .prepare_cached("INSERT INTO bells VALUES (?, ?)")?
                .execute((id, queue.as_ref()))?;
            if id % (BELLS / 4) == 0 {
                self.connection
                    .prepare_cached("DELETE FROM bells WHERE id <= ?")?
                    .execute([id - BELLS])?;
            }
        }
        Ok(())
    }
}
