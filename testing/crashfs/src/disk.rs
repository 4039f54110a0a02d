//! The disk as a test sees it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags};

use crate::faults::{Crash, Faults, Moment};
use crate::image::Image;
use crate::state::State;
use crate::vfs::Registration;

/// The state of a disk behind its lock.
#[derive(Debug)]
pub(crate) struct Shared(Mutex<State>);

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An in-memory disk for SQLite that crashes and fails on demand; a clone is the same disk.
///
/// The same seed and the same operations give the same result. Dropping the last clone takes its VFS name away; open
/// connections go on working on files that they have open.
#[derive(Clone)]
pub struct Disk {
    shared: Arc<Shared>,
    registration: Arc<Registration>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (vfs, ops, crashed) = (self.vfs(), self.ops(), self.crashed());
        out.debug_struct("Disk")
            .field("vfs", &vfs)
            .field("ops", &ops)
            .field("crashed", &crashed)
            .finish_non_exhaustive()
    }
}

impl Disk {
    /// Makes an empty disk and registers it with SQLite under a name of its own.
    ///
    /// Each disk leaves under a kilobyte allocated for ever, since a connection may outlive it.
    pub fn new(seed: u64) -> Self {
        let shared = Arc::new(Shared(Mutex::new(State::new(seed))));
        let registration = Arc::new(Registration::new(&shared));
        Self { shared, registration }
    }

    /// Returns the name to give to `Connection::open_with_flags_and_vfs`.
    pub fn vfs(&self) -> &str {
        self.registration.name()
    }

    /// Opens a database on this disk for reading and writing, and creates it if it is not there.
    pub fn connect(&self, path: &str) -> rusqlite::Result<Connection> {
        Connection::open_with_flags_and_vfs(path, OpenFlags::default(), self.vfs())
    }

    /// Counts the operations that changed something so far: create, write, truncate, sync, delete.
    pub fn ops(&self) -> u64 {
        self.shared.state().ops
    }

    /// Counts the syncs so far.
    pub fn syncs(&self) -> u64 {
        self.shared.state().syncs
    }

    /// Counts the reads so far, which are no operations.
    pub fn reads(&self) -> u64 {
        self.shared.state().reads
    }

    /// Sums the sizes of all files, in bytes, with those that are deleted and still open.
    pub fn used_bytes(&self) -> u64 {
        self.shared.state().used_bytes()
    }

    /// Arms a crash in the operation with this number, counted from 1 as [`ops`](Self::ops) does.
    ///
    /// By the seed, that operation has not begun, is done in part (writes only), or is done and nobody hears of it. From
    /// then on everything fails with `SQLITE_IOERR` until [`restart`](Self::restart). A number that is already past means
    /// the next operation; a second call replaces the first.
    pub fn crash_at(&self, op: u64, crash: Crash) {
        self.shared.state().arm(op, crash, None);
    }

    /// Arms a crash as [`crash_at`](Self::crash_at) does, at a moment of that operation that is given, not drawn.
    pub fn crash_exactly_at(&self, op: u64, crash: Crash, moment: Moment) {
        self.shared.state().arm(op, crash, Some(moment));
    }

    /// Crashes at once, between two operations.
    pub fn crash(&self, crash: Crash) {
        self.shared.state().crash(crash);
    }

    /// Says whether the disk has crashed and waits for [`restart`](Self::restart).
    pub fn crashed(&self) -> bool {
        self.shared.state().dead.is_some()
    }

    /// Brings the disk back with what the crash left; locks and shared memory are gone.
    ///
    /// Connections from before fail with `SQLITE_IOERR` for ever, so that a leftover of the dead process cannot write into
    /// the new one's files. On a disk that has not crashed this is a [`Crash::Process`] between two operations.
    pub fn restart(&self) {
        self.shared.state().restart();
    }

    /// Replaces the faults; `Faults::default()` heals the disk.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.state().faults = faults;
    }

    /// Lists the last 256 operations, crashes and restarts in words, oldest first.
    pub fn trace(&self) -> Vec<String> {
        self.shared.state().trace.lines()
    }

    /// Returns a hash over the number, kind, place, size and path of every operation so far, for comparing two runs.
    pub fn fingerprint(&self) -> u64 {
        self.shared.state().trace.fingerprint()
    }

    /// Copies the content of every file, as programs see it.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.shared.state();
        let copy = |(name, inode): (&Arc<str>, _)| {
            Some((name.to_string(), state.images.get(&inode)?.bytes().to_vec()))
        };
        state.folder.entries().filter_map(copy).collect()
    }

    /// Puts a file on the disk, synced, in place of any other of that name. It is no operation, so nothing counts it.
    pub fn load(&self, path: &str, bytes: &[u8]) {
        let mut state = self.shared.state();
        let inode = state.add_image(Image::stored(bytes));
        state.folder.store(&path.into(), inode);
        state.collect();
    }

    /// Flips the set bits of `bits` in one byte of a file, under the feet of whoever has it open.
    ///
    /// Returns false if there is no such file or byte.
    pub fn flip(&self, path: &str, offset: usize, bits: u8) -> bool {
        let mut state = self.shared.state();
        let inode = state.folder.find(path);
        inode.and_then(|inode| state.images.get_mut(&inode)).is_some_and(|i| i.flip(offset, bits))
    }

    /// Returns the time that SQLite sees, in milliseconds since 1970. It stands still but for sleeps of SQLite.
    pub fn time_ms(&self) -> u64 {
        self.shared.state().now_us / 1000
    }

    /// Sets the time that SQLite sees, in milliseconds since 1970.
    pub fn set_time_ms(&self, time_ms: u64) {
        self.shared.state().now_us = time_ms.saturating_mul(1000);
    }
}
