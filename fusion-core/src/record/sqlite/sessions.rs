//! Who promised to be alive, and what becomes of the work of those who did not keep it.

use rusqlite::{Connection, OptionalExtension};

use super::fault::{Fault, error, signed, unsigned};
use super::writer::Writer;
use crate::error::Result;
use crate::model::{Session, SessionId};
use crate::record::refuse;

/// How long an ended session is remembered, in milliseconds: a week.
const MEMORY_MS: i64 = 7 * 24 * 3_600_000;

impl Writer {
    /// Refuses a session that was never opened or is over.
    pub(super) fn open_session(&mut self, id: SessionId) -> Result<(), Fault> {
        if self.known.session == Some(signed(id.0)) {
            return Ok(());
        }
        if !self.is_open(id)? {
            return Err(refuse::session(id).into());
        }
        self.known.session = Some(signed(id.0));
        Ok(())
    }

    fn is_open(&self, id: SessionId) -> Result<bool, Fault> {
        let ended: Option<i64> = self
            .connection
            .prepare_cached("SELECT ended FROM sessions WHERE id = ?")?
            .query_row([signed(id.0)], |row| row.get(0))
            .optional()?;
        Ok(ended == Some(0))
    }

    pub(super) fn beat(&mut self, session: &Session) -> Result<(), Fault> {
        let written = self
            .connection
            .prepare_cached(
                "INSERT INTO sessions VALUES (?1, ?2, 0, ?3)
                 ON CONFLICT DO UPDATE SET until = ?2, info = ?3 WHERE ended = 0",
            )?
            .execute((signed(session.id.0), session.until, &session.info))?;
        if written == 1 { Ok(()) } else { Err(refuse::session(session.id).into()) }
    }

    pub(super) fn reap(&mut self, named: &[SessionId], now: i64) -> Result<usize, Fault> {
        self.known.session = None;
        let mut ends = self.over(now)?;
        for id in named {
            if self.is_open(*id)? && !ends.contains(&signed(id.0)) {
                ends.push(signed(id.0));
            }
        }
        let mut released = 0;
        for session in ends {
            let mut statement = self.connection.prepare_cached(
                "SELECT id FROM queue INDEXED BY queue_held WHERE state = 2 AND session = ?",
            )?;
            let held: Vec<i64> =
                statement.query_map([session], |row| row.get(0))?.collect::<Result<_, _>>()?;
            drop(statement);
            for entry in held {
                released += usize::from(self.take_away(entry, now)?);
            }
            self.connection
                .prepare_cached("UPDATE sessions SET ended = 1 WHERE id = ?")?
                .execute([session])?;
        }
        self.connection
            .prepare_cached("DELETE FROM sessions WHERE ended = 1 AND until < ?")?
            .execute([now.saturating_sub(MEMORY_MS)])?;
        Ok(released)
    }

    fn over(&self, now: i64) -> Result<Vec<i64>, Fault> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id FROM sessions WHERE ended = 0 AND until < ?")?;
        let ids = statement.query_map([now], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

/// Lists the sessions that did not end.
pub(super) fn list(connection: &Connection) -> Result<Vec<(SessionId, i64, String)>> {
    let mut statement = connection
        .prepare_cached("SELECT id, until, info FROM sessions WHERE ended = 0 ORDER BY id")
        .map_err(error)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .map_err(error)?;
    rows.map(|row| {
        let (id, until, info): (i64, i64, String) = row.map_err(error)?;
        Ok((SessionId(unsigned(id)?), until, info))
    })
    .collect()
}
