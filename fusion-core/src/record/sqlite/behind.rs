//! What a group writes at its end: rows of the journal and where streams stand, many to a statement.
//!
//! For SQLite a row is cheap beside the statement that brings it: binding, stepping and resetting cost more than a row.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::{Connection, Statement, ToSql};

use super::fault::{Fault, signed};
use super::line::Line;
use super::writer::Writer;

/// How many rows a statement takes: as many as the first that fits.
const SIZES: [usize; 3] = [32, 4, 1];

/// A row of the journal.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) stream: i64,
    pub(super) prev: i64,
    pub(super) first: i64,
    pub(super) count: i64,
    pub(super) at: i64,
    pub(super) body: Vec<u8>,
}

/// What a group did to a stream.
#[derive(Debug, Clone, Copy)]
struct Move {
    line: Line,
    is_new: bool,
    /// By how many the queue entries that point at it became more.
    uses: i64,
}

/// What is known to the writer, and not yet to SQLite.
#[derive(Debug, Default)]
pub(super) struct Behind {
    rows: Vec<Row>,
    /// By id, which is their order in the table.
    moved: BTreeMap<i64, Move>,
    changes: u64,
}

impl Behind {
    /// Counts what was ever noted here: whoever finds the same number has noted nothing.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn append(&mut self, row: Row) {
        self.changes += 1;
        self.rows.push(row);
    }

    /// Notes a stream that is not in the file.
    pub(super) fn begin(&mut self, line: Line) {
        self.changes += 1;
        self.moved.insert(line.id, Move { line, is_new: true, uses: 0 });
    }

    /// Tells whether a stream is not in the file yet.
    pub(super) fn is_new(&self, stream: i64) -> bool {
        self.moved.get(&stream).is_some_and(|moved| moved.is_new)
    }

    /// Tells whether a queue entry points at a stream that the group has moved.
    pub(super) fn is_used(&self, stream: i64) -> bool {
        self.moved.get(&stream).is_some_and(|moved| moved.uses != 0)
    }

    /// Notes where a stream stands.
    pub(super) fn stand(&mut self, line: Line) {
        self.changes += 1;
        let fresh = Move { line, is_new: false, uses: 0 };
        self.moved.entry(line.id).or_insert(fresh).line = line;
    }

    /// Counts the queue entries that point at a stream; `false` when nothing is noted of it.
    pub(super) fn count_uses(&mut self, stream: i64, by: i64) -> bool {
        let moved = self.moved.get_mut(&stream);
        self.changes += u64::from(moved.is_some());
        moved.map(|moved| moved.uses += by).is_some()
    }

    /// Forgets what was noted.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.moved.clear();
    }
}

impl Writer {
    /// Tells SQLite what it does not know yet.
    pub(super) fn write_behind(&mut self) -> Result<(), Fault> {
        let rows = std::mem::take(&mut self.behind.rows);
        ROWS.run(&self.connection, &rows, |put, row| {
            for number in [row.id, row.stream, row.prev, row.first, row.count, row.at] {
                put.value(number)?;
            }
            put.value(&row.body)
        })?;
        let moved = std::mem::take(&mut self.behind.moved);
        let (new, old): (Vec<Move>, Vec<Move>) = moved.into_values().partition(|one| one.is_new);
        for (insert, moves) in [(&NEW, new), (&OLD, old)] {
            insert.run(&self.connection, &moves, |put, Move { line, uses, .. }| {
                let numbers = [line.id, signed(line.head), line.last, signed(line.epoch), *uses];
                numbers.into_iter().try_for_each(|number| put.value(number))
            })?;
        }
        self.known.shrink();
        Ok(())
    }
}

static ROWS: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("INSERT OR FAIL INTO journal VALUES", 7, ""));
static NEW: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("INSERT OR FAIL INTO streams VALUES", 5, ""));
static OLD: LazyLock<Insert> = LazyLock::new(|| {
    let again = "ON CONFLICT DO UPDATE SET head = excluded.head, last = excluded.last,
        epoch = excluded.epoch, uses = uses + excluded.uses";
    Insert::new("INSERT OR FAIL INTO streams VALUES", 5, again)
});

/// The statements that insert into a table: one for each number of rows.
struct Insert([(usize, String); SIZES.len()]);

impl Insert {
    fn new(begin: &str, columns: usize, end: &str) -> Self {
        let row = format!("({})", vec!["?"; columns].join(","));
        Self(SIZES.map(|size| (size, format!("{begin} {} {end}", vec![&*row; size].join(",")))))
    }

    fn run<T>(
        &self,
        connection: &Connection,
        rows: &[T],
        bind: impl Fn(&mut Put<'_, '_>, &T) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut rest = rows;
        for (size, sql) in &self.0 {
            let (whole, left) = rest.split_at(rest.len() - rest.len() % size);
            rest = left;
            if whole.is_empty() {
                continue;
            }
            let mut statement = connection.prepare_cached(sql)?;
            for chunk in whole.chunks_exact(*size) {
                let mut put = Put { statement: &mut statement, at: 0 };
                for row in chunk {
                    bind(&mut put, row)?;
                }
                statement.raw_execute()?;
            }
        }
        Ok(())
    }
}

/// The parameters of a statement, in their order.
struct Put<'a, 'c> {
    statement: &'a mut Statement<'c>,
    at: usize,
}

impl Put<'_, '_> {
    fn value(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.at += 1;
        self.statement.raw_bind_parameter(self.at, value)
    }
}
