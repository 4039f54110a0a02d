//! Room on the disk that is kept for ends: when the disk is full, a cancel and the records of failures still find place.
//!
//! It is a file beside the database. The first write that finds the disk full deletes it; from then on only what is urgent
//! is written, until the file can be made again with as much room to spare.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use super::options::beside;
use super::turn::one_name;
use crate::error::{Code, Error};

/// How large the file is, in bytes: some hundred records with all that SQLite writes around them.
const BYTES: u64 = 1024 * 1024;
/// What its name has behind that of the database.
const ENDING: &str = "-reserve";

/// The room that is kept.
#[derive(Debug)]
pub(super) struct Reserve {
    /// Absent where none is kept.
    path: Option<PathBuf>,
    is_tight: bool,
}

impl Reserve {
    /// Keeps room beside a database.
    pub(super) fn beside(database: &Path) -> Self {
        let mut reserve = Self { path: Some(beside(&one_name(database), ENDING)), is_tight: true };
        reserve.restore();
        // A disk that is full already is noticed by the first write.
        reserve.is_tight = false;
        reserve
    }

    /// Does without.
    pub(super) fn none() -> Self {
        Self { path: None, is_tight: false }
    }

    /// Tells whether the room was given away.
    pub(super) fn is_tight(&self) -> bool {
        self.is_tight
    }

    /// Gives the room away.
    pub(super) fn release(&mut self) {
        if let Some(path) = &self.path {
            tracing::warn!(
                "the disk is full: only what ends something is written until there is room"
            );
            // Another process may have been faster.
            let _gone = std::fs::remove_file(path);
            self.is_tight = true;
        }
    }

    /// Takes the room back. `false` when the disk is still full.
    pub(super) fn restore(&mut self) -> bool {
        let Some(path) = &self.path else { return true };
        self.is_tight = !is_whole(path) && make(path).is_err();
        !self.is_tight
    }
}

/// Says what is wrong if the disk of a database is full, as far as one can see without writing.
pub(super) fn pressure(database: &Path) -> Option<Error> {
    let folder = match database.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let free = statvfs(folder).ok().map(|found| found.f_bavail.saturating_mul(found.f_frsize))?;
    let is_kept = is_whole(&beside(database, ENDING));
    (free < BYTES / 4 || (!is_kept && free < 2 * BYTES)).then(full)
}

/// Words the refusal of what is not urgent.
pub(super) fn full() -> Error {
    Error::new(Code::StoreFull, "the disk is full, nothing was written")
        .hint("make space: what waits goes on by itself")
}

/// Tells whether the file is there. One that is being made, and may not find room, is shorter.
fn is_whole(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.len() >= BYTES)
}

/// Makes the file, if there is as much room again beside it.
fn make(path: &Path) -> std::io::Result<()> {
    let whole = allocate(path).and_then(|file| file.set_len(BYTES));
    if whole.is_err() {
        let _gone = std::fs::remove_file(path);
    }
    whole
}

fn allocate(path: &Path) -> std::io::Result<File> {
    let mut file = File::options().create(true).write(true).truncate(true).open(path)?;
    match fallocate(&file, FallocateFlags::empty(), 0, 2 * BYTES) {
        Ok(()) => {}
        Err(rustix::io::Errno::OPNOTSUPP) => {
            let zeros = [0; 4096];
            for _ in 0..2 * BYTES / 4096 {
                file.write_all(&zeros)?;
            }
        }
        Err(error) => return Err(error.into()),
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_given_away_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        let file = beside(&database, ENDING);
        let mut reserve = Reserve::beside(&database);
        assert_eq!(file.metadata().unwrap().len(), BYTES);
        reserve.release();
        assert!(reserve.is_tight() && !file.exists());
        assert!(reserve.restore() && !reserve.is_tight());
        assert_eq!(file.metadata().unwrap().len(), BYTES);
        assert!(pressure(&database).is_none());
    }
}
