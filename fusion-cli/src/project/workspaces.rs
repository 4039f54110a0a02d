//! The project's workspaces of agents.

use fusion_core::error::{Code, Error, Result};
use fusion_core::workspace::Workspaces;

use super::folder;

/// Opens the folder of the project's workspaces, and makes it if it is not there.
pub(crate) fn workspaces() -> Result<Workspaces> {
    let here = std::env::current_dir().map_err(|error| {
        Error::new(Code::Workspace, "this folder cannot be found out").because(error)
    })?;
    Workspaces::open(folder::workspaces(&here))
}
