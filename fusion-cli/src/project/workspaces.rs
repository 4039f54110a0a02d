//! The project's workspaces of agents.

use std::path::PathBuf;

use fusion_core::error::{Code, Error, Result};
use fusion_core::workspace::Workspaces;

use super::folder;

/// Opens the folder of the project's workspaces, and makes it if it is not there.
pub(crate) fn workspaces() -> Result<Workspaces> {
    let nowhere = || Error::new(Code::Workspace, "this folder cannot be found out");
    Workspaces::open(workspaces_here().ok_or_else(nowhere)?)
}

/// Gives where the workspaces of the project are in which the program was started: `.fusion/workspaces`. Nothing when its folder
/// cannot be found out.
pub fn workspaces_here() -> Option<PathBuf> {
    std::env::current_dir().ok().map(|here| folder::workspaces(&here))
}
