//! Where streams stand: known by heart while nobody else writes, and written once a group.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::fault::{Fault, unsigned};
use super::key::pack_name;
use super::writer::Writer;

/// The most streams whose heads are known by heart.
pub(super) const LINES: usize = 16_384;

/// Where a stream stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) head: u64,
    pub(super) last: i64,
    pub(super) epoch: u64,
}

/// Streams by name. Their names begin alike, which makes a tree of them slow; the order is asked by nobody, and the hash is
/// the same in every process.
pub(super) type Lines = HashMap<Arc<str>, Line, BuildHasherDefault<DefaultHasher>>;

/// Gives the number of the stream of a name.
pub(super) fn number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT stream FROM names WHERE name = ?")?;
    statement.query_row([pack_name(name)], |row| row.get(0)).optional()
}

impl Writer {
    /// Finds a stream by its name.
    pub(super) fn line(&mut self, name: &Arc<str>) -> Result<Option<Line>, Fault> {
        if let Some(line) = self.known.lines.get(name) {
            return Ok(Some(*line));
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT s.id, s.head, s.last, s.epoch FROM names n JOIN streams s ON s.id = n.stream
             WHERE n.name = ?",
        )?;
        let found = statement
            .query_row([pack_name(name)], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        drop(statement);
        let Some((id, head, last, epoch)) = found else { return Ok(None) };
        let line = Line { id, head: unsigned(head)?, last, epoch: unsigned(epoch)? };
        self.known.lines.insert(name.clone(), line);
        Ok(Some(line))
    }

    /// Finds a stream, or makes an empty one.
    pub(super) fn line_or_new(&mut self, name: &Arc<str>) -> Result<Line, Fault> {
        match self.line(name)? {
            Some(line) => Ok(line),
            None => self.new_line(name),
        }
    }

    /// Makes an empty stream of a name that none has.
    pub(super) fn new_line(&mut self, name: &Arc<str>) -> Result<Line, Fault> {
        self.known.stream += 1;
        let line = Line { id: self.known.stream, head: 0, last: 0, epoch: 0 };
        self.connection
            .prepare_cached("INSERT INTO names VALUES (?, ?)")?
            .execute((line.id, pack_name(name)))?;
        self.behind.begin(line);
        self.known.lines.insert(name.clone(), line);
        Ok(line)
    }

    /// Notes where a stream stands now.
    pub(super) fn stand(&mut self, name: &Arc<str>, line: Line) {
        self.behind.stand(line);
        match self.known.lines.get_mut(name) {
            Some(known) => *known = line,
            None => drop(self.known.lines.insert(name.clone(), line)),
        }
    }

    /// Raises the epoch of a stream above both its own and the given one.
    pub(super) fn raise(&mut self, stream: Option<&Arc<str>>, epoch: u64) -> Result<u64, Fault> {
        let Some(name) = stream else { return Ok(epoch + 1) };
        let mut line = self.line_or_new(name)?;
        line.epoch = line.epoch.max(epoch) + 1;
        self.stand(name, line);
        Ok(line.epoch)
    }

    /// Counts the queue entries that point at a stream.
    pub(super) fn use_stream(&mut self, id: i64, by: i64) -> Result<(), Fault> {
        if self.behind.count_uses(id, by) {
            return Ok(());
        }
        self.connection
            .prepare_cached("UPDATE streams SET uses = uses + ? WHERE id = ?")?
            .execute((by, id))?;
        Ok(())
    }
}
