//! Locks between connections: the five levels on a database file, and the eight slots and shared pages of WAL mode.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rusqlite::ffi;

use crate::state::Io;

/// The number of one open file.
pub(crate) type HandleId = u64;

/// A level of SQLite's lock on a database file, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    None,
    Shared,
    Reserved,
    Pending,
    Exclusive,
}

impl Level {
    pub(crate) fn from_code(code: i32) -> Self {
        match code {
            ffi::SQLITE_LOCK_NONE => Self::None,
            ffi::SQLITE_LOCK_SHARED => Self::Shared,
            ffi::SQLITE_LOCK_RESERVED => Self::Reserved,
            ffi::SQLITE_LOCK_PENDING => Self::Pending,
            _ => Self::Exclusive,
        }
    }
}

/// Who holds which level on one database file.
#[derive(Debug, Default)]
pub(crate) struct Locks(BTreeMap<HandleId, Level>);

impl Locks {
    pub(crate) fn acquire(&mut self, id: HandleId, wanted: Level) -> Io<()> {
        let own = self.0.get(&id).copied().unwrap_or(Level::None);
        if own >= wanted {
            return Ok(());
        }
        let others =
            self.0.iter().filter(|(other, _)| **other != id).map(|(_, level)| *level).max();
        let others = others.unwrap_or(Level::None);
        let strongest_beside =
            if wanted == Level::Shared { Level::Reserved } else { Level::Shared };
        if others > strongest_beside {
            return Err(ffi::SQLITE_BUSY);
        }
        if wanted == Level::Exclusive && others == Level::Shared {
            // Readers may finish, and no new one may start: that is what keeps a writer from starving.
            self.0.insert(id, Level::Pending);
            return Err(ffi::SQLITE_BUSY);
        }
        self.0.insert(id, wanted);
        Ok(())
    }

    pub(crate) fn release(&mut self, id: HandleId, down_to: Level) {
        if down_to == Level::None {
            self.0.remove(&id);
        } else if let Some(level) = self.0.get_mut(&id) {
            *level = (*level).min(down_to);
        }
    }

    pub(crate) fn is_reserved(&self) -> bool {
        self.0.values().any(|level| *level >= Level::Reserved)
    }

    pub(crate) fn is_free(&self) -> bool {
        self.0.is_empty()
    }
}

/// A piece of memory that all connections to one database share.
#[derive(Debug)]
pub(crate) struct Region(Box<[AtomicU64]>);

impl Region {
    fn new(bytes: usize) -> Self {
        Self((0..bytes.div_ceil(8)).map(|_| AtomicU64::new(0)).collect())
    }

    /// Points to the first byte; valid while this region lives.
    pub(crate) fn pointer(&self) -> *mut u8 {
        self.0.as_ptr().cast_mut().cast()
    }
}

/// The slots of [`Shm`] that one connection holds, a bit each.
#[derive(Debug, Default)]
struct Slots {
    shared: u32,
    exclusive: u32,
}

/// What SQLite calls the shared memory of a database in WAL mode.
#[derive(Debug, Default)]
pub(crate) struct Shm {
    regions: Vec<Arc<Region>>,
    users: BTreeMap<HandleId, Slots>,
}

impl Shm {
    /// Finds a region, or makes it if `extend` is set.
    pub(crate) fn map(
        &mut self,
        id: HandleId,
        index: usize,
        bytes: usize,
        extend: bool,
    ) -> Option<Arc<Region>> {
        self.users.entry(id).or_default();
        while extend && self.regions.len() <= index {
            self.regions.push(Arc::new(Region::new(bytes)));
        }
        self.regions.get(index).cloned()
    }

    pub(crate) fn acquire(&mut self, id: HandleId, mask: u32, exclusive: bool) -> Io<()> {
        let blocked = self.users.iter().filter(|(other, _)| **other != id).any(|(_, held)| {
            let blocking = if exclusive { held.shared | held.exclusive } else { held.exclusive };
            blocking & mask != 0
        });
        if blocked {
            return Err(ffi::SQLITE_BUSY);
        }
        let own = self.users.entry(id).or_default();
        if exclusive {
            own.exclusive |= mask;
        } else {
            own.shared |= mask;
        }
        Ok(())
    }

    pub(crate) fn release(&mut self, id: HandleId, mask: u32) {
        if let Some(own) = self.users.get_mut(&id) {
            own.shared &= !mask;
            own.exclusive &= !mask;
        }
    }

    /// Forgets a connection, and says whether it was the last one.
    pub(crate) fn leave(&mut self, id: HandleId) -> bool {
        self.users.remove(&id);
        self.users.is_empty()
    }
}
