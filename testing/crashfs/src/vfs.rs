//! The border to SQLite in C: registers a disk as a VFS and turns C calls into calls of safe code.

#![expect(unsafe_code, reason = "SQLite takes a file system only as tables of C functions")]

mod file;
mod system;

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt;
use std::mem::size_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use rusqlite::ffi;

use crate::disk::Shared;
use crate::state::{Handle, Io, State};

/// The longest path that SQLite may hand over, in bytes.
const PATH_BYTES_MAX: c_int = 1024;

/// Seeds SQLite's own generator of random numbers for the whole process; 0 goes back to true randomness.
///
/// With it even WAL salts repeat. It is of use only where no other thread runs SQLite.
pub fn seed_sqlite(seed: u32) {
    let no_database: *mut ffi::sqlite3 = ptr::null_mut();
    // SAFETY: this control takes exactly an unsigned number and a database that may be null.
    unsafe { ffi::sqlite3_test_control(ffi::SQLITE_TESTCTRL_PRNG_SEED, seed, no_database) };
}

/// The entry of one disk in SQLite's list of file systems; taken out of it on drop.
pub(crate) struct Registration {
    name: String,
    vfs: AtomicPtr<ffi::sqlite3_vfs>,
}

impl fmt::Debug for Registration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Registration").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Registration {
    pub(crate) fn new(disk: &Arc<Shared>) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let name = format!("crashfs-{}", LAST.fetch_add(1, Ordering::Relaxed));
        // A number has no zero byte, so the name is never the empty default.
        let c_name = CString::new(name.as_str()).unwrap_or_default();
        let disk: Box<Weak<Shared>> = Box::new(Arc::downgrade(disk));
        // The name, the weak pointer and the table are leaked: a connection may use them after the disk is dropped.
        let table = Box::leak(Box::new(table(c_name.into_raw(), Box::into_raw(disk).cast())));
        let vfs: *mut ffi::sqlite3_vfs = table;
        // SAFETY: the table is never freed, and its functions match the signatures that SQLite declares.
        unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
        Self { name, vfs: AtomicPtr::new(vfs) }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: the pointer is the one that was registered, and it is valid for ever.
        unsafe { ffi::sqlite3_vfs_unregister(*self.vfs.get_mut()) };
    }
}

fn table(name: *const c_char, disk: *mut c_void) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size_of::<File>()).unwrap_or(c_int::MAX),
        mxPathname: PATH_BYTES_MAX,
        pNext: ptr::null_mut(),
        zName: name,
        pAppData: disk,
        xOpen: Some(system::open),
        xDelete: Some(system::delete),
        xAccess: Some(system::access),
        xFullPathname: Some(system::full_pathname),
        xDlOpen: Some(system::dl_open),
        xDlError: Some(system::dl_error),
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(system::randomness),
        xSleep: Some(system::sleep),
        xCurrentTime: Some(system::current_time),
        xGetLastError: None,
        xCurrentTimeInt64: Some(system::current_time_ms),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(file::close),
    xRead: Some(file::read),
    xWrite: Some(file::write),
    xTruncate: Some(file::truncate),
    xSync: Some(file::sync),
    xFileSize: Some(file::file_size),
    xLock: Some(file::lock),
    xUnlock: Some(file::unlock),
    xCheckReservedLock: Some(file::check_reserved_lock),
    xFileControl: Some(file::file_control),
    xSectorSize: Some(file::sector_size),
    xDeviceCharacteristics: Some(file::device_characteristics),
    xShmMap: Some(file::shm_map),
    xShmLock: Some(file::shm_lock),
    xShmBarrier: Some(file::shm_barrier),
    xShmUnmap: Some(file::shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// An open file in the memory that SQLite gives us for it; SQLite reads the first field.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    open: Option<Box<Open>>,
}

/// An open file keeps its disk alive.
struct Open {
    disk: Arc<Shared>,
    handle: Handle,
}

/// Runs `work` on the disk of a VFS.
///
/// # Safety
/// `vfs` is a table that [`Registration::new`] made.
unsafe fn on_disk(vfs: *mut ffi::sqlite3_vfs, work: impl FnOnce(&Arc<Shared>) -> Io<()>) -> c_int {
    // SAFETY: `Registration::new` put a leaked weak pointer there, and nothing changes it.
    let disk = unsafe { (*vfs).pAppData.cast::<Weak<Shared>>().as_ref() };
    code(disk.and_then(Weak::upgrade).ok_or(ffi::SQLITE_IOERR).and_then(|disk| work(&disk)))
}

/// Runs `work` on an open file.
///
/// # Safety
/// `file` was opened by [`system::open`] and is not closed; SQLite calls for one file from one thread at a time.
unsafe fn on_file(
    file: *mut ffi::sqlite3_file,
    work: impl FnOnce(&mut State, &mut Handle) -> Io<()>,
) -> c_int {
    // SAFETY: `open` wrote a `File` there before SQLite could see any method of it.
    let Some(open) = (unsafe { (*file.cast::<File>()).open.as_deref_mut() }) else {
        return ffi::SQLITE_MISUSE;
    };
    code(work(&mut open.disk.state(), &mut open.handle))
}

fn code(result: Io<()>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

/// # Safety
/// `path` is null, or a C string that lives for `'a`.
unsafe fn text<'a>(path: *const c_char) -> Io<Option<&'a str>> {
    if path.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller vouches for the string.
    unsafe { CStr::from_ptr(path) }.to_str().map(Some).map_err(|_| ffi::SQLITE_CANTOPEN)
}

/// # Safety
/// `place` is null or valid for a write.
unsafe fn answer<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the caller vouches for the place.
        unsafe { place.write(value) };
    }
}
