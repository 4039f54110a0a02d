//! S: SQLite without us. One thread, cached statements, linked append into tables of the same shape, the same settings.

use std::path::Path;

use rusqlite::Connection;

use crate::meter::{self, Cost};
use crate::setup::Outcome;

/// The raw loop on a file of its own.
#[derive(Debug)]
pub struct Linked {
    connection: Connection,
    streams: i64,
    next: i64,
}

impl Linked {
    /// Opens a file with so many streams.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn open(path: &Path, streams: i64) -> Outcome<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA page_size=4096; PRAGMA journal_mode=wal; PRAGMA synchronous=full;
             PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=4000;
             CREATE TABLE streams(id INTEGER PRIMARY KEY, head INTEGER, last INTEGER, epoch INTEGER, uses INTEGER) STRICT;
             CREATE TABLE journal(id INTEGER PRIMARY KEY, stream INTEGER, prev INTEGER, first INTEGER, n INTEGER,
                at INTEGER, body BLOB) STRICT;
             BEGIN",
        )?;
        for stream in 0..streams {
            connection.execute("INSERT INTO streams VALUES (?, 0, 0, 0, 0)", [stream])?;
        }
        connection.execute_batch("COMMIT")?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(Self { connection, streams, next: 0 })
    }

    /// Commits batches of rows, each to the stream after the one before, for as long as asked. Gives rows and cost.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn run(&mut self, batch: usize, bytes: usize, seconds: f64) -> Outcome<(f64, Cost)> {
        let body = vec![b'x'; bytes];
        let cost = meter::start();
        let mut rows = 0.0;
        while cost().seconds < seconds {
            self.commit(batch, &body)?;
            rows += batch as f64;
        }
        Ok((rows, cost()))
    }

    /// Commits so many rows of this body.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn commit(&mut self, batch: usize, body: &[u8]) -> Outcome {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        for _ in 0..batch {
            self.append(body)?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    fn append(&mut self, body: &[u8]) -> Outcome {
        let stream = self.next;
        self.next = (stream + 1) % self.streams;
        let (head, last, epoch): (i64, i64, i64) = self
            .connection
            .prepare_cached("SELECT head, last, epoch FROM streams WHERE id = ?")?
            .query_row([stream], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        self.connection
            .prepare_cached(
                "INSERT INTO journal(stream, prev, first, n, at, body) VALUES (?, ?, ?, 1, ?, ?)",
            )?
            .execute((stream, last, head + 1, 1_700_000_000_000_i64, body))?;
        self.connection
            .prepare_cached(
                "UPDATE streams SET head = head + 1, last = ? WHERE id = ? AND head = ? AND epoch = ?",
            )?
            .execute((self.connection.last_insert_rowid(), stream, head, epoch))?;
        Ok(())
    }
}
