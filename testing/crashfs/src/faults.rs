//! What can go wrong on a disk, as plain data.

use std::ops::Range;

/// The way in which everything that runs over a disk stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Is a `kill -9`: all that was written stays as written, since the cache of the operating system survives. It is
    /// still not synced: a later loss of power can take it.
    Process,
    /// Is a loss of power: only synced data is sure to survive.
    Power,
}

/// How far the operation came in which everything stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// It had not begun.
    Before,
    /// It was done in part, if it is one that can be: a write, by the seed.
    Within,
    /// It was done, and nobody heard of it.
    After,
}

/// The faults of a disk that goes on working.
///
/// Numbers of operations and of syncs count from 1 over the whole life of the disk, as [`Disk::ops`](crate::Disk::ops) and
/// [`Disk::syncs`](crate::Disk::syncs) do: `Some(n..n + 1)` is one fault, `Some(n..u64::MAX)` a broken disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// Limits the sum of the sizes of all files, in bytes; what would pass it fails with `SQLITE_FULL`.
    pub capacity_bytes: Option<u64>,
    /// Names the operations that fail with `SQLITE_IOERR`; a failing sync is as in `failing_syncs`.
    pub failing_ops: Option<Range<u64>>,
    /// Names the syncs that fail. As on Linux, the writes are then clean though not all are on the disk: reads still see
    /// them, the next sync succeeds without them, and a loss of power takes them.
    pub failing_syncs: Option<Range<u64>>,
    /// Names the reads that fail with `SQLITE_IOERR`; reads have numbers of their own, see [`Disk::reads`](crate::Disk::reads).
    pub failing_reads: Option<Range<u64>>,
    /// Makes a sync report success and do nothing.
    pub lying_sync: bool,
}

impl Faults {
    pub(crate) fn hits_op(&self, op: u64) -> bool {
        hits(self.failing_ops.as_ref(), op)
    }

    pub(crate) fn hits_sync(&self, sync: u64) -> bool {
        hits(self.failing_syncs.as_ref(), sync)
    }

    pub(crate) fn hits_read(&self, read: u64) -> bool {
        hits(self.failing_reads.as_ref(), read)
    }
}

fn hits(numbers: Option<&Range<u64>>, number: u64) -> bool {
    numbers.is_some_and(|numbers| numbers.contains(&number))
}
