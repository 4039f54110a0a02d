//! Write, replace and delete: whole or not at all, and the same when it is done twice.
//!
//! A result is recorded after the work was done. Who is killed between the two does it again, with the same key: so a file is
//! written beside its place under a name of the key and then renamed, and what a replacement began from and comes to is recorded
//! before it is made.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, BorrowedFd};

use fusion_core::model::Digest;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fchmod, fsync, openat, renameat, unlinkat};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::names::shown;
use super::open::{self, Place, explain, words};
use super::read::whole;
use crate::tools::away::Halt;

/// The largest file that is written, in bytes.
pub(super) const WRITE_BYTES: usize = 4 * 1024 * 1024;

const FRESH: OFlags = OFlags::WRONLY
    .union(OFlags::CREATE)
    .union(OFlags::EXCL)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// What a replacement begins from and comes to, by digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    before: String,
    after: String,
    times: usize,
}

/// Writes a file whole. `key` is the same when the same is written again.
pub(super) fn write(
    root: BorrowedFd<'_>,
    path: &str,
    text: &[u8],
    key: &str,
) -> Result<(), String> {
    if text.len() > WRITE_BYTES {
        return Err(format!(
            "a file of {} bytes is too large: {WRITE_BYTES} are the most",
            text.len()
        ));
    }
    let at = open::place(root, path, true)?;
    let failed = |error: Errno| format!("`{}` cannot be written: {}", shown(path), words(error));
    let mode = match open::found(&at).map_err(failed)? {
        None => None,
        Some(about) if open::kind(&about) == FileType::RegularFile => {
            Some(Mode::from_raw_mode(about.st_mode))
        }
        Some(about) if open::kind(&about) == FileType::Directory => {
            return Err(format!("`{}` is a folder", shown(path)));
        }
        Some(_) => return Err(explain(&at, path, Errno::INVAL)),
    };
    let beside =
        format!(".fusion-{}", Digest::of(key.as_bytes()).to_string().get(..16).unwrap_or("0"));
    let done = put(&at, &beside, text, mode);
    if done.is_err() {
        let _ = unlinkat(&at.folder, &beside, AtFlags::empty());
    }
    done.map_err(|error| format!("`{}` cannot be written: {error}", shown(path)))
}

fn put(at: &Place<'_>, beside: &str, text: &[u8], mode: Option<Mode>) -> std::io::Result<()> {
    // What an earlier attempt left.
    match unlinkat(&at.folder, beside, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    let opened = openat(&at.folder, beside, FRESH, Mode::from_raw_mode(0o666))?;
    if let Some(mode) = mode {
        fchmod(&opened, mode & Mode::from_raw_mode(0o777))?;
    }
    let mut file = File::from(opened);
    file.write_all(text)?;
    file.sync_all()?;
    renameat(&at.folder, beside, &at.folder, at.name)?;
    fsync(&at.folder)?;
    Ok(())
}

/// Finds out what a replacement would do: once, or everywhere.
pub(super) fn plan(
    root: BorrowedFd<'_>,
    path: &str,
    (old, new, all): (&str, &str, bool),
    halt: &Halt,
) -> Result<Plan, String> {
    let text = text(root, path, halt)?;
    let shown = shown(path);
    let times = if old.is_empty() { 0 } else { text.matches(old).count() };
    match times {
        _ if old.is_empty() => Err("`old` is empty: say what is to be replaced".to_owned()),
        0 => Err(format!(
            "`{shown}` does not have this text: `old` has to be as it stands there, with all blanks"
        )),
        2.. if !all => Err(format!(
            "`{shown}` has this text {times} times: make `old` longer until it is there once, or say `all`"
        )),
        _ if text.len().saturating_add(times.saturating_mul(new.len())) > 2 * WRITE_BYTES => {
            Err(format!("`{shown}` would become too large: {WRITE_BYTES} bytes are the most"))
        }
        _ => {
            let after = text.replace(old, new);
            Ok(Plan { before: digest(&text), after: digest(&after), times })
        }
    }
}

/// Carries out a plan, or finds that it was carried out already; gives how often it replaced.
pub(super) fn replace(
    root: BorrowedFd<'_>,
    path: &str,
    (old, new): (&str, &str),
    (plan, key): (&Plan, &str),
    halt: &Halt,
) -> Result<usize, String> {
    let text = text(root, path, halt)?;
    let is = digest(&text);
    if is == plan.before {
        write(root, path, text.replace(old, new).as_bytes(), key)?;
    } else if is != plan.after {
        return Err(format!(
            "`{}` was changed by somebody else meanwhile: read it again, this replacement may have been made",
            shown(path)
        ));
    }
    Ok(plan.times)
}

/// Deletes a file or an empty folder; `false` when there is none.
pub(super) fn delete(root: BorrowedFd<'_>, path: &str) -> Result<bool, String> {
    let path = path.trim_end_matches('/');
    let at = open::place(root, path, false)?;
    let failed = |error: Errno| format!("`{}` cannot be deleted: {}", shown(path), words(error));
    // The link itself goes, not what it leads to.
    let flags = match open::found(&at).map_err(failed)? {
        None => return Ok(false),
        Some(about) if open::kind(&about) == FileType::Directory => AtFlags::REMOVEDIR,
        Some(_) => AtFlags::empty(),
    };
    match unlinkat(&at.folder, at.name, flags) {
        Ok(()) => fsync(at.folder.as_fd()).map_err(failed).map(|()| true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

fn text(root: BorrowedFd<'_>, path: &str, halt: &Halt) -> Result<String, String> {
    let (file, size) = open::file(root, path)?;
    let bytes = whole(file, size, halt).map_err(|why| format!("`{}` {why}", shown(path)))?;
    String::from_utf8(bytes)
        .map_err(|_| format!("`{}` is no UTF-8 text: nothing is replaced in it", shown(path)))
}

fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}
