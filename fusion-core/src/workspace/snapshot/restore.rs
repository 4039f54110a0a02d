//! From a snapshot back to the folder.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use cap_std::fs::{Dir, Permissions};
use rustix::fs::FlockOperation;

use super::super::files::put;
use super::super::folder::Workspace;
use super::manifest::{Change, Changed, Entry, Snapshot};
use super::objects::Objects;
use crate::error::{Code, Error, Result};

impl Workspace {
    /// Makes `projects/` and `.agent/` what they were: what changed is written anew, what came since is removed; gives what it did.
    /// Every file is whole at any moment. Whoever is interrupted restores again.
    ///
    /// # Errors
    /// `FU0601` while a command runs in it, and when contents are missing or damaged: then nothing was changed.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<Vec<Change>> {
        let _turn = self.turn(FlockOperation::NonBlockingLockExclusive)?;
        let changes = self.now()?.diff(snapshot);
        let objects = Objects::open(&self.root.kept).map_err(|error| self.failed(error))?;
        for change in &changes {
            let Some(Entry::File { hash, .. }) = snapshot.entries.get(&change.path) else {
                continue;
            };
            if !objects.is_whole(hash) {
                let message = format!(
                    "the content of `{}` in the snapshot is missing or damaged",
                    change.path
                );
                return Err(Error::new(Code::Workspace, message).hint("nothing was changed"));
            }
        }
        self.apply(&objects, snapshot, &changes).map_err(|error| self.failed(error))?;
        Ok(changes)
    }

    fn apply(&self, objects: &Objects, snapshot: &Snapshot, changes: &[Change]) -> io::Result<()> {
        // What lies in a folder comes after it in the order of paths: the deepest goes first.
        for change in changes.iter().rev() {
            let wanted = snapshot.entries.get(&change.path);
            if change.kind != Changed::Mode {
                clear(&self.dir, &change.path, wanted)?;
            }
        }
        for change in changes {
            let path = Path::new(&change.path);
            match snapshot.entries.get(&change.path) {
                None => {}
                Some(Entry::Folder { .. }) => self.dir.create_dir_all(path)?,
                Some(Entry::Link { to }) => self.dir.symlink_contents(to, path)?,
                Some(Entry::File { mode, .. }) if change.kind == Changed::Mode => {
                    self.dir.set_permissions(path, permissions(*mode))?;
                }
                Some(Entry::File { mode, hash, .. }) => {
                    put(&self.dir, path, *mode, &mut objects.get(hash)?)?;
                }
            }
        }
        // Last, as a folder may be closed to its owner.
        for change in changes.iter().rev() {
            if let Some(Entry::Folder { mode }) = snapshot.entries.get(&change.path) {
                self.dir.set_permissions(&change.path, permissions(*mode))?;
            }
        }
        Ok(())
    }
}

/// Takes away what stands in the place of something else.
fn clear(dir: &Dir, path: &str, wanted: Option<&Entry>) -> io::Result<()> {
    let about = match dir.symlink_metadata(path) {
        // A file may stand where its folder will be.
        Err(error)
            if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) =>
        {
            return Ok(());
        }
        about => about?,
    };
    match wanted {
        // A file is put over another file.
        Some(Entry::File { .. }) if about.is_file() => Ok(()),
        Some(Entry::Folder { .. }) if about.is_dir() => Ok(()),
        _ if about.is_dir() => dir.remove_dir_all(path),
        _ => dir.remove_file(path),
    }
}

fn permissions(mode: u32) -> Permissions {
    Permissions::from_std(std::fs::Permissions::from_mode(mode & 0o777))
}
