//! The turn lock: a queue of processes before the database's own lock.
//!
//! SQLite's busy handler polls, so of several busy processes one may get a fraction of the others' share. A blocking lock
//! on a file of its own makes them take turns. It is courtesy only; safety is SQLite's own lock. It must never be the
//! database file: closing any descriptor of that one drops SQLite's locks.

use std::cell::RefCell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::options::beside;
use crate::error::{Code, Error, Result};

/// How long a turn is waited for, in milliseconds.
pub(super) const WAIT_MS: u64 = 5_000;

/// After how many free turns in a row nobody else is about.
const CALM: u32 = 64;
/// How many turns in a row are taken without waiting while others are about: they are still waking up, and the file is
/// still warm.
const PUSHES: u32 = 3;

/// A side file to be locked; absent where there is none, and then nobody waits for a turn.
#[derive(Debug, Default)]
pub(super) struct Turn(Option<Side>);

#[derive(Debug)]
struct Side {
    file: Arc<File>,
    path: PathBuf,
    /// Nobody had made it before.
    is_new: bool,
    waiter: RefCell<Option<Waiter>>,
}

/// A turn taken; ends when dropped. Holds the file that is locked, if one is.
#[derive(Debug)]
pub(super) struct Taken(Option<Arc<File>>);

impl Turn {
    /// Opens the side file of a database. All names of one database (relative, through links) share it.
    pub(super) fn beside(database: &Path) -> Self {
        let path = beside(&one_name(database), "-turn");
        let made = File::options().create_new(true).write(true).open(&path);
        let is_new = made.is_ok();
        let file =
            made.or_else(|_| File::options().create(true).truncate(false).write(true).open(&path));
        Self(file.ok().map(|file| Side {
            file: Arc::new(file),
            path,
            is_new,
            waiter: RefCell::default(),
        }))
    }

    /// Takes the side file away if this turn made it: what it stood beside is no store.
    pub(super) fn undo(&self) {
        if let Some(side) = self.0.as_ref().filter(|side| side.is_new) {
            // It is empty and locks nothing that is there.
            let _gone = std::fs::remove_file(&side.path);
        }
    }

    /// Does without.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Waits for the turn.
    ///
    /// # Errors
    /// `FU0306` when another process does not end its turn in [`WAIT_MS`].
    pub(super) fn take(&self) -> Result<Taken> {
        self.take_within(WAIT_MS)
    }

    /// Takes a turn for which nobody has to wait, if no other process is about.
    pub(super) fn take_free(&self) -> Option<Taken> {
        let Some(Side { file, waiter, .. }) = &self.0 else { return Some(Taken(None)) };
        if waiter.borrow().is_some() { None } else { free(file) }
    }

    fn take_within(&self, wait_ms: u64) -> Result<Taken> {
        let Some(Side { file, path, waiter, .. }) = &self.0 else { return Ok(Taken(None)) };
        let mut waiter = waiter.borrow_mut();
        if waiter.as_ref().is_none_or(Waiter::may_push_in)
            && let Some(taken) = free(file)
        {
            *waiter = waiter.take().and_then(Waiter::pushed_in);
            return Ok(taken);
        }
        let Some(mut one) = waiter.take().or_else(|| Waiter::begin(path)) else {
            return Ok(Taken(None));
        };
        let file = one.wait(wait_ms)?;
        *waiter = Some(one);
        Ok(Taken(Some(file)))
    }
}

/// Takes a turn that is free.
fn free(file: &Arc<File>) -> Option<Taken> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Some(Taken(Some(file.clone()))),
        Err(Errno::WOULDBLOCK) => None,
        // Not every file system has such locks.
        Err(_) => Some(Taken(None)),
    }
}

/// A thread that waits in the queue of the system, which is fair, but not for ever: who asked it may leave it alone. It
/// locks a file that only it has open, so that a turn which comes too late ends with the thread.
#[derive(Debug)]
struct Waiter {
    file: Arc<File>,
    asks: SyncSender<()>,
    /// Tells whether the turn was free.
    taken: Receiver<bool>,
    /// How many turns in a row were free.
    free: u32,
}

impl Waiter {
    fn begin(path: &Path) -> Option<Self> {
        let file = Arc::new(File::options().write(true).open(path).ok()?);
        let (asks, asked) = sync_channel(1);
        let (tells, taken) = sync_channel(0);
        let own = file.clone();
        let wait = move || {
            while asked.recv().is_ok() {
                let is_free = flock(&own, FlockOperation::NonBlockingLockExclusive).is_ok();
                while !is_free && flock(&own, FlockOperation::LockExclusive) == Err(Errno::INTR) {}
                if tells.send(is_free).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("fusion-turn".to_owned()).spawn(wait).ok()?;
        Some(Self { file, asks, taken, free: 0 })
    }

    /// Tells whether a turn may be taken before those who wait.
    fn may_push_in(&self) -> bool {
        self.free % (PUSHES + 1) != PUSHES
    }

    /// Counts a free turn; gives nothing back when nobody else seems to be about.
    fn pushed_in(mut self) -> Option<Self> {
        self.free += 1;
        (self.free < CALM).then_some(self)
    }

    fn wait(&mut self, wait_ms: u64) -> Result<Arc<File>> {
        // A thread that is gone answers at once that it is.
        let _asked = self.asks.send(());
        if let Ok(is_free) = self.taken.recv_timeout(Duration::from_millis(wait_ms)) {
            self.free = if is_free { self.free + 1 } else { 0 };
            return Ok(self.file.clone());
        }
        let text = format!("another program has held the store for {} s", wait_ms / 1_000);
        Err(Error::new(Code::StoreBusy, text)
            .hint("nothing was written: try again, or end the program that holds it"))
    }
}

/// How many links are followed to a file that is not there yet.
const LINKS: usize = 40;

/// Gives the name of a file that does not depend on the current folder and on links.
pub(super) fn one_name(path: &Path) -> PathBuf {
    if let Ok(name) = path.canonicalize() {
        return name;
    }
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        // SQLite makes the file where a link that leads nowhere yet points.
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or_else(|| Path::new("")).join(target);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match (folder.canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        // A failure to unlock ends with the process at the latest.
        let _unlocked = self.0.take().map(|file| flock(&*file, FlockOperation::Unlock));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_does_not_end_is_an_error_and_comes_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let (first, second) = (Turn::beside(&path), Turn::beside(&path));
        let taken = first.take().unwrap();
        let error = second.take_within(50).unwrap_err();
        assert_eq!(error.code(), Code::StoreBusy);
        drop(taken);
        // The thread that still waited has its turn and ends it.
        drop(second.take_within(5_000).unwrap());
        drop(first.take_within(5_000).unwrap());
    }

    #[test]
    fn a_turn_comes_when_the_one_before_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let (first, second) = (Turn::beside(&path), Turn::beside(&path));
        let taken = first.take().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // One waiter serves all turns.
                for _ in 0..3 {
                    drop(second.take_within(20_000).unwrap());
                }
            });
            drop(taken);
        });
    }

    #[test]
    fn all_names_of_a_file_share_a_turn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        std::fs::write(&path, b"").unwrap();
        let (link, linked) = (folder.path().join("l.db"), folder.path().join("f"));
        std::os::unix::fs::symlink(&path, &link).unwrap();
        std::os::unix::fs::symlink(folder.path(), &linked).unwrap();
        let first = Turn::beside(&path);
        let _taken = first.take().unwrap();
        for name in [link, linked.join("x.db"), folder.path().join(".").join("x.db")] {
            assert!(Turn::beside(&name).take_within(10).is_err(), "{}", name.display());
        }
    }
}
