//! [`Workspaces`]: where the workspaces of agents are, and what is kept of them out of their reach.
//!
//! ```text
//! root/                 0700
//!   agents/NAME/        a workspace: `.agent/`, `projects/`, `logs/`
//!   kept/NAME/          its quota and its snapshots; no command sees it
//!   kept/.objects/      the contents of snapshots, each once, by its hash
//! ```

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _};

use super::folder::Workspace;
use crate::error::{Code, Error, Result, nearest};

/// The longest name of an agent, in bytes.
const NAME_BYTES: usize = 100;

/// All workspaces beneath one folder. Cheap to clone.
///
/// ```
/// use fusion_core::workspace::Workspaces;
/// # let folder = tempfile::tempdir()?;
/// let workspaces = Workspaces::open(folder.path().join("workspaces"))?;
/// let workspace = workspaces.create("@writer")?;
/// workspace.write("projects/plan.md", b"# Plan")?;
/// let before = workspace.snapshot()?;
/// workspace.write("projects/plan.md", b"# Another plan")?;
/// assert_eq!(workspace.diff(&before, &workspace.now()?).len(), 1);
/// workspace.restore(&before)?;
/// assert_eq!(workspace.read("projects/plan.md")?, b"# Plan");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Workspaces(pub(super) Arc<Root>);

pub(super) struct Root {
    pub(super) path: PathBuf,
    pub(super) agents: Dir,
    pub(super) kept: Dir,
}

impl Workspaces {
    /// Opens a folder of workspaces, and makes it if it is not there. Nobody else may look into it (mode 0700).
    ///
    /// # Errors
    /// `FU0601` when it cannot be made or entered.
    pub fn open(root: impl AsRef<Path>) -> Result<Self> {
        let path = root.as_ref();
        let failed = |error: io::Error| wrong(&format!("the folder {}", path.display()), error);
        let open = || -> io::Result<Root> {
            use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
            let path = path.canonicalize()?;
            let root = Dir::open_ambient_dir(&path, ambient_authority())?;
            let agents = make(&root, "agents")?;
            let kept = make(&root, "kept")?;
            Ok(Root { path, agents, kept })
        };
        open().map(|root| Self(Arc::new(root))).map_err(failed)
    }

    /// Opens the workspace of an agent, and makes it if it is not there.
    ///
    /// # Errors
    /// `FU0102` for a name that is none; `FU0601` when it cannot be made.
    pub fn create(&self, agent: &str) -> Result<Workspace> {
        check(agent)?;
        let made = make(&self.0.agents, agent).and_then(|folder| {
            for name in Workspace::PARTS {
                make(&folder, name)?;
            }
            make(&self.0.kept, agent)
        });
        made.map_err(|error| wrong(&format!("the workspace of `{agent}`"), error))?;
        self.find(agent)
    }

    /// Opens the workspace of an agent.
    ///
    /// # Errors
    /// `FU0101` when there is none; `FU0601` when it cannot be opened.
    pub fn find(&self, agent: &str) -> Result<Workspace> {
        check(agent)?;
        if !self.has(agent) {
            let all = self.list()?;
            let error = Error::new(Code::InvalidInput, format!("`{agent}` has no workspace"));
            let known = all.iter().map(String::as_str);
            return Err(error.hint(nearest::hint(agent, known)));
        }
        Workspace::open(&self.0, agent)
    }

    /// Tells whether an agent has a workspace.
    pub fn has(&self, agent: &str) -> bool {
        check(agent).is_ok()
            && self.0.agents.symlink_metadata(agent).is_ok_and(|about| about.is_dir())
    }

    /// Lists the agents that have a workspace, in order.
    ///
    /// # Errors
    /// `FU0601` when the folder cannot be read.
    pub fn list(&self) -> Result<Vec<String>> {
        let read = || -> io::Result<Vec<String>> {
            let mut names = Vec::new();
            for entry in self.0.agents.entries()? {
                names.extend(entry?.file_name().into_string().ok());
            }
            names.sort();
            Ok(names)
        };
        read().map_err(|error| wrong(&format!("the folder {}", self.0.path.display()), error))
    }
}

impl fmt::Debug for Workspaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workspaces in {}", self.0.path.display())
    }
}

/// Makes a folder for nobody else's eyes if it is not there, and opens it.
pub(super) fn make(above: &Dir, name: &str) -> io::Result<Dir> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    match above.create_dir_with(name, &builder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    above.open_dir(name)
}

/// Says that something of a workspace failed.
pub(super) fn wrong(what: &str, error: io::Error) -> Error {
    Error::new(Code::Workspace, format!("{what} cannot be used")).because(error)
}

fn check(agent: &str) -> Result<()> {
    let is_fine = |sign: char| sign.is_ascii_alphanumeric() || "@-_.".contains(sign);
    if !agent.is_empty()
        && agent.len() <= NAME_BYTES
        && !agent.starts_with('.')
        && agent.chars().all(is_fine)
    {
        return Ok(());
    }
    let message = format!("{agent:?} is no name of an agent's workspace");
    let hint = "at most 100 letters, digits and `@-_.`, and no dot at the beginning";
    Err(Error::new(Code::InvalidId, message).hint(hint))
}
