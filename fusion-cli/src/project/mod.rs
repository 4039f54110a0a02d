//! The project: its folder, its store, its workflow files, what its commands see of the environment.

mod cards;
mod commands;
mod components;
mod environment;
mod folder;
mod inputs;
mod mode;
mod models;
mod open;
mod plugins;
mod workflows;
mod workspaces;

pub(crate) use cards::{cards, cards_in};
pub(crate) use commands::{commands, commands_in};
pub(crate) use components::components;
pub(crate) use environment::{of_commands, user};
pub(crate) use folder::{here, kept, of_components, root, swarms, write_file};
pub(crate) use inputs::{given, pairs};
pub(crate) use mode::{Moded, mode_of};
pub use models::settings_for;
pub(crate) use models::{keys, known_keys, refused, refused_by, settings};
pub(crate) use open::{Need, open, open_in};
pub(crate) use plugins::{plugins, weights};
pub(crate) use workflows::{Loaded, is_path, load};
pub(crate) use workspaces::workspaces;
pub use workspaces::workspaces_here;
