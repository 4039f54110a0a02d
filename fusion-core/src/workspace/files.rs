//! The files of a workspace, through its handle.

use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _};
use rustix::fs::OFlags;
use rustix::io::Errno;
use serde::Serialize;

use super::folder::Workspace;
use crate::error::{Code, Error, Result};

/// The largest file that is read whole, in bytes.
const READ_BYTES: u64 = 64 << 20;

/// Something in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Its name in the folder.
    pub name: String,
    /// `file`, `folder`, `link` or `other`.
    pub kind: &'static str,
    /// Its length in bytes; 0 for what is no file.
    pub bytes: u64,
}

impl Workspace {
    /// Reads a file of at most 64 MiB.
    ///
    /// # Errors
    /// `FU0101` for a path that leads out or to no file; `FU0106` when it is too large; `FU0601` when it cannot be read.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>> {
        let path = path.as_ref();
        inside(path)?;
        let mut bytes = Vec::new();
        let (file, size) = open_file(&self.dir, path).map_err(|error| at(path, error))?;
        if size <= READ_BYTES {
            // It may grow while it is read.
            file.take(READ_BYTES + 1).read_to_end(&mut bytes).map_err(|error| at(path, error))?;
        }
        if size > READ_BYTES || bytes.len() as u64 > READ_BYTES {
            let message = format!("`{}` has more than {READ_BYTES} bytes", path.display());
            return Err(Error::new(Code::Limit, message));
        }
        Ok(bytes)
    }

    /// Writes a file whole or not at all; its folders are made. The quota is looked at before.
    ///
    /// # Errors
    /// `FU0101` for a path that leads out; `FU0106` when the workspace would hold more than it may; `FU0601` when it cannot be
    /// written.
    pub fn write(&self, path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
        let path = path.as_ref();
        inside(path)?;
        self.room(path, bytes.len() as u64)?;
        if let Some(folder) = path.parent() {
            self.dir.create_dir_all(folder).map_err(|error| at(path, error))?;
        }
        let mut rest = bytes;
        put(&self.dir, path, 0o644, &mut rest).map_err(|error| at(path, error))
    }

    /// Lists a folder; `""` is the workspace itself.
    ///
    /// # Errors
    /// `FU0101` for a path that leads out or to no folder.
    pub fn list(&self, path: impl AsRef<Path>) -> Result<Vec<Found>> {
        let path = path.as_ref();
        let list = || -> io::Result<Vec<Found>> {
            let folder = if path.as_os_str().is_empty() {
                self.dir.try_clone()?
            } else {
                self.dir.open_dir(path)?
            };
            let mut all = Vec::new();
            for entry in folder.entries()? {
                let entry = entry?;
                let Ok(about) = entry.metadata() else { continue };
                let (kind, bytes) = match about.file_type() {
                    kind if kind.is_file() => ("file", about.len()),
                    kind if kind.is_dir() => ("folder", 0),
                    kind if kind.is_symlink() => ("link", 0),
                    _ => ("other", 0),
                };
                all.push(Found {
                    name: entry.file_name().to_string_lossy().into_owned(),
                    kind,
                    bytes,
                });
            }
            all.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(all)
        };
        if !path.as_os_str().is_empty() {
            inside(path)?;
        }
        list().map_err(|error| at(path, error))
    }

    /// Removes a file, a link, or a folder with all that is in it; `false` when there is none.
    ///
    /// # Errors
    /// `FU0101` for a path that leads out, and for the parts of the workspace itself.
    pub fn remove(&self, path: impl AsRef<Path>) -> Result<bool> {
        let path = path.as_ref();
        inside(path)?;
        if path.components().filter(|part| matches!(part, Component::Normal(_))).count() == 1 {
            let message = format!("`{}` is a part of the workspace, and stays", path.display());
            return Err(Error::new(Code::InvalidInput, message));
        }
        let removed = match self.dir.symlink_metadata(path) {
            Err(error) => Err(error),
            Ok(about) if about.is_dir() => self.dir.remove_dir_all(path),
            Ok(_) => self.dir.remove_file(path),
        };
        match removed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at(path, error)),
        }
    }

    /// Refuses what would be more than the workspace may hold.
    fn room(&self, path: &Path, bytes: u64) -> Result<()> {
        let mut usage = self.usage()?;
        match self.dir.symlink_metadata(path) {
            Ok(about) if !about.is_dir() => usage.bytes = usage.bytes.saturating_sub(about.len()),
            _ => {
                // At the worst every folder of the path is new.
                let parts = path.components().count() as u64;
                usage.files = usage.files.saturating_add(parts.saturating_sub(1).max(1));
            }
        }
        usage.bytes = usage.bytes.saturating_add(bytes);
        match self.quota.exceeded(usage) {
            None => Ok(()),
            Some(why) => Err(self.full(&why)),
        }
    }

    pub(super) fn full(&self, why: &str) -> Error {
        Error::new(
            Code::Limit,
            format!("the workspace of `{}` would be too full: {why}", self.agent),
        )
        .hint("remove what is not needed, or give it more (`Workspace::limited`)")
    }
}

/// Opens a file to read it, and nothing else: no folder, no pipe, no link at its end. Gives its length, too.
pub(super) fn open_file(dir: &Dir, path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    options.read(true).custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    let file = dir.open_with(path, &options)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    Ok((file, about.len()))
}

/// Writes a file whole or not at all: beside its place, then into it. What stands there is replaced, not followed.
pub(super) fn put(dir: &Dir, path: &Path, mode: u32, from: &mut impl io::Read) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_file_name(format!(".fusion-{}-{number}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode & 0o777);
    let written = dir.open_with(&beside, &options).and_then(|mut file| {
        io::copy(from, &mut file)?;
        file.flush()?;
        // The mode that it is made with is cut by the process's mask.
        let exact = std::os::unix::fs::PermissionsExt::from_mode(mode & 0o777);
        file.set_permissions(cap_std::fs::Permissions::from_std(exact))?;
        file.sync_all()?;
        dir.rename(&beside, dir, path)
    });
    if written.is_err() {
        let _ = dir.remove_file(&beside);
    }
    written
}

/// Refuses paths that cannot be inside. Links are none of its business: the handle does not follow one that leads out.
pub(super) fn inside(path: &Path) -> Result<()> {
    let fine = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    let named = |part| matches!(part, Component::Normal(_));
    if path.components().all(fine)
        && path.components().any(named)
        && !path.as_os_str().as_encoded_bytes().contains(&0)
    {
        return Ok(());
    }
    let message = format!("{:?} is no path in a workspace", path.to_string_lossy());
    Err(Error::new(Code::InvalidInput, message)
        .hint("write it as `projects/a.txt`, without `/` at the beginning and `..`"))
}

/// Says what is wrong at a path.
pub(super) fn at(path: &Path, error: io::Error) -> Error {
    let code = match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::InvalidInput
        | io::ErrorKind::NotADirectory => Code::InvalidInput,
        _ if Errno::from_io_error(&error) == Some(Errno::LOOP) => Code::InvalidInput,
        _ => Code::Workspace,
    };
    Error::new(code, format!("`{}` of the workspace", path.display())).because(error)
}
