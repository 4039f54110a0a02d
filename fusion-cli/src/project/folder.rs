//! Where a project is, and where its store is.

use std::fs;
use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};

/// The folder in which Fusion keeps what belongs to a project.
const FOLDER: &str = ".fusion";
/// The file of the store.
const FILE: &str = "fusion.db";

/// The folder of the project's plugins.
const PLUGINS: &str = "plugins";

/// The folder of the project's descriptions of command-line agents.
const COMMANDS: &str = "commands";

/// The folder of the project's cards of agents.
const AGENTS: &str = "agents";

/// The folder of the project's teams.
const SWARMS: &str = "swarms";

/// The folder of the project's own components.
const COMPONENTS: &str = "components";

/// The file in which the project's components stand.
const LOCK: &str = "fusion.lock";

/// The folder of the workspaces of agents.
const WORKSPACES: &str = "workspaces";

/// Finds the file of the project's store.
pub(super) fn store(here: &Path) -> PathBuf {
    project(here).join(FILE)
}

/// Finds the folder of the project's own components.
pub(super) fn components(here: &Path) -> PathBuf {
    project(here).join(COMPONENTS)
}

/// Finds the folder whose components are meant: the nearest one above with components or with what Fusion keeps, else this one.
pub(crate) fn of_components(here: &Path) -> PathBuf {
    let is_root = |folder: &&Path| folder.join(LOCK).is_file() || folder.join(FOLDER).is_dir();
    here.ancestors().find(is_root).unwrap_or(here).to_owned()
}

/// Finds the folder of the project's plugins.
pub(super) fn plugins(here: &Path) -> PathBuf {
    project(here).join(PLUGINS)
}

/// Finds the folder of the project's descriptions of command-line agents.
pub(super) fn commands(here: &Path) -> PathBuf {
    project(here).join(COMMANDS)
}

/// Finds the folder of the project's cards of agents.
pub(super) fn agents(here: &Path) -> PathBuf {
    project(here).join(AGENTS)
}

/// Gives the current folder.
///
/// # Errors
/// `FU0201` when it is gone, or may not be entered.
pub(crate) fn here() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| {
        Error::new(Code::FileUnreadable, "the current folder cannot be entered").because(error)
    })
}

/// Writes a file that a person asked for.
///
/// # Errors
/// `FU0201` that names it.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(|why| {
        let message = format!("{} cannot be written", path.display());
        Error::new(Code::FileUnreadable, message).because(why)
    })
}

/// Gives the project itself: the folder that has `.fusion`, or the current one.
///
/// # Errors
/// As [`here`].
pub(crate) fn root() -> Result<PathBuf> {
    let here = here()?;
    Ok(project(&here).parent().map_or(here, Path::to_path_buf))
}

/// Gives the folder in which Fusion keeps what belongs to the project that a folder is in, and makes it.
///
/// # Errors
/// `FU0302` when it cannot be made.
pub(crate) fn kept(here: &Path) -> Result<PathBuf> {
    let folder = project(here);
    prepare(&folder.join(FILE))?;
    Ok(folder)
}

/// Gives the files of the project's teams.
pub(crate) fn swarms() -> Vec<PathBuf> {
    let Ok(here) = std::env::current_dir() else { return Vec::new() };
    files(&project(&here).join(SWARMS), |path| {
        path.extension()
            .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|one| ending == *one))
    })
}

/// Finds the folder in which workspaces of agents are made.
pub(super) fn workspaces(here: &Path) -> PathBuf {
    project(here).join(WORKSPACES)
}

/// Finds the project's own folder: the nearest one above that there is, else the one to be made here.
fn project(here: &Path) -> PathBuf {
    let project = here.ancestors().find(|folder| folder.join(FOLDER).is_dir()).unwrap_or(here);
    project.join(FOLDER)
}

/// Gives the files of a folder that are wanted, by their paths; a folder that is not there has none.
pub(super) fn files(folder: &Path, is_wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| is_wanted(path)).collect();
    files.sort();
    files
}

/// Makes the folder of the store, hidden from version control.
pub(super) fn prepare(file: &Path) -> Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    if folder.is_dir() {
        return Ok(());
    }
    let refused = |error: std::io::Error| {
        let message = format!("the folder {} cannot be made", folder.display());
        let hint = "choose another store with `--store` or FUSION_STORE";
        Error::new(Code::StoreOpen, message).because(error).hint(hint)
    };
    fs::create_dir_all(folder).map_err(refused)?;
    fs::write(folder.join(".gitignore"), "*\n").map_err(refused)
}
