//! What of an entry changes, and the checksum over it: a flipped bit is an error, never another owner, time or queue.
//!
//! The column `sum` has two halves. The lower one covers what never changes (`read::content`), the upper one what does,
//! with the name of the stream. One bit of the upper half says that the entry waits for its time: it is cleared when
//! entries become due together, by a statement that knows nothing else of them.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{HELD, LATER, READY};
use crate::error::{Code, Error, Result};
use crate::model::Ticket;
use crate::record::codec;
use crate::record::sqlite::fault::{Fault, unsigned};
use crate::record::sqlite::key;
use crate::record::sqlite::word::{Due, Word, Worded};

/// The columns of a [`Slot`], for `FROM queue q LEFT JOIN names n`.
macro_rules! slot_columns {
    () => {
        "q.id, q.queue, q.due, q.state, q.attempts, q.epoch, q.session, q.stream, q.flags, q.woken,
            n.name, q.sum"
    };
}
pub(super) use slot_columns;

/// Finds by a dedup key: the number of the stream of that name if there is one, the key itself.
macro_rules! where_dedup {
    () => {
        " WHERE q.dedup IN (?, ?)"
    };
}
pub(super) use where_dedup;

macro_rules! slot {
    ($tail:literal) => {
        concat!(
            "SELECT ",
            slot_columns!(),
            " FROM queue q LEFT JOIN names n ON n.stream = q.stream ",
            $tail
        )
    };
}

/// The bit of `sum` that says that the entry waits for its time.
pub(super) const WAITS: i64 = 1 << 32;
/// The lower half of `sum`.
const CONTENT: i64 = 0xffff_ffff;

/// What of an entry changes.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: i64,
    pub(super) queue: Arc<str>,
    pub(super) due: i64,
    pub(super) state: i64,
    pub(super) attempts: i64,
    pub(super) epoch: i64,
    pub(super) session: Option<i64>,
    pub(super) stream: Option<i64>,
    pub(super) flags: i64,
    pub(super) woken: Option<Arc<str>>,
    /// The name of the stream.
    pub(super) name: Option<Arc<str>>,
    /// The checksum over what never changes.
    pub(super) content: i64,
}

impl Slot {
    /// Reads the first columns of a row; the outer error is SQLite's, the inner one says that the row is damaged.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Result<Self>> {
        let slot = Self::unchecked(row)?;
        let sum: i64 = row.get(11)?;
        let is_whole = slot.sum() == sum && slot.makes_sense();
        Ok(if is_whole { Ok(slot) } else { Err(damaged(slot.id)) })
    }

    /// Reads the first columns of a row of an earlier version, which has only the lower half of `sum`.
    pub(super) fn unchecked(row: &Row<'_>) -> rusqlite::Result<Self> {
        let woken = row.get::<_, Option<Worded>>(9)?.map(|Worded(queue)| queue.into());
        // A name that is damaged becomes one that no stream has: the checksum tells.
        let name = key::name(row, 10)?;
        Ok(Self {
            id: row.get(0)?,
            queue: row.get::<_, Worded>(1)?.0.into(),
            due: row.get::<_, Due>(2)?.0,
            state: row.get(3)?,
            attempts: row.get(4)?,
            epoch: row.get(5)?,
            session: row.get(6)?,
            stream: row.get(7)?,
            flags: row.get(8)?,
            woken,
            name: name.transpose().unwrap_or_else(|_| Some("\u{0}".to_owned())).map(Arc::from),
            content: row.get::<_, i64>(11)? & CONTENT,
        })
    }

    /// Makes the column `sum`.
    pub(super) fn sum(&self) -> i64 {
        let text = |text: Option<&str>| {
            text.map_or(-1, |text| i64::from(codec::checksum(text.as_bytes(), &[])))
        };
        let place = [
            self.id,
            self.due,
            self.attempts,
            self.epoch,
            self.session.unwrap_or(0),
            i64::from(self.session.is_some()),
            self.stream.unwrap_or(0),
            self.flags,
            text(self.woken.as_deref()),
            text(self.name.as_deref()),
        ];
        let changes = i64::from(codec::checksum(self.queue.as_bytes(), &place));
        // The highest bit of the 32 is lost: what is left still tells every single flipped bit.
        let waits = if self.state == LATER { WAITS } else { 0 };
        (changes << 33) | waits | self.content
    }

    fn makes_sense(&self) -> bool {
        let is_known = [READY, LATER, HELD].contains(&self.state);
        let is_held = (self.state == HELD) == self.session.is_some();
        is_known && is_held && self.name.is_some() == self.stream.is_some()
    }

    /// Gives what stands for it.
    pub(super) fn ticket(&self) -> Result<Ticket> {
        Ok(Ticket { entry: unsigned(self.id)?, epoch: unsigned(self.epoch)? })
    }

    /// Gives the epoch as the rest of the program counts it.
    pub(super) fn epoch(&self) -> Result<u64> {
        unsigned(self.epoch)
    }
}

/// Finds an entry by its id.
pub(super) fn by_id(connection: &Connection, id: i64) -> Result<Option<Slot>, Fault> {
    let mut statement = connection.prepare_cached(slot!("WHERE q.id = ?"))?;
    Ok(statement.query_row([id], Slot::read).optional()?.transpose()?)
}

/// Finds an entry by its dedup key, which may be the name of a stream: then that has this number.
pub(super) fn by_dedup(
    connection: &Connection,
    (dedup, stream): (&str, Option<i64>),
) -> Result<Option<Slot>, Fault> {
    let mut statement = connection.prepare_cached(concat!(slot!(""), where_dedup!()))?;
    Ok(statement.query_row((stream, dedup), Slot::read).optional()?.transpose()?)
}

/// Gives the entries of a queue that are in a state.
pub(super) fn of_queue(
    connection: &Connection,
    queue: &str,
    state: i64,
) -> Result<Vec<Slot>, Fault> {
    // Three statements, because each index covers one state.
    let sql = match state {
        READY => slot!("WHERE q.state = 0 AND q.queue = ?"),
        LATER => slot!("WHERE q.state = 1 AND q.queue = ?"),
        _ => slot!("WHERE q.state = 2 AND q.queue = ?"),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([Word(queue)], Slot::read)?;
    rows.map(|row| Ok(row??)).collect()
}

/// Gives the upper half of `sum` to entries that an earlier version wrote.
pub(in crate::record::sqlite) fn seal(connection: &Connection) -> rusqlite::Result<()> {
    let mut read = connection.prepare(slot!("WHERE q.id > ? ORDER BY q.id LIMIT 1000"))?;
    let mut write = connection.prepare("UPDATE queue SET sum = ? WHERE id = ?")?;
    let mut after = 0;
    loop {
        let slots = read.query_map([after], Slot::unchecked)?.collect::<Result<Vec<_>, _>>()?;
        let Some(last) = slots.last() else { return Ok(()) };
        after = last.id;
        for slot in &slots {
            write.execute((slot.sum(), slot.id))?;
        }
    }
}

/// Says that an entry cannot be trusted.
pub(super) fn damaged(id: i64) -> Error {
    let text = format!("queue entry {id} is damaged: its checksum is wrong");
    Error::new(Code::Codec, text).hint("restore a backup; `fusion doctor` examines the store")
}
