//! The one who writes: a connection, what it knows by heart, and groups of batches in one transaction each.
//!
//! No thread and no channel: the simulator calls this inline.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rusqlite::Connection;

use super::behind::Behind;
use super::connect;
use super::fault::{Fault, error};
use super::group::Prepared;
use super::line::{LINES, Lines};
use super::options::Options;
use super::queue::Own;
use super::reserve::{self, Reserve};
use super::turn::{Taken, Turn};
use crate::error::{Code, Error, Result};
use crate::model::Receipt;
use crate::record::bus::{Local, Ring};

/// What was known after the last commit; void once another process wrote.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// `PRAGMA data_version`: moves with the commits of others only.
    pub(super) version: Option<i64>,
    pub(super) lines: Lines,
    /// The last ids given out.
    pub(super) journal: i64,
    pub(super) queue: i64,
    pub(super) bells: i64,
    pub(super) stream: i64,
    /// The counter of the queue as the file has it.
    pub(super) queue_saved: i64,
    /// A session that is open: nearly all ask for the one of this process.
    pub(super) session: Option<i64>,
    /// Whether an entry that is not of a run's own stream has the name of a run's as its dedup key.
    pub(super) has_alien: Option<bool>,
}

impl Known {
    /// Gives all but the streams.
    fn counters(&self) -> Self {
        let (lines, version) = (Lines::default(), self.version);
        let Self { journal, queue, bells, stream, queue_saved, .. } = *self;
        let (session, has_alien) = (None, None);
        Self { version, lines, journal, queue, bells, stream, queue_saved, session, has_alien }
    }

    /// Forgets streams when there are too many.
    pub(super) fn shrink(&mut self) {
        if self.lines.len() > LINES {
            self.lines.clear();
        }
    }
}

/// How many pages the WAL grows before it is written back without waiting for a pause: 8 MiB.
const WAL_PAGES: i64 = 2048;
/// The same over a named VFS: the simulator shall see many checkpoints.
const WAL_PAGES_SIMULATED: i64 = 24;

/// The writing half of a store.
pub struct Writer {
    pub(super) connection: Connection,
    pub(super) known: Known,
    /// What was known before the running transaction changed anything.
    before: Known,
    pub(super) behind: Behind,
    pub(super) own: Own,
    /// How many of the rings are for what others wrote.
    others: usize,
    pub(super) bus: Local,
    /// What the running group has to ring, here and in other processes.
    pub(super) rings: Vec<Ring>,
    pub(super) bells: BTreeSet<Arc<str>>,
    turn: Turn,
    reserve: Reserve,
    failed: bool,
    /// How many pages the WAL may have that are not in the file yet.
    wal_pages_most: i64,
}

impl Writer {
    /// Opens the file, creates and migrates what is missing. Waits for turns with other processes unless a VFS is named.
    ///
    /// # Errors
    /// `FU0302` to `FU0307`: see the pages.
    pub fn open(options: &Options, bus: Local, now: i64) -> Result<Self> {
        let connection = connect::writer(options, now)?;
        let (turn, reserve) = if options.vfs.is_none() {
            (Turn::beside(&options.path), Reserve::beside(&options.path))
        } else {
            (Turn::none(), Reserve::none())
        };
        let (rings, bells) = (Vec::new(), BTreeSet::new());
        let known = Known::default();
        let simulated = options.vfs.is_some();
        let mut writer = Self {
            connection,
            known,
            before: Known::default(),
            behind: Behind::default(),
            own: Own::default(),
            others: 0,
            bus,
            rings,
            bells,
            turn,
            reserve,
            failed: false,
            wal_pages_most: if simulated { WAL_PAGES_SIMULATED } else { WAL_PAGES },
        };
        writer.refresh().map_err(outside)?;
        writer.rings.clear();
        Ok(writer)
    }

    /// Writes batches in one transaction and answers each: durable, or refused without a trace.
    ///
    /// After a failure of the file every answer, now and later, is `FU0308`.
    pub fn apply(&mut self, batches: Vec<Prepared>) -> Vec<Result<Receipt>> {
        let turn = self.turn();
        self.apply_in(turn, batches)
    }

    /// Waits until no other process writes: whoever comes meanwhile can be of the group. After a failure there is no turn.
    pub(super) fn turn(&self) -> Result<Taken> {
        if self.failed { Err(stopped()) } else { self.turn.take() }
    }

    /// Takes a turn for which nobody has to wait, if no other process is about and the file has not failed.
    pub(super) fn free_turn(&self) -> Option<Taken> {
        if self.failed { None } else { self.turn.take_free() }
    }

    /// Writes batches in a turn that was waited for; without one each is told why.
    pub(super) fn apply_in(
        &mut self,
        turn: Result<Taken>,
        batches: Vec<Prepared>,
    ) -> Vec<Result<Receipt>> {
        let turn = match turn {
            Ok(turn) => turn,
            Err(error) => return vec![Err(error); batches.len()],
        };
        if self.reserve.is_tight() && !self.reserve.restore() {
            return self.apply_urgent(turn, batches);
        }
        let answers = self.apply_all(turn, &batches);
        let is_full = |answer: &Result<Receipt>| {
            answer.as_ref().is_err_and(|error| error.code() == Code::StoreFull)
        };
        if answers.iter().any(is_full) {
            self.reserve.release();
        }
        answers
    }

    /// Writes only what ends something, into the room that was kept for it.
    fn apply_urgent(&mut self, turn: Taken, batches: Vec<Prepared>) -> Vec<Result<Receipt>> {
        let urgent: Vec<bool> = batches.iter().map(Prepared::is_urgent).collect();
        let chosen: Vec<Prepared> = batches.into_iter().filter(Prepared::is_urgent).collect();
        let mut answers = Vec::new().into_iter();
        if !chosen.is_empty() {
            answers = self.apply_all(turn, &chosen).into_iter();
        }
        let answer = |is_urgent: bool| if is_urgent { answers.next() } else { None };
        let answers = urgent.into_iter().map(answer);
        answers.map(|answer| answer.unwrap_or_else(|| Err(reserve::full()))).collect()
    }

    fn apply_all(&mut self, turn: Taken, batches: &[Prepared]) -> Vec<Result<Receipt>> {
        let count = batches.len();
        let done = self.transaction(batches);
        drop(turn);
        self.bells.clear();
        let rings = std::mem::take(&mut self.rings);
        match done {
            Ok(receipts) => {
                self.bus.ring_all(&rings);
                if self.wal_pages() >= self.wal_pages_most {
                    // What was committed is safe in the WAL whatever comes of this; the next batch hears of a failure.
                    let _kept = self.checkpoint();
                }
                receipts
            }
            Err(fault) => {
                // What others wrote is there; what was to be written here is not.
                let others = rings.get(..self.others).unwrap_or_default();
                self.bus.ring_all(others);
                let error = self.give_up(fault);
                vec![Err(error); count]
            }
        }
    }

    /// Tells whether the file failed.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// Carries out the batches as if none were ever refused, which is nearly always true, and again under savepoints where
    /// one left a part of itself behind. A savepoint copies every page that changes under it.
    fn transaction(&mut self, batches: &[Prepared]) -> Result<Vec<Result<Receipt>>, Fault> {
        self.others = 0;
        let mut answers = self.attempt(batches, false)?;
        if answers.is_none() {
            self.roll_back()?;
            self.rings.truncate(self.others);
            self.bells.clear();
            answers = self.attempt(batches, true)?;
        }
        let answers = answers.ok_or_else(|| {
            Fault::Lost(Error::new(Code::Internal, "a savepoint did not take back its batch"))
        })?;
        self.write_behind()?;
        self.save_counters()?;
        self.run("COMMIT")?;
        Ok(answers)
    }

    /// Carries out the batches in a transaction that stays open; `None` when one was refused that had written.
    fn attempt(
        &mut self,
        batches: &[Prepared],
        savepoints: bool,
    ) -> Result<Option<Vec<Result<Receipt>>>, Fault> {
        self.before = self.known.counters();
        self.run("BEGIN IMMEDIATE")?;
        self.refresh()?;
        (self.before, self.others) = (self.known.counters(), self.rings.len());
        let mut answers = Vec::with_capacity(batches.len());
        for batch in batches {
            answers.push(match self.batch(batch, savepoints) {
                Ok(Some(receipt)) => Ok(receipt),
                Ok(None) => return Ok(None),
                Err(Fault::Refused(error)) => Err(error),
                Err(fault) => return Err(fault),
            });
        }
        Ok(Some(answers))
    }

    /// Gives up the transaction, and the store if it must be; gives what every waiter is told.
    fn give_up(&mut self, fault: Fault) -> Error {
        // The file is as it was: nobody has to be told of anything, and a full disk does not wake who waits for it.
        let (error, fatal) = match fault {
            Fault::Refused(error) | Fault::Lost(error) => (error, false),
            Fault::Fatal(error) => (error, true),
        };
        let lost = self.roll_back().is_err();
        self.failed = fatal || lost;
        error
    }

    /// Ends the transaction, if there is one, and forgets what it changed.
    fn roll_back(&mut self) -> rusqlite::Result<()> {
        self.known = self.before.counters();
        self.behind.clear();
        self.own.forget_after(self.known.queue);
        // After some errors SQLite has ended it itself.
        if self.connection.is_autocommit() {
            Ok(())
        } else {
            self.connection.execute_batch("ROLLBACK")
        }
    }

    pub(super) fn run(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// Looks whether somebody else wrote, and if so forgets what was known and rings for what is new.
    pub(super) fn refresh(&mut self) -> Result<(), Fault> {
        let version = self.version()?;
        if self.known.version == Some(version) {
            return Ok(());
        }
        self.ring_others()?;
        let (journal, queue, bells, stream) = {
            let mut statement = self.connection.prepare_cached(
                "SELECT max(c.journal, ifnull((SELECT max(id) FROM journal), 0)), c.queue,
                    ifnull((SELECT max(id) FROM bells), 0), ifnull((SELECT max(id) FROM streams), 0)
                 FROM counters c",
            )?;
            statement
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        };
        let lines = Lines::default();
        let version = Some(version);
        let counters = Known { version, lines, journal, queue, bells, stream, ..Known::default() };
        self.known = Known { queue_saved: queue, ..counters };
        Ok(())
    }

    /// Reads the counter that moves with the commits of others.
    pub(super) fn version(&self) -> rusqlite::Result<i64> {
        self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
    }

    /// Writes what the running group used up, and rings for other processes.
    fn save_counters(&mut self) -> rusqlite::Result<()> {
        if self.known.queue != self.known.queue_saved {
            self.connection
                .prepare_cached("UPDATE counters SET queue = ?")?
                .execute([self.known.queue])?;
            self.known.queue_saved = self.known.queue;
        }
        self.save_bells()
    }

    /// Gives how many pages the WAL has that are not in the file yet.
    fn wal_pages(&self) -> i64 {
        let look = |row: &rusqlite::Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
        let mut asked = self.connection.prepare_cached("PRAGMA wal_checkpoint(noop)");
        let pages = asked.as_mut().map(|statement| statement.query_row([], look));
        // A file that fails says so to the next batch.
        pages.unwrap_or(Ok(0)).unwrap_or(0)
    }

    /// Writes pages of the WAL back into the file; passive, so it waits for nobody.
    ///
    /// # Errors
    /// `FU0308` when the file fails; the store is closed for writing then.
    pub fn checkpoint(&mut self) -> Result<()> {
        let done = self.connection.query_row("PRAGMA wal_checkpoint(passive)", [], |_| Ok(()));
        match done.map_err(Fault::from) {
            Err(Fault::Fatal(error)) => Err(self.give_up(Fault::Fatal(error))),
            // After a full disk or a busy reader: another time.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes the whole file anew, without the pages that are not used, and cuts the WAL off.
    ///
    /// # Errors
    /// `FU0305` when there is no room for the copy, `FU0306` when others write all the time, `FU0308` when the file fails.
    pub fn compact(&mut self) -> Result<()> {
        let turn = self.turn();
        // The copy is as big as the file: not in memory.
        let done = self.connection.execute_batch("PRAGMA temp_store = file; VACUUM");
        let back = self.connection.execute_batch("PRAGMA temp_store = memory");
        let cut = self.connection.query_row("PRAGMA wal_checkpoint(truncate)", [], |_| Ok(()));
        drop(turn);
        match done.and(back).and(cut).map_err(Fault::from) {
            Ok(()) => Ok(()),
            Err(fault @ Fault::Fatal(_)) => Err(self.give_up(fault)),
            Err(Fault::Refused(error) | Fault::Lost(error)) => Err(error),
        }
    }

    /// Closes the file.
    ///
    /// # Errors
    /// `FU0308` when the file fails.
    pub fn close(self) -> Result<()> {
        self.connection.close().map_err(|(_, source)| error(source))
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("failed", &self.failed).finish_non_exhaustive()
    }
}

/// Gives the error of a fault that met no group.
pub(super) fn outside(fault: Fault) -> Error {
    match fault {
        Fault::Refused(error) | Fault::Lost(error) | Fault::Fatal(error) => error,
    }
}

/// Refuses whatever comes after a failure.
pub(super) fn stopped() -> Error {
    Error::new(Code::StoreFailed, "the store failed before and was closed")
        .hint("check the disk, then start again: runs go on from what was acknowledged")
}
