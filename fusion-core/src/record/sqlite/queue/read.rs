//! Entries with leases: how they are read.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::{Code, Error, Result};
use crate::model::{Entry, SessionId};
use crate::record::codec;
use crate::record::sqlite::fault::{Fault, error, signed, unsigned};

macro_rules! columns {
    () => {
        "SELECT q.id, q.queue, q.dedup, q.priority, q.due, q.attempts, q.epoch,
            q.session, n.name, q.body, q.sum, q.stream, q.flags
         FROM queue q LEFT JOIN names n ON n.stream = q.stream"
    };
}

const COLUMNS: &str = columns!();

/// The checksum over what never changes in an entry.
pub(super) fn sum(
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
    let text = |index| row.get::<_, Option<String>>(index).map(|text| text.map(Arc::<str>::from));
    let (id, priority, stream): (i64, i32, Option<i64>) = (row.get(0)?, row.get(3)?, row.get(11)?);
    let (dedup, body): (Option<Arc<str>>, Vec<u8>) = (text(2)?, row.get(9)?);
    let expected: i64 = row.get(10)?;
    let name = text(8)?;
    let found = sum(id, priority, stream, row.get(12)?, (dedup.as_deref(), &body));
    if found != expected || name.is_some() != stream.is_some() {
        let text = format!("queue entry {id} is damaged: its checksum is wrong");
        return Ok(Err(Error::new(Code::Codec, text)));
    }
    let (attempts, epoch): (u32, i64) = (row.get(5)?, row.get(6)?);
    let session: Option<i64> = row.get(7)?;
    let (queue, due): (String, i64) = (row.get(1)?, row.get(4)?);
    let made = || {
        Ok(Entry {
            id: unsigned(id)?,
            queue: queue.into(),
            dedup,
            priority,
            due,
            attempts,
            epoch: unsigned(epoch)?,
            session: session.map(unsigned).transpose()?.map(SessionId),
            stream: name,
            body: Bytes::from(body),
        })
    };
    Ok(made())
}

/// Gets an entry that is known to be there.
pub(super) fn by_id(connection: &Connection, id: i64) -> Result<Entry, Fault> {
    let sql = concat!(columns!(), " WHERE q.id = ?");
    Ok(connection.prepare_cached(sql)?.query_row([id], entry)??)
}

/// Finds an entry by its dedup key.
pub(in crate::record::sqlite) fn by_dedup(
    connection: &Connection,
    dedup: &str,
) -> Result<Option<Entry>> {
    let sql = format!("{COLUMNS} WHERE q.dedup = ?");
    let mut statement = connection.prepare_cached(&sql).map_err(error)?;
    statement.query_row([dedup], entry).optional().map_err(error)?.transpose()
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
            .query_map((queue, signed(after), signed(rest as u64)), entry)
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
    statement.query_row([queue], |row| row.get(0)).map_err(error)
}
