//! The schema and its versions: forward only, each step in one transaction, with its checksum kept.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, TransactionBehavior, params};

use super::fault::{corrupt, error};
use crate::error::{Code, Error, Result};
use crate::record::codec::checksum;

/// Marks a file as ours: `Fusn` as a number.
pub(super) const APPLICATION_ID: i64 = 0x4675_736e;
/// A step to the next version: its statements, and what only the program can do.
type Step = (&'static str, fn(&Connection) -> rusqlite::Result<()>);
/// Every step from an empty file to the schema of this version.
const STEPS: [Step; 3] = [
    (include_str!("0001.sql"), |_| Ok(())),
    (include_str!("0002.sql"), super::queue::seal),
    (include_str!("0003.sql"), super::repack::repack),
];
/// The version of the schema that this program writes.
pub(super) const VERSION: i64 = 3;
const _: () = assert!(STEPS.len() == 3, "each step is a version");

const META: &str = "CREATE TABLE IF NOT EXISTS meta(
    version INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, applied_at INTEGER NOT NULL) STRICT";

/// Tells a store of ours from an empty file, a foreign one and a newer one; gives its version.
pub(super) fn inspect(connection: &Connection) -> Result<i64> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(error);
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    if application == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(Error::new(Code::StoreCorrupt, "the file is a database, but no Fusion store")
            .hint("choose another path"));
    }
    if version > VERSION {
        let text =
            format!("the store has schema {version}, and this program knows up to {VERSION}");
        return Err(Error::new(Code::StoreNewer, text).hint("use the newer version of Fusion"));
    }
    Ok(version)
}

/// Refuses a file that can be read only after a migration, or not at all.
pub(super) fn check(connection: &Connection) -> Result<()> {
    let version = inspect(connection)?;
    if version == VERSION {
        return verify(connection);
    }
    let text = format!("the store has schema {version}, this program reads {VERSION}");
    Err(Error::new(Code::StoreReadOnly, text)
        .hint("open it once where it can be written: that brings it up to date"))
}

/// Brings the schema up to date.
pub(super) fn migrate(connection: &mut Connection, now: i64) -> Result<()> {
    if inspect(connection)? == VERSION {
        return verify(connection);
    }
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(error)?;
    // Another process may have done it in between.
    let done = usize::try_from(inspect(&transaction)?).unwrap_or(0);
    transaction.execute_batch(META).map_err(error)?;
    for (version, (sql, finish)) in (1_i64..).zip(STEPS).skip(done) {
        transaction.execute_batch(sql).and_then(|()| finish(&transaction)).map_err(error)?;
        transaction
            .execute("INSERT INTO meta VALUES (?, ?, ?)", params![version, sum(version, sql), now])
            .map_err(error)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(error)?;
    transaction.pragma_update(None, "user_version", VERSION).map_err(error)?;
    transaction.commit().map_err(error)
}

/// The checksum of a step.
fn sum(version: i64, sql: &str) -> i64 {
    i64::from(checksum(sql.as_bytes(), &[version]))
}

/// Compares the steps that were taken with those that this program would take.
fn verify(connection: &Connection) -> Result<()> {
    let mut statement =
        connection.prepare("SELECT version, checksum FROM meta ORDER BY version").map_err(error)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(error)?;
    let taken: Vec<(i64, i64)> = rows.collect::<Result<_, _>>().map_err(error)?;
    let sums = (1..).zip(STEPS).map(|(version, (sql, _))| (version, sum(version, sql)));
    if taken != sums.collect::<Vec<_>>() {
        return Err(corrupt("the store's schema was made by other steps than this program's"));
    }
    compare(connection)
}

/// Compares tables and indexes with those that the steps make: damage there would look like a mistake of ours later.
fn compare(connection: &Connection) -> Result<()> {
    let mut statement =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").map_err(error)?;
    let rows = statement.query_map([], |row| row.get(0)).map_err(error)?;
    let found: BTreeSet<String> = rows.collect::<Result<_, _>>().map_err(error)?;
    let meta = META.replace("IF NOT EXISTS ", "");
    // What a later step makes anew takes the place of what an earlier one made.
    let mut made: BTreeMap<&str, &str> =
        STEPS.iter().flat_map(|(sql, _)| made(sql)).map(|sql| (head(sql), sql)).collect();
    made.insert(head(&meta), &meta);
    match made.into_iter().find(|(_, sql)| !found.contains(*sql)) {
        None => Ok(()),
        Some((head, _)) => {
            Err(corrupt(format!("the store's own description of its {head} is damaged")))
        }
    }
}

/// Gives what a statement makes.
fn head(sql: &str) -> &str {
    sql.split('(').next().unwrap_or_default().trim_start_matches("CREATE ")
}

/// Gives the statements of a step that make something, as SQLite keeps them.
fn made(step: &str) -> impl Iterator<Item = &str> {
    step.split(';').filter_map(|part| part.get(part.find("CREATE ")?..))
}
