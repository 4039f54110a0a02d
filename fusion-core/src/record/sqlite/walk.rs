//! Reading a stream: along its links, through a cursor that steps while rows lie together and seeks when they don't.

use rusqlite::{Connection, OptionalExtension, Row};

use super::fault::{corrupt, error, signed, unsigned};
use super::index::Indexes;
use super::key::pack_name;
use crate::error::{Code, Error, Result};
use crate::model::{Head, Record, Stamped};
use crate::record::codec;

/// From how many rows of others in between a seek is cheaper than stepping.
const GAP: u64 = 16;
const DOWN: &str =
    "SELECT id, stream, prev, first, n, at, body FROM journal WHERE id <= ? ORDER BY id DESC";
const UP: &str =
    "SELECT id, stream, prev, first, n, at, body FROM journal WHERE id >= ? ORDER BY id";

/// Where a stream stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) id: i64,
    pub(super) last: i64,
    pub(super) head: Head,
}

/// A row of the journal without its records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    pub(super) id: i64,
    pub(super) prev: i64,
    pub(super) first: u64,
    count: u64,
    at: i64,
}

/// Finds a stream.
pub(super) fn standing(connection: &Connection, stream: &str) -> Result<Option<Standing>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT n.stream, s.last, s.head, s.epoch FROM names n
             LEFT JOIN streams s ON s.id = n.stream WHERE n.name = ?",
        )
        .map_err(error)?;
    let found: Option<(i64, i64, i64, i64)> = statement
        .query_row([pack_name(stream)], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()
        .map_err(error)?;
    let Some((id, last, head, epoch)) = found else { return Ok(None) };
    Ok(Some(Standing { id, last, head: Head { seq: unsigned(head)?, epoch: unsigned(epoch)? } }))
}

/// Reads records after a place; whoever calls it has begun a snapshot.
pub(super) fn read(
    connection: &Connection,
    indexes: &Indexes,
    stream: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Stamped>> {
    let Some(standing) = standing(connection, stream)? else { return Ok(Vec::new()) };
    if standing.head.seq <= after || limit == 0 {
        return Ok(Vec::new());
    }
    let mut rows = if standing.head.seq - after <= (limit as u64).saturating_mul(2) {
        tail(connection, standing, after)?
    } else {
        page(connection, indexes, standing, after, limit)?
    };
    rows.retain(|record| record.seq > after);
    rows.truncate(limit);
    Ok(rows)
}

/// Reads all that follows a place: back from the end.
fn tail(connection: &Connection, standing: Standing, after: u64) -> Result<Vec<Stamped>> {
    let mut rows = Vec::new();
    walk(connection, standing, |link, row| {
        rows.push((link, records(standing.id, link, row)?));
        Ok(link.first > after + 1)
    })?;
    let rows = rows.into_iter().rev();
    Ok(rows.flat_map(|(link, records)| stamp(link, records)).collect())
}

/// Reads some records from the middle of a long stream: forth, by the ids that the index knows.
fn page(
    connection: &Connection,
    indexes: &Indexes,
    standing: Standing,
    after: u64,
    limit: usize,
) -> Result<Vec<Stamped>> {
    let index = indexes.of(connection, standing)?;
    let from = index.partition_point(|(first, _)| *first <= after + 1).saturating_sub(1);
    let mut wanted = index.iter().skip(from);
    let Some((_, start)) = wanted.next() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let end = after.saturating_add(limit as u64);
    scan(connection, UP, *start, |id, row| {
        let link = link(standing.id, id, row)?;
        found.extend(stamp(link, records(standing.id, link, row)?));
        let done = link.first + link.count > end;
        Ok(wanted.next().filter(|_| !done).map(|(_, id)| *id))
    })?;
    indexes.keep(standing.id, index);
    Ok(found)
}

/// Goes back along the links of a stream for as long as `visit` wants more. Every row must continue the one after it.
pub(super) fn walk(
    connection: &Connection,
    standing: Standing,
    mut visit: impl FnMut(Link, &Row<'_>) -> Result<bool>,
) -> Result<()> {
    if standing.last == 0 {
        return if standing.head.seq == 0 { Ok(()) } else { Err(torn(standing.id)) };
    }
    let mut end = standing.head.seq;
    scan(connection, DOWN, standing.last, |id, row| {
        let link = link(standing.id, id, row)?;
        let linked = (link.first == 1) == (link.prev == 0) && link.prev < link.id;
        if link.count == 0 || link.first == 0 || link.first + link.count - 1 != end || !linked {
            return Err(torn(standing.id));
        }
        end = link.first - 1;
        let more = visit(link, row)?;
        Ok(Some(link.prev).filter(|prev| more && *prev != 0))
    })
}

/// Visits rows with their ids, each visit naming the next id; steps over few rows of others, seeks over many.
fn scan(
    connection: &Connection,
    sql: &str,
    start: i64,
    mut visit: impl FnMut(i64, &Row<'_>) -> Result<Option<i64>>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(sql).map_err(error)?;
    let mut want = start;
    loop {
        let mut rows = statement.query([want]).map_err(error)?;
        let mut steps = 0;
        loop {
            let Some(row) = rows.next().map_err(error)? else { return Err(lost(want)) };
            let id: i64 = row.get(0).map_err(error)?;
            if id != want {
                steps += 1;
                // A seek lands on the row; and no row lies between two that are nearer than this.
                if steps > GAP || id.abs_diff(want) > GAP {
                    return Err(lost(want));
                }
                continue;
            }
            let Some(next) = visit(id, row)? else { return Ok(()) };
            (want, steps) = (next, 0);
            if next.abs_diff(id) > GAP {
                break;
            }
        }
    }
}

/// Reads the columns of a row that say where it belongs.
fn link(stream: i64, id: i64, row: &Row<'_>) -> Result<Link> {
    let number = |index| row.get::<_, i64>(index).map_err(error);
    if number(1)? != stream {
        return Err(torn(stream));
    }
    let (first, count) = (unsigned(number(3)?)?, unsigned(number(4)?)?);
    Ok(Link { id, prev: number(2)?, first, count, at: number(5)? })
}

/// Decodes the records of a row.
pub(super) fn records(stream: i64, link: Link, row: &Row<'_>) -> Result<Vec<Record>> {
    let body = row.get_ref(6).map_err(error)?;
    let body = body.as_blob().map_err(|_| torn(stream))?;
    let Link { prev, first, count, at, .. } = link;
    let records = codec::decode(body, &[stream, prev, signed(first), signed(count), at])?;
    if records.len() as u64 == link.count {
        return Ok(records);
    }
    Err(Error::new(Code::Codec, format!("row {} has too many or too few records", link.id)))
}

fn stamp(link: Link, records: Vec<Record>) -> impl Iterator<Item = Stamped> {
    let at = link.at;
    (link.first..).zip(records).map(move |(seq, record)| Stamped { seq, at, record })
}

fn torn(stream: i64) -> Error {
    corrupt(format!("the rows of stream {stream} do not follow one another"))
}

fn lost(id: i64) -> Error {
    corrupt(format!("row {id} of the journal is missing"))
}
