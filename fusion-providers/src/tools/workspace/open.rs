//! From a path to a file, without ever leaving the folder.
//!
//! Each name is opened from the folder before it, and never through a symbolic link (`openat` with `O_NOFOLLOW`). Nothing is
//! checked first and used later: whoever swaps a folder for a link in between makes the opening fail, and no more. What lies in
//! the folder by a mount or a hard link is inside, as nobody can tell.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Stat, fstat, mkdirat, openat, readlinkat, statat,
};
use rustix::io::Errno;

use super::names::{names, shown};

const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// A pipe is not waited for, a terminal not taken: what is no file is refused once it is open.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// A place in the workspace: an open folder, and a name in it.
pub(super) struct Place<'p> {
    pub(super) folder: OwnedFd,
    pub(super) name: &'p str,
}

/// Opens a folder.
pub(super) fn folder(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, String> {
    walk(root, path, &names(path)?, false)
}

/// Opens the folder of a file, and makes it first if `make` says so.
pub(super) fn place<'p>(
    root: BorrowedFd<'_>,
    path: &'p str,
    make: bool,
) -> Result<Place<'p>, String> {
    let names = names(path)?;
    let Some((name, above)) = names.split_last() else {
        return Err("name a file, not the workspace itself".to_owned());
    };
    if path.ends_with('/') || path.ends_with("/.") {
        return Err(format!("`{}` names a folder, and a file is needed", shown(path)));
    }
    Ok(Place { folder: walk(root, path, above, make)?, name })
}

/// Opens a file to read it; gives its size in bytes, too.
pub(super) fn file(root: BorrowedFd<'_>, path: &str) -> Result<(File, u64), String> {
    let at = place(root, path, false)?;
    file_in(at.folder.as_fd(), at.name).map_err(|error| explain(&at, path, error))?.ok_or_else(
        || {
            format!(
                "`{}` is neither a file nor a link: a folder, a pipe or a device is not read",
                shown(path)
            )
        },
    )
}

/// Opens a file of a folder to read it; none for a folder, a pipe, a device.
pub(super) fn file_in(folder: BorrowedFd<'_>, name: &str) -> Result<Option<(File, u64)>, Errno> {
    let opened = match openat(folder, name, FILE, Mode::empty()) {
        Err(Errno::NXIO) => return Ok(None),
        opened => opened?,
    };
    let about = fstat(&opened)?;
    let size = u64::try_from(about.st_size).unwrap_or(0);
    Ok((kind(&about) == FileType::RegularFile).then(|| (File::from(opened), size)))
}

/// Tells what stands at a place, links not followed; nothing when there is nothing.
pub(super) fn found(at: &Place<'_>) -> Result<Option<Stat>, Errno> {
    match statat(&at.folder, at.name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(about) => Ok(Some(about)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Tells what kind of thing it is.
pub(super) fn kind(about: &Stat) -> FileType {
    FileType::from_raw_mode(about.st_mode)
}

fn walk(root: BorrowedFd<'_>, path: &str, names: &[&str], make: bool) -> Result<OwnedFd, String> {
    let mut folder = openat(root, ".", FOLDER, Mode::empty())
        .map_err(|error| format!("the workspace cannot be opened: {}", words(error)))?;
    for name in names {
        let mut opened = openat(&folder, *name, FOLDER, Mode::empty());
        if make && opened.as_ref().err() == Some(&Errno::NOENT) {
            // Somebody else may make it, too.
            let mkdir = mkdirat(&folder, *name, Mode::from_raw_mode(0o777));
            opened = match mkdir {
                Ok(()) | Err(Errno::EXIST) => openat(&folder, *name, FOLDER, Mode::empty()),
                Err(error) => Err(error),
            };
        }
        folder = opened.map_err(|error| explain(&Place { folder, name }, path, error))?;
    }
    Ok(folder)
}

/// Says why something cannot be opened.
pub(super) fn explain(at: &Place<'_>, path: &str, error: Errno) -> String {
    let (path, name) = (shown(path), shown(at.name));
    match found(at) {
        Ok(Some(about)) if kind(&about) == FileType::Symlink => {
            let to = readlinkat(&at.folder, at.name, Vec::new()).unwrap_or_default();
            let to = shown(&to.to_string_lossy());
            format!("`{path}`: `{name}` is a symbolic link to `{to}`, and links are not followed")
        }
        Ok(None) => format!("`{path}`: there is no `{name}`"),
        Ok(Some(_)) if error == Errno::NOTDIR => format!("`{path}`: `{name}` is no folder"),
        _ => format!("`{path}`: {}", words(error)),
    }
}

/// Gives the words of the system for an error, without its number.
pub(super) fn words(error: Errno) -> String {
    let said = std::io::Error::from(error).to_string();
    said.split(" (os error").next().unwrap_or_default().to_lowercase()
}
