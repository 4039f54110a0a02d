//! `fusion components`: what there is, what a project has, and changes of it.

mod change;
mod dispatch;
mod list;
mod place;
mod required;
mod show;
mod verify;

pub(super) use change::{Done, change};
pub(super) use dispatch::components;
pub(super) use place::open_at;
pub(super) use required::install;
