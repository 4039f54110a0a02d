//! Streams: linked append, and deletion.

use std::sync::Arc;

use rusqlite::Connection;

use super::fault::{Fault, corrupt, signed};
use super::group::Row;
use super::writer::{Line, Writer};
use crate::model::{Append, Head};
use crate::record::bus::Ring;
use crate::record::{codec, refuse};

impl Writer {
    pub(super) fn append(&mut self, append: &Append, row: Row, now: i64) -> Result<(), Fault> {
        let name = &append.stream;
        let found = self.line(name)?;
        let head = found.map(|line| Head { seq: line.head, epoch: line.epoch });
        refuse::append(name, head.unwrap_or_default(), append.expect, append.epoch)?;
        self.have(&row.blobs, || format!("an append to `{name}`"))?;
        let mut line = match found {
            Some(line) => line,
            None => self.new_line(name)?,
        };
        self.known.journal += 1;
        let id = self.known.journal;
        let (first, count) = (signed(line.head) + 1, signed(row.count as u64));
        let mut body = row.body;
        codec::seal(&mut body, &[line.id, line.last, first, count, now]);
        self.connection
            .prepare_cached("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)")?
            .execute((id, line.id, line.last, first, count, now, body))?;
        line.head += row.count as u64;
        line.last = id;
        let written = self
            .connection
            .prepare_cached("UPDATE streams SET head = ?, last = ? WHERE id = ?")?
            .execute((signed(line.head), id, line.id))?;
        if written != 1 {
            return Err(Fault::Fatal(corrupt(format!("stream `{name}` has a name and no head"))));
        }
        self.refer(line.id, &row.blobs)?;
        self.learn(name, line);
        self.rings.push(Ring::Stream(name.clone()));
        Ok(())
    }

    /// Makes an empty stream.
    fn new_line(&mut self, name: &Arc<str>) -> Result<Line, Fault> {
        self.known.stream += 1;
        let line = Line { id: self.known.stream, head: 0, last: 0, epoch: 0 };
        self.connection
            .prepare_cached("INSERT INTO streams VALUES (?, 0, 0, 0, 0)")?
            .execute([line.id])?;
        self.connection
            .prepare_cached("INSERT INTO names VALUES (?, ?)")?
            .execute((line.id, name.as_ref()))?;
        self.learn(name, line);
        Ok(line)
    }

    pub(super) fn line_or_new(&mut self, name: &Arc<str>) -> Result<Line, Fault> {
        match self.line(name)? {
            Some(line) => Ok(line),
            None => self.new_line(name),
        }
    }

    /// Counts the queue entries that point at a stream.
    pub(super) fn use_stream(&self, id: i64, by: i64) -> Result<(), Fault> {
        self.connection
            .prepare_cached("UPDATE streams SET uses = uses + ? WHERE id = ?")?
            .execute((by, id))?;
        Ok(())
    }

    pub(super) fn drop_stream(&mut self, name: &Arc<str>) -> Result<(), Fault> {
        let Some(line) = self.line(name)? else { return Ok(()) };
        let uses: i64 = self
            .connection
            .prepare_cached("SELECT uses FROM streams WHERE id = ?")?
            .query_row([line.id], |row| row.get(0))?;
        if uses > 0 {
            return Err(refuse::in_use(name).into());
        }
        // The last id must not be given out again: others remember how far they have seen.
        self.connection
            .prepare_cached("UPDATE counters SET journal = max(journal, ?)")?
            .execute([self.known.journal])?;
        delete_rows(&self.connection, line)?;
        self.let_go(line.id)?;
        for sql in ["DELETE FROM streams WHERE id = ?", "DELETE FROM names WHERE stream = ?"] {
            self.connection.prepare_cached(sql)?.execute([line.id])?;
        }
        self.known.lines.remove(name);
        self.rings.push(Ring::Stream(name.clone()));
        Ok(())
    }
}

/// Deletes the rows of a stream along their links.
fn delete_rows(connection: &Connection, line: Line) -> Result<(), Fault> {
    let mut statement = connection
        .prepare_cached("DELETE FROM journal WHERE id = ? AND stream = ? RETURNING prev")?;
    let mut id = line.last;
    while id != 0 {
        id = statement.query_row((id, line.id), |row| row.get(0))?;
    }
    Ok(())
}
