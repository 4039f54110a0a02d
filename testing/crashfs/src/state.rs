//! Everything one disk knows: files, names, locks, the count of operations, and what is to go wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::ffi;

use crate::faults::{Crash, Faults, Moment};
use crate::folder::{Folder, Inode};
use crate::image::Image;
use crate::lock::{HandleId, Locks, Region, Shm};
use crate::rng::Rng;
use crate::trace::{Action, Outcome, Trace};

/// A result whose error is a code of SQLite.
pub(crate) type Io<T> = Result<T, i32>;

/// The time on a new disk, in milliseconds since 1970.
const FIRST_TIME_MS: u64 = 1_700_000_000_000;

const TOPIC_SQLITE: u64 = 1;
const TOPIC_LAST_OP: u64 = 2;
const TOPIC_POWER: u64 = 3;
const TOPIC_FSYNC: u64 = 4;

/// One open file, as the connection that opened it holds it.
#[derive(Debug)]
pub(crate) struct Handle {
    pub(crate) id: HandleId,
    pub(crate) inode: Inode,
    pub(crate) path: Arc<str>,
    pub(crate) flags: i32,
    /// Set until the first sync of a new journal or WAL, which has to sync the folder too.
    pub(crate) syncs_folder: bool,
    /// The restart count when the file was opened; an older one marks a connection of a dead process.
    pub(crate) epoch: u64,
    /// Keeps the memory that SQLite has pointers to, even after a restart has forgotten it.
    pub(crate) regions: Vec<Arc<Region>>,
}

/// What is to become of an operation.
#[derive(Debug)]
pub(crate) enum Fate {
    Run,
    Fail,
    /// The machine stops in it: before it began, in the middle, or before anyone hears that it was done.
    Crash(Stage),
}

/// How far the last operation before a crash came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Nothing,
    /// Some first part of it, of `0..=u16::MAX` in `u16::MAX`.
    Part(u16),
    Whole,
}

/// Everything one disk knows.
#[derive(Debug)]
pub(crate) struct State {
    seed: u64,
    pub(crate) epoch: u64,
    pub(crate) ops: u64,
    pub(crate) syncs: u64,
    pub(crate) reads: u64,
    armed: Option<(u64, Crash, Option<Moment>)>,
    pub(crate) dead: Option<Crash>,
    pub(crate) faults: Faults,
    pub(crate) folder: Folder,
    pub(crate) images: BTreeMap<Inode, Image>,
    pub(crate) last_inode: Inode,
    pub(crate) open: BTreeMap<HandleId, Inode>,
    pub(crate) last_handle: HandleId,
    pub(crate) locks: BTreeMap<Inode, Locks>,
    pub(crate) shm: BTreeMap<Inode, Shm>,
    pub(crate) trace: Trace,
    pub(crate) now_us: u64,
    pub(crate) randomness: Rng,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            epoch: 0,
            ops: 0,
            syncs: 0,
            reads: 0,
            armed: None,
            dead: None,
            faults: Faults::default(),
            folder: Folder::default(),
            images: BTreeMap::new(),
            last_inode: 0,
            open: BTreeMap::new(),
            last_handle: 0,
            locks: BTreeMap::new(),
            shm: BTreeMap::new(),
            trace: Trace::default(),
            now_us: FIRST_TIME_MS * 1000,
            randomness: Rng::for_topic(seed, TOPIC_SQLITE, 0),
        }
    }

    pub(crate) fn arm(&mut self, op: u64, kind: Crash, moment: Option<Moment>) {
        self.armed = Some((op, kind, moment));
    }

    pub(crate) fn crash(&mut self, kind: Crash) {
        if self.dead.is_none() {
            self.dead = Some(kind);
            self.armed = None;
            self.trace.crash(kind);
        }
    }

    /// Refuses everything on a dead disk, and the connections of a dead process for ever.
    pub(crate) fn check_alive(&self, handle: &Handle) -> Io<()> {
        if self.dead.is_some() || handle.epoch != self.epoch {
            return Err(ffi::SQLITE_IOERR);
        }
        Ok(())
    }

    /// Counts an operation, logs it, and decides its fate.
    pub(crate) fn begin(&mut self, action: Action, path: &Arc<str>) -> Fate {
        self.ops = self.ops.saturating_add(1);
        let mut fails = self.faults.hits_op(self.ops);
        if action == Action::Sync {
            self.syncs = self.syncs.saturating_add(1);
            fails |= self.faults.hits_sync(self.syncs);
        }
        if let Some((_, kind, moment)) = self.armed.take_if(|(op, ..)| *op <= self.ops) {
            self.trace.op(self.ops, action, path, Outcome::Crashed(kind));
            self.dead = Some(kind);
            return Fate::Crash(self.draw_stage(moment));
        }
        let outcome = if fails { Outcome::Failed } else { Outcome::Done };
        self.trace.op(self.ops, action, path, outcome);
        if fails { Fate::Fail } else { Fate::Run }
    }

    fn draw_stage(&self, moment: Option<Moment>) -> Stage {
        let mut rng = Rng::for_topic(self.seed, TOPIC_LAST_OP, self.ops);
        let drawn = match rng.below(3) {
            0 => Moment::Before,
            1 => Moment::Within,
            _ => Moment::After,
        };
        match moment.unwrap_or(drawn) {
            Moment::Before => Stage::Nothing,
            Moment::Within => Stage::Part(u16::try_from(rng.below(1 << 16)).unwrap_or(0)),
            Moment::After => Stage::Whole,
        }
    }

    /// Makes the generator that decides which dirty data a failing sync wrote.
    pub(crate) fn fsync_rng(&self) -> Rng {
        Rng::for_topic(self.seed, TOPIC_FSYNC, self.ops)
    }

    pub(crate) fn restart(&mut self) {
        let kind = self.dead.take().unwrap_or(Crash::Process);
        self.armed = None;
        self.open.clear();
        self.locks.clear();
        self.shm.clear();
        if kind == Crash::Power {
            let mut rng =
                Rng::for_topic(self.seed, TOPIC_POWER, self.ops.rotate_left(20) ^ self.epoch);
            self.folder.lose_power(&mut rng);
            self.collect();
            for image in self.images.values_mut() {
                image.lose_power(&mut rng);
            }
        }
        self.collect();
        self.epoch = self.epoch.saturating_add(1);
        self.trace.restart(kind);
    }

    /// Frees the files that no name and no connection leads to.
    pub(crate) fn collect(&mut self) {
        let mut live = self.folder.reachable();
        live.extend(self.open.values());
        self.images.retain(|inode, _| live.contains(inode));
    }

    pub(crate) fn add_image(&mut self, image: Image) -> Inode {
        self.last_inode = self.last_inode.saturating_add(1);
        self.images.insert(self.last_inode, image);
        self.last_inode
    }

    /// Sums the sizes of all files, in bytes.
    pub(crate) fn used_bytes(&self) -> u64 {
        self.images.values().map(|image| image.bytes().len() as u64).sum()
    }
}
