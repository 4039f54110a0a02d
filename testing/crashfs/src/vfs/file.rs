//! What SQLite asks of one open file: bytes, locks, and the shared memory of WAL mode.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::slice;
use std::sync::atomic::{Ordering, fence};

use rusqlite::ffi;

use super::{File, answer, on_file};
use crate::image::SECTOR_BYTES;
use crate::lock::Level;
use crate::ops::SlotRequest;
use crate::state::{Io, State};

type Raw = *mut ffi::sqlite3_file;

/// Checks a number that C hands over as signed.
fn place(number: impl TryInto<usize>) -> Io<usize> {
    number.try_into().map_err(|_| ffi::SQLITE_IOERR)
}

pub(super) unsafe extern "C" fn close(file: Raw) -> c_int {
    // SAFETY: `open` wrote a `File` there, and SQLite closes it once.
    let open = unsafe { (*file.cast::<File>()).open.take() };
    if let Some(open) = open {
        open.disk.state().close_file(&open.handle);
    }
    ffi::SQLITE_OK
}

pub(super) unsafe extern "C" fn read(
    file: Raw,
    into: *mut c_void,
    bytes: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made, with `bytes` bytes of room that nothing else uses meanwhile.
    unsafe {
        on_file(file, |state, handle| {
            let into = slice::from_raw_parts_mut(into.cast(), place(bytes)?);
            state.read(handle, place(offset)?, into)
        })
    }
}

pub(super) unsafe extern "C" fn write(
    file: Raw,
    from: *const c_void,
    bytes: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made, with `bytes` bytes to read.
    unsafe {
        on_file(file, |state, handle| {
            let from = slice::from_raw_parts(from.cast(), place(bytes)?);
            state.write(handle, place(offset)?, from)
        })
    }
}

pub(super) unsafe extern "C" fn truncate(file: Raw, len: i64) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made.
    unsafe { on_file(file, |state, handle| state.truncate(handle, place(len)?)) }
}

pub(super) unsafe extern "C" fn sync(file: Raw, _flags: c_int) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made.
    unsafe { on_file(file, State::sync) }
}

pub(super) unsafe extern "C" fn file_size(file: Raw, out: *mut i64) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made, with a place for the answer.
    unsafe {
        on_file(file, |state, handle| {
            answer(out, i64::try_from(state.size(handle)?).map_err(|_| ffi::SQLITE_IOERR_FSTAT)?);
            Ok(())
        })
    }
}

pub(super) unsafe extern "C" fn lock(file: Raw, level: c_int) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made.
    unsafe { on_file(file, |state, handle| state.lock(handle, Level::from_code(level))) }
}

pub(super) unsafe extern "C" fn unlock(file: Raw, level: c_int) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made.
    unsafe {
        on_file(file, |state, handle| {
            state.unlock(handle, Level::from_code(level));
            Ok(())
        })
    }
}

pub(super) unsafe extern "C" fn check_reserved_lock(file: Raw, out: *mut c_int) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made, with a place for the answer.
    unsafe {
        on_file(file, |state, handle| {
            answer(out, c_int::from(state.is_reserved(handle)?));
            Ok(())
        })
    }
}

/// Knows no request: all of them are optional.
pub(super) unsafe extern "C" fn file_control(_file: Raw, _op: c_int, _arg: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

pub(super) unsafe extern "C" fn sector_size(_file: Raw) -> c_int {
    c_int::try_from(SECTOR_BYTES).unwrap_or(c_int::MAX)
}

/// Promises what SQLite's own layer for Unix does, and no more: a lost write leaves the bytes beside it alone.
pub(super) unsafe extern "C" fn device_characteristics(_file: Raw) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

pub(super) unsafe extern "C" fn shm_map(
    file: Raw,
    index: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made, with a place for the answer. The handle keeps the region
    // alive until SQLite unmaps it.
    unsafe {
        on_file(file, |state, handle| {
            let found = state.map(handle, place(index)?, place(bytes)?, extend != 0)?;
            answer(out, found.map_or(ptr::null_mut(), <*mut u8>::cast));
            Ok(())
        })
    }
}

pub(super) unsafe extern "C" fn shm_lock(
    file: Raw,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    let request = SlotRequest { first, count, flags };
    // SAFETY: SQLite calls for a file that `open` made.
    unsafe { on_file(file, |state, handle| state.slots(handle, request)) }
}

pub(super) unsafe extern "C" fn shm_barrier(_file: Raw) {
    fence(Ordering::SeqCst);
}

pub(super) unsafe extern "C" fn shm_unmap(file: Raw, _delete: c_int) -> c_int {
    // SAFETY: SQLite calls for a file that `open` made, and uses no region of it afterwards.
    unsafe {
        on_file(file, |state, handle| {
            state.unmap(handle);
            handle.regions.clear();
            Ok(())
        })
    }
}
