//! What the file is and whether it is whole.

use rusqlite::Connection;

use super::fault::error;
use super::key;
use super::walk::{Standing, records, walk};
use super::word::Worded;
use super::{blobs, queue, records as documents};
use crate::error::Result;
use crate::model::{Digest, Head};

/// How many documents are checked at a time.
const PAGE: usize = 500;

/// Facts (name and value) and problems.
type Found = (Vec<(String, String)>, Vec<String>);

/// Describes the file; with `deep`, reads all of it and says what is wrong.
pub(super) fn describe(connection: &Connection, deep: bool) -> Result<Found> {
    let mut facts = vec![("sqlite".to_owned(), rusqlite::version().to_owned())];
    for (name, sql) in [
        ("schema", "PRAGMA user_version"),
        ("pages", "PRAGMA page_count"),
        ("page_bytes", "PRAGMA page_size"),
        ("streams", "SELECT count(*) FROM streams"),
        ("rows", "SELECT count(*) FROM journal"),
        ("entries", "SELECT count(*) FROM queue"),
        ("dead", "SELECT count(*) FROM dead"),
        ("documents", "SELECT count(*) FROM records"),
        ("blobs", "SELECT count(*) FROM blobs"),
    ] {
        let value: i64 = connection.query_row(sql, [], |row| row.get(0)).map_err(error)?;
        facts.push((name.to_owned(), value.to_string()));
    }
    let problems = if deep { problems(connection)? } else { Vec::new() };
    Ok((facts, problems))
}

fn problems(connection: &Connection) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut statement = connection.prepare("PRAGMA integrity_check").map_err(error)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(error)?;
    for row in rows {
        let line = row.map_err(error)?;
        if line != "ok" {
            problems.push(line);
        }
    }
    for check in [streams, entries, every_document, every_blob, orphans] {
        if let Err(error) = check(connection, &mut problems) {
            problems.push(error.to_string());
        }
    }
    Ok(problems)
}

/// Follows every stream to its beginning and decodes every record.
fn streams(connection: &Connection, problems: &mut Vec<String>) -> Result<()> {
    let mut statement = connection
        .prepare(
            "SELECT s.id, s.last, s.head, s.epoch, n.name FROM streams s
             LEFT JOIN names n ON n.stream = s.id",
        )
        .map_err(error)?;
    let rows = statement
        .query_map([], |row| {
            let head: (u64, u64) = (count(row.get(2)?), count(row.get(3)?));
            let head = Head { seq: head.0, epoch: head.1 };
            Ok((Standing { id: row.get(0)?, last: row.get(1)?, head }, key::name(row, 4)?))
        })
        .map_err(error)?;
    for row in rows {
        let (standing, name): (Standing, Option<Result<String>>) = row.map_err(error)?;
        let Some(name) = name else {
            problems.push(format!("stream {} has no name", standing.id));
            continue;
        };
        let name = match name {
            Ok(name) => name,
            Err(error) => {
                problems.push(format!("stream {}: {error}", standing.id));
                continue;
            }
        };
        let whole =
            walk(connection, standing, |link, row| records(standing.id, link, row).map(|_| true));
        if let Err(error) = whole {
            problems.push(format!("stream `{name}`: {error}"));
        }
    }
    Ok(())
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn entries(connection: &Connection, problems: &mut Vec<String>) -> Result<()> {
    for name in words(connection, "SELECT DISTINCT queue FROM queue")? {
        if let Err(error) = queue::list(connection, &name, 0, usize::MAX) {
            problems.push(format!("queue `{name}`: {error}"));
        }
    }
    Ok(())
}

fn every_document(connection: &Connection, problems: &mut Vec<String>) -> Result<()> {
    for kind in words(connection, "SELECT DISTINCT kind FROM records")? {
        let mut after = None;
        loop {
            match documents::list(connection, &kind, None, after.as_deref(), PAGE) {
                Ok(page) => after = page.next,
                Err(error) => {
                    problems.push(format!("{kind}: {error}"));
                    break;
                }
            }
            if after.is_none() {
                break;
            }
        }
    }
    Ok(())
}

fn every_blob(connection: &Connection, problems: &mut Vec<String>) -> Result<()> {
    let mut statement = connection.prepare("SELECT hash FROM blobs").map_err(error)?;
    let rows = statement.query_map([], |row| row.get::<_, [u8; 32]>(0)).map_err(error)?;
    for row in rows {
        if let Err(error) = blobs::get(connection, Digest::from(row.map_err(error)?)) {
            problems.push(error.to_string());
        }
    }
    Ok(())
}

/// Counts what nothing leads to.
fn orphans(connection: &Connection, problems: &mut Vec<String>) -> Result<()> {
    for (what, sql) in [
        (
            "journal rows belong to no stream",
            "SELECT count(*) FROM journal WHERE stream NOT IN (SELECT id FROM streams)",
        ),
        (
            "records are in no stream's chain",
            "SELECT abs((SELECT ifnull(sum(n), 0) FROM journal) - (SELECT ifnull(sum(head), 0) FROM streams))",
        ),
        (
            "names lead to no stream",
            "SELECT count(*) FROM names WHERE stream NOT IN (SELECT id FROM streams)",
        ),
        (
            "streams have a wrong count of entries that point at them",
            "SELECT count(*) FROM streams s
             WHERE uses <> (SELECT count(*) FROM queue q WHERE q.stream = s.id) AND uses <> 0",
        ),
        (
            "queue entries were put aside because they are damaged",
            "SELECT count(*) FROM queue WHERE state NOT IN (0, 1, 2)",
        ),
        (
            "blobs are needed and missing",
            "SELECT count(DISTINCT blob) FROM blob_refs WHERE blob NOT IN (SELECT id FROM blobs)",
        ),
    ] {
        let count: i64 = connection.query_row(sql, [], |row| row.get(0)).map_err(error)?;
        if count > 0 {
            problems.push(format!("{count} {what}"));
        }
    }
    Ok(())
}

fn words(connection: &Connection, sql: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(sql).map_err(error)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(error)?;
    rows.map(|row| row.map(|Worded(word)| word).map_err(error)).collect()
}
