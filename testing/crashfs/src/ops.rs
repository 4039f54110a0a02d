//! What SQLite asks of a file system, over the state of one disk.

use std::sync::Arc;

use rusqlite::ffi;

use crate::folder::Inode;
use crate::image::{Image, SECTOR_BYTES};
use crate::lock::{Level, Locks};
use crate::state::{Fate, Handle, Io, Stage, State};
use crate::trace::{Action, Outcome};

/// The kinds of file whose folder is synced with their first sync.
const JOURNALS: i32 =
    ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL | ffi::SQLITE_OPEN_WAL;

/// A run of WAL-mode lock slots, and what to do with them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotRequest {
    pub(crate) first: i32,
    pub(crate) count: i32,
    pub(crate) flags: i32,
}

impl State {
    /// Opens a file; a missing `path` means a temporary one without a name.
    pub(crate) fn open_file(&mut self, path: Option<&str>, flags: i32) -> Io<Handle> {
        if self.dead.is_some() {
            return Err(ffi::SQLITE_IOERR);
        }
        let name: Arc<str> = path.unwrap_or("(temporary)").into();
        let found = path.and_then(|path| self.folder.find(path));
        let inode = match found {
            Some(_) if flags & ffi::SQLITE_OPEN_EXCLUSIVE != 0 => {
                return Err(ffi::SQLITE_CANTOPEN);
            }
            Some(inode) => inode,
            None if path.is_none() => self.add_image(Image::default()),
            None if flags & ffi::SQLITE_OPEN_CREATE == 0 => return Err(ffi::SQLITE_CANTOPEN),
            None => self.create(&name)?,
        };
        self.last_handle = self.last_handle.saturating_add(1);
        self.open.insert(self.last_handle, inode);
        Ok(Handle {
            id: self.last_handle,
            inode,
            path: name,
            flags,
            syncs_folder: found.is_none() && flags & JOURNALS != 0,
            epoch: self.epoch,
            regions: Vec::new(),
        })
    }

    fn create(&mut self, name: &Arc<str>) -> Io<Inode> {
        let fate = self.begin(Action::Create, name);
        if matches!(fate, Fate::Fail) {
            return Err(ffi::SQLITE_IOERR);
        }
        let inode = self.add_image(Image::default());
        match fate {
            Fate::Crash(Stage::Nothing) => {}
            _ => self.folder.create(name, inode),
        }
        if matches!(fate, Fate::Run) { Ok(inode) } else { Err(ffi::SQLITE_IOERR) }
    }

    /// Closes a file; works on a dead disk too, so that connections can be dropped.
    pub(crate) fn close_file(&mut self, handle: &Handle) {
        if handle.epoch != self.epoch {
            return;
        }
        self.unmap(handle);
        self.unlock(handle, Level::None);
        self.open.remove(&handle.id);
        if self.dead.is_some() {
            return;
        }
        let still_named = self.folder.find(&handle.path) == Some(handle.inode);
        if still_named && handle.flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0 {
            self.folder.delete(&handle.path);
        }
        self.collect();
    }

    /// Fills `into`; what lies past the end of the file is filled with zeros and reported as SQLite wants it.
    pub(crate) fn read(&mut self, handle: &Handle, offset: usize, into: &mut [u8]) -> Io<()> {
        self.check_alive(handle)?;
        self.reads = self.reads.saturating_add(1);
        if self.faults.hits_read(self.reads) {
            return Err(ffi::SQLITE_IOERR_READ);
        }
        let image = self.images.get(&handle.inode).ok_or(ffi::SQLITE_IOERR_READ)?;
        let count = image.read(offset, into);
        let rest = into.get_mut(count..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        rest.fill(0);
        Err(ffi::SQLITE_IOERR_SHORT_READ)
    }

    pub(crate) fn write(&mut self, handle: &Handle, offset: usize, data: &[u8]) -> Io<()> {
        self.check_writable(handle)?;
        match self.begin(Action::Write { offset, len: data.len() }, &handle.path) {
            Fate::Fail => Err(ffi::SQLITE_IOERR_WRITE),
            Fate::Run => {
                let part = self.room_for(handle.inode, offset, data);
                self.put(handle.inode, offset, part);
                if part.len() == data.len() {
                    return Ok(());
                }
                self.trace.amend(Outcome::Full);
                Err(ffi::SQLITE_FULL)
            }
            Fate::Crash(stage) => {
                let part = self.room_for(handle.inode, offset, first_part(data, stage));
                self.put(handle.inode, offset, part);
                Err(ffi::SQLITE_IOERR)
            }
        }
    }

    fn put(&mut self, inode: Inode, offset: usize, data: &[u8]) {
        if let (false, Some(image)) = (data.is_empty(), self.images.get_mut(&inode)) {
            image.write(offset, data);
        }
    }

    /// Returns the first part of `data` for which the disk has room.
    fn room_for<'a>(&self, inode: Inode, offset: usize, data: &'a [u8]) -> &'a [u8] {
        let size = self.images.get(&inode).map_or(0, |image| image.bytes().len());
        let end = offset.saturating_add(data.len());
        let Some(capacity) = self.faults.capacity_bytes.filter(|_| end > size) else {
            return data;
        };
        let free = capacity.saturating_sub(self.used_bytes());
        let last_end = size.saturating_add(usize::try_from(free).unwrap_or(usize::MAX));
        let room = last_end.saturating_sub(offset).min(data.len());
        data.get(..room).unwrap_or_default()
    }

    pub(crate) fn truncate(&mut self, handle: &Handle, len: usize) -> Io<()> {
        self.check_writable(handle)?;
        let fate = self.begin(Action::Truncate { len }, &handle.path);
        let size = self.images.get(&handle.inode).map_or(0, |image| image.bytes().len());
        let growth = u64::try_from(len.saturating_sub(size)).unwrap_or(u64::MAX);
        let fits = self.faults.capacity_bytes.is_none_or(|capacity| {
            growth == 0 || self.used_bytes().saturating_add(growth) <= capacity
        });
        let applies = fits && matches!(fate, Fate::Run | Fate::Crash(Stage::Whole));
        if let (true, Some(image)) = (applies, self.images.get_mut(&handle.inode)) {
            image.truncate(len);
        }
        match fate {
            Fate::Run if fits => Ok(()),
            Fate::Run => {
                self.trace.amend(Outcome::Full);
                Err(ffi::SQLITE_FULL)
            }
            Fate::Fail => Err(ffi::SQLITE_IOERR_TRUNCATE),
            Fate::Crash(_) => Err(ffi::SQLITE_IOERR),
        }
    }

    pub(crate) fn sync(&mut self, handle: &mut Handle) -> Io<()> {
        self.check_alive(handle)?;
        match self.begin(Action::Sync, &handle.path) {
            Fate::Run if self.faults.lying_sync => {
                self.trace.amend(Outcome::Lied);
                Ok(())
            }
            Fate::Run => {
                self.sync_now(handle);
                handle.syncs_folder = false;
                Ok(())
            }
            Fate::Fail => {
                let mut rng = self.fsync_rng();
                if let Some(image) = self.images.get_mut(&handle.inode) {
                    image.fail_sync(&mut rng);
                }
                Err(ffi::SQLITE_IOERR_FSYNC)
            }
            Fate::Crash(stage) => {
                if stage == Stage::Whole && !self.faults.lying_sync {
                    self.sync_now(handle);
                }
                Err(ffi::SQLITE_IOERR)
            }
        }
    }

    fn sync_now(&mut self, handle: &Handle) {
        if let Some(image) = self.images.get_mut(&handle.inode) {
            image.sync();
        }
        if handle.syncs_folder {
            self.folder.sync_parent(&handle.path);
        } else {
            self.folder.sync_entry(&handle.path, handle.inode);
        }
    }

    pub(crate) fn delete_file(&mut self, path: &str, sync_folder: bool) -> Io<()> {
        if self.dead.is_some() {
            return Err(ffi::SQLITE_IOERR);
        }
        if self.folder.find(path).is_none() {
            return Err(ffi::SQLITE_IOERR_DELETE_NOENT);
        }
        let fate = self.begin(Action::Delete, &path.into());
        if matches!(fate, Fate::Run | Fate::Crash(Stage::Whole)) {
            self.folder.delete(path);
            if sync_folder && !self.faults.lying_sync {
                self.folder.sync_parent(path);
            }
            self.collect();
        }
        match fate {
            Fate::Run => Ok(()),
            Fate::Fail => Err(ffi::SQLITE_IOERR_DELETE),
            Fate::Crash(_) => Err(ffi::SQLITE_IOERR),
        }
    }

    /// Says whether a file is there; an empty one is not, which is how SQLite tells a journal that was never begun.
    pub(crate) fn exists(&self, path: &str, even_empty: bool) -> Io<bool> {
        if self.dead.is_some() {
            return Err(ffi::SQLITE_IOERR);
        }
        let image = self.folder.find(path).and_then(|inode| self.images.get(&inode));
        Ok(image.is_some_and(|image| even_empty || !image.bytes().is_empty()))
    }

    pub(crate) fn size(&self, handle: &Handle) -> Io<usize> {
        self.check_alive(handle)?;
        let image = self.images.get(&handle.inode).ok_or(ffi::SQLITE_IOERR_FSTAT)?;
        Ok(image.bytes().len())
    }

    pub(crate) fn lock(&mut self, handle: &Handle, level: Level) -> Io<()> {
        self.check_alive(handle)?;
        self.locks.entry(handle.inode).or_default().acquire(handle.id, level)
    }

    /// Gives a lock back; never fails, since a dead disk holds none.
    pub(crate) fn unlock(&mut self, handle: &Handle, level: Level) {
        if let Some(locks) = self.locks.get_mut(&handle.inode) {
            locks.release(handle.id, level);
            if locks.is_free() {
                self.locks.remove(&handle.inode);
            }
        }
    }

    pub(crate) fn is_reserved(&self, handle: &Handle) -> Io<bool> {
        self.check_alive(handle)?;
        Ok(self.locks.get(&handle.inode).is_some_and(Locks::is_reserved))
    }

    /// Finds a page of shared memory, or makes it, and keeps it for as long as the handle lives.
    pub(crate) fn map(
        &mut self,
        handle: &mut Handle,
        index: usize,
        bytes: usize,
        extend: bool,
    ) -> Io<Option<*mut u8>> {
        self.check_alive(handle)?;
        let shm = self.shm.entry(handle.inode).or_default();
        let Some(region) = shm.map(handle.id, index, bytes, extend) else { return Ok(None) };
        let pointer = region.pointer();
        if !handle.regions.iter().any(|kept| Arc::ptr_eq(kept, &region)) {
            handle.regions.push(region);
        }
        Ok(Some(pointer))
    }

    pub(crate) fn slots(&mut self, handle: &Handle, request: SlotRequest) -> Io<()> {
        let SlotRequest { first, count, flags } = request;
        let mask = (1_u32 << (first + count).clamp(0, 31)) - (1_u32 << first.clamp(0, 31));
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            if let Some(shm) = self.shm.get_mut(&handle.inode) {
                shm.release(handle.id, mask);
            }
            return Ok(());
        }
        self.check_alive(handle)?;
        let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
        self.shm.entry(handle.inode).or_default().acquire(handle.id, mask, exclusive)
    }

    pub(crate) fn unmap(&mut self, handle: &Handle) {
        if self.shm.get_mut(&handle.inode).is_some_and(|shm| shm.leave(handle.id)) {
            self.shm.remove(&handle.inode);
        }
    }

    fn check_writable(&self, handle: &Handle) -> Io<()> {
        self.check_alive(handle)?;
        if handle.flags & ffi::SQLITE_OPEN_READONLY != 0 {
            return Err(ffi::SQLITE_READONLY);
        }
        Ok(())
    }
}

/// What a program that was killed in a write may have written: a first part, in whole sectors.
fn first_part(data: &[u8], stage: Stage) -> &[u8] {
    let len = match stage {
        Stage::Nothing => 0,
        Stage::Whole => data.len(),
        Stage::Part(share) => {
            let len = data.len().saturating_mul(usize::from(share)) / usize::from(u16::MAX);
            len - len % SECTOR_BYTES
        }
    };
    data.get(..len).unwrap_or_default()
}
