//! Where descriptions of command-line agents are looked for.

use std::path::Path;

use fusion_providers::Dialects;

use super::folder;
use super::plugins::folder_of;

/// Gives the command-line agents that commands and workflow files may name: those that are built in, those of the user's
/// `fusion/commands`, and those of the project's `.fusion/commands`. Their workspaces are made in `.fusion/workspaces`.
pub(crate) fn commands() -> Dialects {
    commands_in(std::env::current_dir().ok().as_deref())
}

/// Gives the command-line agents of a project in another folder than the current one.
pub(crate) fn commands_in(here: Option<&Path>) -> Dialects {
    let mut commands = Dialects::default();
    if let Some(own) = folder_of("FUSION_CONFIG", "XDG_CONFIG_HOME", ".config") {
        commands = commands.folder(own.join("commands"));
    }
    if let Some(here) = here {
        commands = commands.project(folder::commands(here)).workspaces(folder::workspaces(here));
    }
    commands
}
