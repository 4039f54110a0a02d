//! Streams: linked append, and deletion.

use std::sync::Arc;

use rusqlite::Connection;

use super::behind;
use super::fault::{Fault, signed};
use super::group::Row;
use super::line::Line;
use super::writer::Writer;
use crate::model::{Append, Head};
use crate::record::bus::Ring;
use crate::record::{codec, refuse};

impl Writer {
    pub(super) fn append(&mut self, append: &Append, row: &Row, now: i64) -> Result<(), Fault> {
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
        let body = codec::seal(&row.content, &[line.id, line.last, first, count, now]);
        let (stream, prev) = (line.id, line.last);
        self.behind.append(behind::Row { id, stream, prev, first, count, at: now, body });
        line.head += row.count as u64;
        line.last = id;
        self.refer(line.id, &row.blobs)?;
        self.stand(name, line);
        self.rings.push(Ring::Stream(name.clone()));
        Ok(())
    }

    pub(super) fn drop_stream(&mut self, name: &Arc<str>) -> Result<(), Fault> {
        let Some(line) = self.line(name)? else { return Ok(()) };
        self.write_behind()?;
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
