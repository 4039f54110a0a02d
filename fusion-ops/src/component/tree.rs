//! Files below a folder that was opened: no path, no link and no race leads out of it.

use std::io::{self, Read as _, Write as _};
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _, PermissionsExt as _};
use fusion_core::error::{Code, Error, Result};
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use super::name::Shown;
use super::package::hex;

/// Reads a file; none when nothing is there. Links, folders and pipes are refused, on the way and at the end.
pub(super) fn read(dir: &Dir, path: &str, most: u64) -> Result<Option<Vec<u8>>> {
    let Some(about) = look(dir, path)? else { return Ok(None) };
    if !about.is_file() {
        let message = format!("{} is a folder or no plain file", Shown(path));
        return Err(
            Error::new(Code::InvalidInput, message).hint("move it away, or name another path")
        );
    }
    let large = || {
        let message = format!("{} has more than {most} bytes", Shown(path));
        Error::new(Code::Limit, message).hint("components are made of small texts")
    };
    if about.len() > most {
        return Err(large());
    }
    let mut bytes = Vec::new();
    let file = open(dir, path).map_err(|error| failed(path, error))?;
    // It may grow while it is read.
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| failed(path, error))?;
    if bytes.len() as u64 > most { Err(large()) } else { Ok(Some(bytes)) }
}

/// Says what is at a path without following a link; none when nothing is there.
pub(super) fn look(dir: &Dir, path: &str) -> Result<Option<cap_std::fs::Metadata>> {
    let mut at = String::new();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        at.push_str(part);
        let about = match dir.symlink_metadata(&at) {
            Ok(about) => about,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(&at, error)),
        };
        if about.is_symlink() {
            let message = format!("{} is a link, and links are not followed", Shown(&at));
            return Err(
                Error::new(Code::InvalidInput, message).hint("put the file or folder itself there")
            );
        }
        if parts.peek().is_none() {
            return Ok(Some(about));
        }
        if !about.is_dir() {
            let message = format!("{} is no folder", Shown(&at));
            return Err(Error::new(Code::InvalidInput, message)
                .hint("a component needs a folder there: move the file away"));
        }
        at.push('/');
    }
    Ok(None)
}

fn open(dir: &Dir, path: &str) -> io::Result<cap_std::fs::File> {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    options.read(true).custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    dir.open_with(path, &options)
}

/// Writes a new file and waits until it is on the disk.
pub(super) fn write_new(dir: &Dir, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut file = dir.open_with(path, &options)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits until the names in a folder are on the disk.
pub(super) fn sync(dir: &Dir, folder: &str) -> io::Result<()> {
    let folder = if folder.is_empty() { dir.try_clone()? } else { dir.open_dir(folder)? };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // The handle itself only leads to the folder; this one reads it, and may ask for that.
    let own = rustix::fs::openat(&folder, ".", flags, rustix::fs::Mode::empty())?;
    rustix::fs::fsync(&own).map_err(io::Error::from)
}

/// The folder in which a path stands; empty for the top.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folders above a path, the highest first.
pub(super) fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

/// The permission bits of what is at a path.
pub(super) fn mode(about: &cap_std::fs::Metadata) -> u32 {
    about.permissions().mode() & 0o7777
}

pub(super) fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// The hash of a content.
pub(super) fn sum(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Says that something at a path failed.
pub(super) fn failed(path: impl AsRef<Path>, error: io::Error) -> Error {
    let path = path.as_ref().to_string_lossy().into_owned();
    Error::new(Code::FileUnreadable, format!("{} cannot be read or written", Shown(&path)))
        .because(error)
        .hint("see whether the file system is full, read-only, or not yours")
}
