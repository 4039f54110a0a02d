//! A project's folder: held while its components are changed, and brought to rest when it is opened.

use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use fusion_core::error::{Code, Error, Result};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::change::recover;
use super::lock::{LOCK, LOCK_BYTES, Lock};
use super::tree;

/// What Fusion keeps in a project.
pub(super) const FOLDER: &str = ".fusion";
/// What hides it from version control.
pub(super) const IGNORE: &str = ".fusion/.gitignore";

/// A project whose components are looked at or changed. While one is open, nobody else opens it.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use fusion_core::graph::resolve::Range;
/// use fusion_ops::component::{Goal, Options, Project, Registry};
///
/// let folder = tempfile::tempdir()?;
/// let project = Project::open(folder.path())?;
/// let goal = Goal::Add(BTreeMap::from([("database".to_owned(), Range::any())]));
/// let plan = project.plan(&Registry::built_in(), &goal, &Options::default())?;
/// project.apply(&plan)?;
/// assert!(project.verify(&Registry::built_in())?.is_fine());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Project {
    path: PathBuf,
    dir: Dir,
    recovered: Option<Vec<String>>,
    turn: cap_std::fs::File,
}

impl Project {
    /// Opens the folder of a project, and undoes a change in it that a crash cut off.
    ///
    /// # Errors
    /// `FU0201` when there is no such folder; `FU0309` while another process has it open; `FU0202` when the journal of a change
    /// is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(|error| {
            let message = format!("the folder {} cannot be opened", path.display());
            Error::new(Code::FileUnreadable, message).because(error)
        })?;
        let turn = dir.open(".").map_err(|error| tree::failed(path, error))?;
        // A file system without such locks answers otherwise: there people have to take turns by themselves.
        if rustix::fs::flock(&turn, FlockOperation::NonBlockingLockExclusive)
            == Err(Errno::WOULDBLOCK)
        {
            let message = format!("somebody else changes the components of {}", path.display());
            return Err(Error::new(Code::Conflict, message).hint("try again when that is done"));
        }
        let recovered = recover(&dir)?;
        Ok(Self { path: path.to_owned(), dir, recovered, turn })
    }

    /// Gives where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives its name for templates: that of its folder, with nothing in it that names may not have.
    pub fn name(&self) -> String {
        let whole = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let name =
            whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let plain: String = name
            .chars()
            .map(|sign| if sign.is_alphanumeric() || " -_.".contains(sign) { sign } else { '-' })
            .take(40)
            .collect();
        let plain = plain.trim_start_matches(|sign: char| !sign.is_alphanumeric());
        if plain.is_empty() { "project".to_owned() } else { plain.to_owned() }
    }

    /// Says whether opening it undid or tidied up a change that a crash cut off: then the paths that somebody changed since, and
    /// that were left alone.
    pub fn recovered(&self) -> Option<&[String]> {
        self.recovered.as_deref()
    }

    /// Reads which components it has.
    ///
    /// # Errors
    /// `FU0202` and `FU0303` for a lock file that cannot be understood.
    pub fn lock(&self) -> Result<Lock> {
        match tree::read(&self.dir, LOCK, LOCK_BYTES)? {
            None => Ok(Lock::default()),
            Some(bytes) => {
                let text = String::from_utf8(bytes).map_err(|_| {
                    Error::new(Code::Syntax, format!("{LOCK} is not UTF-8 text"))
                        .hint("bring it back from version control")
                })?;
                Lock::read(&text)
            }
        }
    }

    pub(super) fn dir(&self) -> &Dir {
        &self.dir
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // Closing it would not be enough: a program that another thread is starting just now has it open, too.
        let _ = rustix::fs::flock(&self.turn, FlockOperation::Unlock);
    }
}
