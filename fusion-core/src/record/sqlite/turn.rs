//! The turn lock: a queue of processes before the database's own lock.
//!
//! SQLite's busy handler polls, so of several busy processes one may get a fraction of the others' share. A blocking lock
//! on a file of its own makes them take turns. It is courtesy only; safety is SQLite's own lock. It must never be the
//! database file: closing any descriptor of that one drops SQLite's locks.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// A side file to be locked; absent where there is none, and then nobody waits for a turn.
#[derive(Debug, Default)]
pub(super) struct Turn(Option<File>);

/// A turn taken; ends when dropped.
#[derive(Debug)]
pub(super) struct Taken<'a>(Option<&'a File>);

impl Turn {
    /// Opens the side file of a database.
    pub(super) fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-turn");
        Self(File::options().create(true).truncate(false).write(true).open(path).ok())
    }

    /// Does without.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Waits for the turn.
    pub(super) fn take(&self) -> Taken<'_> {
        let file = self.0.as_ref();
        let locked = file.filter(|file| {
            loop {
                match flock(file, FlockOperation::LockExclusive) {
                    Ok(()) => break true,
                    Err(rustix::io::Errno::INTR) => {}
                    Err(_) => break false,
                }
            }
        });
        Taken(locked)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(file) = self.0 {
            // A failure to unlock ends with the process at the latest.
            let _unlocked = flock(file, FlockOperation::Unlock);
        }
    }
}
