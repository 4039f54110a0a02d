//! The project: its folder, its store, its workflow files, what its commands see of the environment.

mod environment;
mod folder;
mod inputs;
mod models;
mod open;
mod workflows;

pub(crate) use environment::user;
pub(crate) use inputs::{given, pairs};
pub(crate) use models::{keys, refused};
pub(crate) use open::{Need, open};
pub(crate) use workflows::{Loaded, is_path, load};
