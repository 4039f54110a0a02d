//! Single files of a project, beside those of components: made whole or not at all, and never over somebody's own.

use std::io;

use fusion_core::error::{Code, Error, Result};
use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::name::{self, Shown};
use super::project::{FOLDER, IGNORE};
use super::{Project, tree};

/// Where a new content waits; what a crash left there is written anew.
const STAGED: &str = ".fusion/new";
/// The largest file, in bytes.
const MOST: u64 = 16 << 20;

impl Project {
    /// Reads a file of the project; none when nothing is there.
    ///
    /// # Errors
    /// `FU0101` for links, folders, and paths that lead out; `FU0106` above 16 MiB; `FU0201` when it cannot be read.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        name::path("the path", path)?;
        tree::read(self.dir(), path, MOST)
    }

    /// Makes a file that is not there, with its folders; says whether it did. One that is there is left as it is.
    ///
    /// # Errors
    /// As [`Project::read`]; `FU0201` when the file system refuses. Then nothing is there.
    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<bool> {
        if self.read(path)?.is_some() {
            return Ok(false);
        }
        let refused = |error| tree::failed(path, error);
        for folder in tree::parents(path) {
            match self.dir().create_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(refused(error));
                }
                _ => {}
            }
        }
        self.stage(bytes)?;
        let (dir, parent) = (self.dir(), tree::parent(path));
        let into = if parent.is_empty() { dir.try_clone() } else { dir.open_dir(parent) };
        let into = into.map_err(refused)?;
        let own = path.rsplit('/').next().unwrap_or(path);
        match rustix::fs::renameat_with(dir, STAGED, &into, own, RenameFlags::NOREPLACE) {
            // Some file systems cannot promise that; it was looked at a moment ago.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                dir.rename(STAGED, &into, own).map_err(refused)?;
            }
            other => other.map_err(|error| refused(error.into()))?,
        }
        tree::sync(dir, parent).map_err(refused)?;
        Ok(true)
    }

    /// Replaces a file that still holds what was read of it.
    ///
    /// # Errors
    /// As [`Project::put`]; `FU0309` when it is not any more what it was. Then nothing is changed.
    pub fn swap(&self, path: &str, before: &[u8], after: &[u8]) -> Result<()> {
        self.stage(after)?;
        if self.read(path)?.as_deref() != Some(before) {
            let message = format!("{} was changed in between", Shown(path));
            return Err(Error::new(Code::Conflict, message).hint("it is as it was; try again"));
        }
        let dir = self.dir();
        let refused = |error| tree::failed(path, error);
        dir.rename(STAGED, dir, path).map_err(refused)?;
        tree::sync(dir, tree::parent(path)).map_err(refused)
    }

    /// Makes the folder in which Fusion keeps what is not for version control; says whether it was not there.
    ///
    /// # Errors
    /// `FU0101` when something else is in its place, `FU0201` when the file system refuses.
    pub fn settle(&self) -> Result<bool> {
        let dir = self.dir();
        let refused = |error| tree::failed(FOLDER, error);
        let is_new = match tree::look(dir, FOLDER)? {
            Some(about) if about.is_dir() => false,
            Some(_) => {
                let message = format!("{FOLDER} is no folder");
                return Err(Error::new(Code::InvalidInput, message).hint("move it away"));
            }
            None => {
                dir.create_dir(FOLDER).map_err(refused)?;
                true
            }
        };
        if tree::look(dir, IGNORE)?.is_none() {
            tree::write_new(dir, IGNORE, b"*\n", 0o644).map_err(refused)?;
        }
        Ok(is_new)
    }

    /// Writes a content aside, and waits until it is on the disk.
    fn stage(&self, bytes: &[u8]) -> Result<()> {
        self.settle()?;
        let refused = |error| tree::failed(STAGED, error);
        match self.dir().remove_file(STAGED) {
            Err(error) if !tree::is_absent(&error) => return Err(refused(error)),
            _ => {}
        }
        tree::write_new(self.dir(), STAGED, bytes, 0o644).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_once_and_changed_only_from_what_it_was() {
        let folder = tempfile::TempDir::new().unwrap();
        let project = Project::open(folder.path()).unwrap();
        assert!(project.put("a/b é/c.md", b"one").unwrap());
        assert!(!project.put("a/b é/c.md", b"two").unwrap());
        assert_eq!(project.read("a/b é/c.md").unwrap().unwrap(), b"one");
        assert_eq!(project.swap("a/b é/c.md", b"x", b"two").unwrap_err().code(), Code::Conflict);
        project.swap("a/b é/c.md", b"one", b"two").unwrap();
        assert_eq!(project.read("a/b é/c.md").unwrap().unwrap(), b"two");
        // What a crash left aside is in nobody's way.
        std::fs::write(folder.path().join(STAGED), "half").unwrap();
        assert!(project.put("d", b"all").unwrap());
        assert!(!folder.path().join(STAGED).exists());
        assert_eq!(std::fs::read(folder.path().join(IGNORE)).unwrap(), b"*\n");
    }

    #[cfg(unix)]
    #[test]
    fn nothing_leads_out() {
        let (folder, outside) =
            (tempfile::TempDir::new().unwrap(), tempfile::TempDir::new().unwrap());
        let project = Project::open(folder.path()).unwrap();
        for bad in ["../x", "/etc/x", "a/../../x"] {
            assert_eq!(project.put(bad, b"").unwrap_err().code(), Code::InvalidInput, "{bad}");
        }
        std::os::unix::fs::symlink(outside.path(), folder.path().join("specs")).unwrap();
        assert!(project.put("specs/a", b"").unwrap_err().message().contains("is a link"));
        std::os::unix::fs::symlink(outside.path().join("new"), folder.path().join("f")).unwrap();
        assert!(project.put("f", b"").is_err() && project.swap("f", b"", b"").is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(project.put("file/a", b"").unwrap_err().message().contains("is no folder"));
        std::fs::remove_dir_all(folder.path().join(FOLDER)).unwrap();
        std::fs::write(folder.path().join(FOLDER), "mine").unwrap();
        assert!(project.put("g", b"").unwrap_err().message().contains("is no folder"));
        assert_eq!(std::fs::read(folder.path().join(FOLDER)).unwrap(), b"mine");
    }
}
