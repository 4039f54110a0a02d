//! The project: its folder, its store, its workflow files, what its commands see of the environment.

mod cards;
mod commands;
mod components;
mod environment;
mod folder;
mod inputs;
mod models;
mod open;
mod plugins;
mod workflows;
mod workspaces;

pub(crate) use cards::cards;
pub(crate) use commands::commands;
pub(crate) use components::components;
pub(crate) use environment::{of_commands, user};
pub(crate) use folder::{of_components, root, swarms};
pub(crate) use inputs::{given, pairs};
pub use models::settings_for;
pub(crate) use models::{keys, refused, refused_by, settings};
pub(crate) use open::{Need, open};
pub(crate) use plugins::{plugins, weights};
pub(crate) use workflows::{Loaded, is_path, load};
pub(crate) use workspaces::workspaces;
