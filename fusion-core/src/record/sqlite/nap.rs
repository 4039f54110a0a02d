//! How the writer's thread sleeps: until it gets a job, its time is over, or another process wrote the file.
//!
//! SQLite tells nobody of a commit: whoever wants to know must ask. Asking every few milliseconds costs a sleeping
//! machine more than an idle program may take, so on Linux the kernel says when the WAL was written (inotify). It says so
//! when the first page is written, which is before the commit can be seen; so the writer asks often for a while after, and
//! seldom in a file where nothing moves.

use std::path::Path;
use std::task::Waker;

use super::options::beside;
use crate::model::limits;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
use linux::Bed;
#[cfg(not(target_os = "linux"))]
use portable::Bed;

/// How long after the last write to the WAL its commit must have come, in milliseconds.
const SETTLE_MS: u64 = 200;
/// How long the writer sleeps in a file where nothing moves, in milliseconds: the kernel's word may be lost.
const CALM_MS: u64 = 250;

/// What ended a sleep.
#[derive(Debug, PartialEq, Eq)]
enum Woken {
    /// Somebody has a job, or begins to listen.
    Called,
    /// The file was written.
    Written,
    /// The time was over.
    Late,
}

/// The sleep of one thread.
#[derive(Debug)]
pub(super) struct Nap {
    bed: Bed,
    /// For how long nothing was written, as far as the kernel says so.
    still_ms: u64,
}

impl Nap {
    /// Prepares to sleep beside this file, which is open in WAL mode.
    ///
    /// # Errors
    /// When the process may open nothing more.
    pub(super) fn new(file: &Path) -> rustix::io::Result<Self> {
        Ok(Self { bed: Bed::new(&beside(file, "-wal"))?, still_ms: 0 })
    }

    /// Gives what ends the sleep.
    pub(super) fn waker(&self) -> Waker {
        self.bed.waker()
    }

    /// Sleeps until the waker is woken or the time is over; without one, only the waker counts.
    pub(super) fn sleep(&mut self, ms: Option<u64>) {
        self.bed.sleep(ms, false);
    }

    /// Sleeps until the waker is woken, or until it is time to ask whether another process wrote. Gives about how long, in
    /// milliseconds.
    pub(super) fn sleep_and_watch(&mut self) -> u64 {
        if !self.bed.is_watching() || self.bed.was_written() {
            self.still_ms = 0;
        }
        let is_calm = self.still_ms >= SETTLE_MS;
        let nap_ms = if is_calm { CALM_MS } else { limits::TAIL_MS.unsigned_abs() };
        match self.bed.sleep(Some(nap_ms), is_calm) {
            Woken::Called => {}
            Woken::Written => self.still_ms = 0,
            Woken::Late => self.still_ms = self.still_ms.saturating_add(nap_ms),
        }
        nap_ms
    }
}

#[cfg(test)]
mod tests;
