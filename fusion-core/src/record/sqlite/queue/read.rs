//! Entries with leases: how they are read.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};

use super::slot::{Slot, damaged, slot_columns, where_dedup};
use crate::error::Result;
use crate::model::{Entry, SessionId};
use crate::record::codec;
use crate::record::sqlite::fault::{Fault, error, signed, unsigned};
use crate::record::sqlite::line;
use crate::record::sqlite::word::{Dedup, Due, Word};

macro_rules! columns {
    () => {
        concat!(
            "SELECT ",
            slot_columns!(),
            ", q.dedup, q.priority, q.body FROM queue q LEFT JOIN names n ON n.stream = q.stream"
        )
    };
}

const COLUMNS: &str = columns!();

/// The checksum over what never changes in an entry.
pub(super) fn content(
    id: i64,
    priority: i32,
    stream: Option<i64>,
    flags: i64,
    (dedup, body): (Option<&str>, &[u8]),
) -> i64 {
    let dedup = dedup.map_or(-1, |dedup| i64::from(codec::checksum(dedup.as_bytes(), &[])));
    let place = [id, i64::from(priority), stream.unwrap_or(0), flags, dedup];
    i64::from(codec::checksum(body, &place))
}

/// Reads a row of [`COLUMNS`]; the outer error is SQLite's, the inner one says that the row is damaged.
fn entry(row: &Row<'_>) -> rusqlite::Result<Result<Entry>> {
    Ok(both(row)?.map(|(entry, _)| entry))
}

fn both(row: &Row<'_>) -> rusqlite::Result<Result<(Entry, Slot)>> {
    let slot = match Slot::read(row)? {
        Ok(slot) => slot,
        Err(error) => return Ok(Err(error)),
    };
    let dedup: Option<Arc<str>> = match row.get(12)? {
        Dedup::None => None,
        Dedup::Text(text) => Some(text.into()),
        Dedup::Stream(id) if slot.stream == Some(id) => slot.name.clone(),
        Dedup::Stream(_) => return Ok(Err(damaged(slot.id))),
    };
    let (priority, body): (i32, Vec<u8>) = (row.get(13)?, row.get(14)?);
    let found = content(slot.id, priority, slot.stream, slot.flags, (dedup.as_deref(), &body));
    if found != slot.content {
        return Ok(Err(damaged(slot.id)));
    }
    let made = || {
        let entry = Entry {
            id: unsigned(slot.id)?,
            queue: slot.queue.clone(),
            dedup,
            priority,
            due: slot.due,
            attempts: u32::try_from(slot.attempts).map_err(|_| damaged(slot.id))?,
            epoch: slot.epoch()?,
            session: slot.session.map(unsigned).transpose()?.map(SessionId),
            stream: slot.name.clone(),
            body: Bytes::from(body),
        };
        Ok((entry, slot))
    };
    Ok(made())
}

/// Gets an entry that is known to be there.
pub(super) fn by_id(connection: &Connection, id: i64) -> Result<(Entry, Slot), Fault> {
    let sql = concat!(columns!(), " WHERE q.id = ?");
    Ok(connection.prepare_cached(sql)?.query_row([id], both)??)
}

/// Finds an entry by its dedup key.
pub(in crate::record::sqlite) fn by_dedup(
    connection: &Connection,
    dedup: &str,
) -> Result<Option<Entry>> {
    let stream = line::number(connection, dedup).map_err(error)?;
    let mut statement =
        connection.prepare_cached(concat!(columns!(), where_dedup!())).map_err(error)?;
    let found = statement.query_row((stream, dedup), entry).optional();
    found.map_err(error)?.transpose()
}

/// Lists entries of a queue: as they would be claimed, or by id after one.
pub(in crate::record::sqlite) fn list(
    connection: &Connection,
    queue: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Entry>> {
    let by_claim = [
        "WHERE q.state = 0 AND q.queue = ?1 AND ?2 = 0 ORDER BY q.priority DESC, q.due, q.id LIMIT ?3",
        "WHERE q.state = 1 AND q.queue = ?1 AND ?2 = 0 ORDER BY q.due, q.id LIMIT ?3",
        "WHERE q.state = 2 AND q.queue = ?1 AND ?2 = 0 ORDER BY q.id LIMIT ?3",
    ];
    let by_id = ["WHERE q.id IN (
        SELECT id FROM queue WHERE state = 0 AND queue = ?1 AND id > ?2 UNION ALL
        SELECT id FROM queue WHERE state = 1 AND queue = ?1 AND id > ?2 UNION ALL
        SELECT id FROM queue WHERE state = 2 AND queue = ?1 AND id > ?2) ORDER BY q.id LIMIT ?3"];
    let parts = if after == 0 { by_claim.as_slice() } else { by_id.as_slice() };
    let mut entries = Vec::new();
    for part in parts {
        let rest = limit.saturating_sub(entries.len());
        let mut statement =
            connection.prepare_cached(&format!("{COLUMNS} {part}")).map_err(error)?;
        let rows = statement
            .query_map((Word(queue), signed(after), signed(rest as u64)), entry)
            .map_err(error)?;
        for row in rows {
            entries.push(row.map_err(error)??);
        }
    }
    Ok(entries)
}

/// Tells when the first unclaimed entry of a queue is due.
pub(in crate::record::sqlite) fn next_due(
    connection: &Connection,
    queue: &str,
) -> Result<Option<i64>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT min(due) FROM (
                SELECT due FROM (SELECT due FROM queue WHERE state = 0 AND queue = ?1
                    ORDER BY priority DESC, due, id LIMIT 1)
                UNION ALL
                SELECT due FROM (SELECT due FROM queue WHERE state = 1 AND queue = ?1
                    ORDER BY due, id LIMIT 1))",
        )
        .map_err(error)?;
    let due: Option<Due> = statement.query_row([Word(queue)], |row| row.get(0)).map_err(error)?;
    Ok(due.map(|Due(due)| due))
}
