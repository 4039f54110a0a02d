//! Documents by kind and id.

use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};

use super::fault::{Fault, error, signed, unsigned};
use super::key::{pack, unpack};
use super::word::{Word, Worded};
use super::writer::{Writer, outside};
use crate::error::{Code, Error, Result};
use crate::model::{Document, Page};
use crate::record::{codec, refuse};

const COLUMNS: &str = "SELECT kind, id, version, at, tag, sum, body FROM records";

/// The tags that the index leaves out: `''` and 6 in its description.
const UNINDEXED: [&str; 2] = ["", "succeeded"];

const PUT: &str = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    version = excluded.version, at = excluded.at, tag = excluded.tag, sum = excluded.sum,
    body = excluded.body";

/// Writes the first version, or over the version before, if that is what there is.
const PUT_FIRST: &str = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
const PUT_NEXT: &str = "UPDATE records SET version = ?3, at = ?4, tag = ?5, sum = ?6, body = ?7
    WHERE kind = ?1 AND id = ?2 AND version = ?3 - 1";

impl Writer {
    pub(super) fn put(
        &mut self,
        document: &Document,
        expect: Option<u64>,
        now: i64,
    ) -> Result<u64, Fault> {
        let (kind, id) = (document.kind.as_ref(), document.id.as_ref());
        let guess = document.version;
        let guessed = if guess == 0 { PUT_FIRST } else { PUT_NEXT };
        let found = match expect {
            Some(expect) => {
                // What is compared must be whole; what is only written over need not be.
                let found = find(&self.connection, kind, id)?.map_or(0, |found| found.version);
                if found != expect {
                    return Err(refuse::version(kind, id, found, expect).into());
                }
                found
            }
            None if self.write(guessed, document, guess, now)? => {
                return Ok(guess.saturating_add(1));
            }
            None => self.version_of(kind, id)?,
        };
        self.write(PUT, document, found, now)?;
        Ok(found + 1)
    }

    /// Writes a document after the one of this version; `false` when the statement wrote nothing.
    fn write(&self, sql: &str, document: &Document, after: u64, now: i64) -> Result<bool, Fault> {
        let version = signed(after).saturating_add(1);
        let written = self.connection.prepare_cached(sql)?.execute((
            Word(&document.kind),
            pack(&document.id),
            version,
            now,
            Word(&document.tag),
            sum(document, version, now),
            document.body.as_ref(),
        ))?;
        Ok(written == 1)
    }

    fn version_of(&self, kind: &str, id: &str) -> Result<u64, Fault> {
        let found: Option<i64> = self
            .connection
            .prepare_cached("SELECT version FROM records WHERE kind = ? AND id = ?")?
            .query_row((Word(kind), pack(id)), |row| row.get(0))
            .optional()?;
        Ok(unsigned(found.unwrap_or(0))?)
    }

    pub(super) fn delete(&mut self, kind: &str, id: &str) -> Result<(), Fault> {
        self.connection
            .prepare_cached("DELETE FROM records WHERE kind = ? AND id = ?")?
            .execute((Word(kind), pack(id)))?;
        Ok(())
    }
}

/// The checksum over all columns.
fn sum(document: &Document, version: i64, at: i64) -> i64 {
    let parts = [&document.kind, &document.id, &document.tag];
    let mut place = vec![version, at];
    place.extend(parts.iter().map(|part| i64::from(codec::checksum(part.as_bytes(), &[]))));
    i64::from(codec::checksum(&document.body, &place))
}

/// Reads a row of [`COLUMNS`]; the outer error is SQLite's, the inner one says that the row is damaged.
fn document(row: &Row<'_>) -> rusqlite::Result<Result<Document>> {
    let word = |index| row.get(index).map(|Worded(word)| Arc::<str>::from(word));
    let (version, at, expected): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(5)?);
    let body = Bytes::from(row.get::<_, Vec<u8>>(6)?);
    let (kind, tag) = (word(0)?, word(4)?);
    let id = match unpack(row.get_ref(1)?.as_bytes().unwrap_or_default()) {
        Ok(id) => id.into(),
        Err(error) => return Ok(Err(error)),
    };
    let document = Document { kind, id, version: 0, at, tag, body };
    if sum(&document, version, at) != expected {
        let text = format!("{} `{}` is damaged: its checksum is wrong", document.kind, document.id);
        return Ok(Err(Error::new(Code::Codec, text)));
    }
    Ok(unsigned(version).map(|version| Document { version, ..document }))
}

/// Gets a document.
pub(super) fn get(connection: &Connection, kind: &str, id: &str) -> Result<Option<Document>> {
    find(connection, kind, id).map_err(outside)
}

fn find(connection: &Connection, kind: &str, id: &str) -> Result<Option<Document>, Fault> {
    let sql = format!("{COLUMNS} WHERE kind = ? AND id = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row((Word(kind), pack(id)), document).optional()?.transpose()?)
}

/// Lists documents of a kind, newest id first.
pub(super) fn list(
    connection: &Connection,
    kind: &str,
    tag: Option<&str>,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Document>> {
    // The planner would go through the whole kind: the table holds all columns, and it knows nothing of how many match.
    let (index, by_tag) = match tag {
        None => ("", "?2 IS NULL"),
        Some(tag) if UNINDEXED.contains(&tag) => ("", "tag = ?2"),
        Some(_) => (" INDEXED BY records_tag", "tag = ?2 AND tag NOT IN ('', 6)"),
    };
    let after_id = if after.is_some() { "id < ?3" } else { "?3 IS NULL" };
    let sql = format!(
        "{COLUMNS}{index} WHERE kind = ?1 AND {by_tag} AND {after_id} ORDER BY id DESC LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(error)?;
    let most = signed(limit as u64).saturating_add(1);
    let bounds = (Word(kind), tag.map(Word), after.map(pack), most);
    let rows = statement.query_map(bounds, document).map_err(error)?;
    let mut items = Vec::new();
    for row in rows {
        items.push(row.map_err(error)??);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().map(|document| document.id.as_ref().to_owned());
    Ok(Page { next: last.filter(|_| more), items })
}
