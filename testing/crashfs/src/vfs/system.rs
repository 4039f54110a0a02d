//! What SQLite asks of a disk as a whole: open, delete, look, and the time and chance of its machine.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::slice;
use std::sync::Arc;

use rusqlite::ffi;

use super::{File, METHODS, Open, answer, on_disk, text};
use crate::disk::Shared;

/// 1970-01-01 in SQLite's count of milliseconds, which starts at noon on 24 November 4714 BC.
const UNIX_EPOCH_JULIAN_MS: i64 = 210_866_760_000_000;
const DAY_MS: f64 = 86_400_000.0;

pub(super) unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let file = file.cast::<File>();
    let base = ffi::sqlite3_file { pMethods: ptr::null() };
    // SAFETY: SQLite gives `szOsFile` bytes, aligned for any type; without methods it will not close the file.
    unsafe { file.write(File { base, open: None }) };
    let work = |disk: &Arc<Shared>| {
        // SAFETY: SQLite gives null or a C string.
        let path = unsafe { text(path) }?;
        let handle = disk.state().open_file(path, flags)?;
        let open = Some(Box::new(Open { disk: Arc::clone(disk), handle }));
        let base = ffi::sqlite3_file { pMethods: &raw const METHODS };
        // SAFETY: as above; the value that is overwritten owns nothing.
        unsafe { file.write(File { base, open }) };
        // SAFETY: SQLite gives null or a place for the flags.
        unsafe { answer(out_flags, flags) };
        Ok(())
    };
    // SAFETY: SQLite calls the functions of a table with that table.
    unsafe { on_disk(vfs, work) }
}

pub(super) unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    sync: c_int,
) -> c_int {
    // SAFETY: SQLite calls with the table of this function and a C string.
    let path = unsafe { text(path) };
    let work =
        |disk: &Arc<Shared>| disk.state().delete_file(path?.ok_or(ffi::SQLITE_MISUSE)?, sync != 0);
    // SAFETY: as above.
    unsafe { on_disk(vfs, work) }
}

pub(super) unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a C string.
    let path = unsafe { text(path) };
    let work = |disk: &Arc<Shared>| {
        let path = path?.ok_or(ffi::SQLITE_MISUSE)?;
        let there = disk.state().exists(path, flags != ffi::SQLITE_ACCESS_EXISTS)?;
        // SAFETY: SQLite gives a place for the answer.
        unsafe { answer(out, c_int::from(there)) };
        Ok(())
    };
    // SAFETY: SQLite calls the functions of a table with that table.
    unsafe { on_disk(vfs, work) }
}

pub(super) unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    out_bytes: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a C string.
    let path = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    if path.len() > usize::try_from(out_bytes).unwrap_or(0) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has room for `out_bytes`, and the two do not overlap.
    unsafe { ptr::copy_nonoverlapping(path.as_ptr().cast(), out, path.len()) };
    ffi::SQLITE_OK
}

/// Loads no extension: there is no program on this disk.
pub(super) unsafe extern "C" fn dl_open(
    _vfs: *mut ffi::sqlite3_vfs,
    _path: *const c_char,
) -> *mut c_void {
    ptr::null_mut()
}

pub(super) unsafe extern "C" fn dl_error(
    _vfs: *mut ffi::sqlite3_vfs,
    bytes: c_int,
    out: *mut c_char,
) {
    if bytes > 0 {
        // SAFETY: SQLite gives a place for `bytes` characters; the message is empty.
        unsafe { answer(out, 0) };
    }
}

pub(super) unsafe extern "C" fn randomness(
    vfs: *mut ffi::sqlite3_vfs,
    bytes: c_int,
    out: *mut c_char,
) -> c_int {
    let work = |disk: &Arc<Shared>| {
        let len = usize::try_from(bytes).map_err(|_| ffi::SQLITE_MISUSE)?;
        // SAFETY: SQLite gives `bytes` bytes that nothing else uses during the call.
        disk.state().randomness.fill(unsafe { slice::from_raw_parts_mut(out.cast(), len) });
        Ok(())
    };
    // SAFETY: SQLite calls the functions of a table with that table.
    let result = unsafe { on_disk(vfs, work) };
    if result == ffi::SQLITE_OK { bytes } else { 0 }
}

/// Moves the time of the disk, and lets other threads run, since what SQLite sleeps for is a lock of theirs.
pub(super) unsafe extern "C" fn sleep(vfs: *mut ffi::sqlite3_vfs, micros: c_int) -> c_int {
    let work = |disk: &Arc<Shared>| {
        let mut state = disk.state();
        state.now_us = state.now_us.saturating_add(u64::try_from(micros).unwrap_or(0));
        Ok(())
    };
    // SAFETY: SQLite calls the functions of a table with that table.
    unsafe { on_disk(vfs, work) };
    std::thread::yield_now();
    micros
}

pub(super) unsafe extern "C" fn current_time_ms(
    vfs: *mut ffi::sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    let work = |disk: &Arc<Shared>| {
        let now_ms = i64::try_from(disk.state().now_us / 1000).unwrap_or(i64::MAX);
        // SAFETY: SQLite gives a place for the answer.
        unsafe { answer(out, now_ms.saturating_add(UNIX_EPOCH_JULIAN_MS)) };
        Ok(())
    };
    // SAFETY: SQLite calls the functions of a table with that table.
    unsafe { on_disk(vfs, work) }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "SQLite defines this older call in days as a double"
)]
pub(super) unsafe extern "C" fn current_time(vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    let mut julian_ms = 0;
    // SAFETY: the place is ours, and the table is the one SQLite called with.
    let result = unsafe { current_time_ms(vfs, &raw mut julian_ms) };
    // SAFETY: SQLite gives a place for the answer.
    unsafe { answer(out, julian_ms as f64 / DAY_MS) };
    result
}
