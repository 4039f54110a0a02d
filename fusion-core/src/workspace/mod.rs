//! Workspaces of agents: a folder each behind a handle, commands in a sandbox, snapshots out of their reach.
//!
//! | file | what it knows |
//! |---|---|
//! | `place` | [`Workspaces`]: where they are, and what is kept of them |
//! | `folder` | [`Workspace`]: one of them; its quota, its commands, its end |
//! | `files` | read, write, list, remove through the handle |
//! | `quota` | [`Quota`]: what a workspace may hold |
//! | `snapshot` | [`Snapshot`]: what it held at a moment; difference and restore |
//! | `archive` | tar files of it, and out of tar files |
//! | `sandbox` | [`Sandbox`]: commands that reach only what is listed |

mod archive;
mod files;
mod folder;
mod place;
mod quota;
mod sandbox;
mod snapshot;

#[cfg(test)]
mod tests;

pub use files::Found;
pub use folder::Workspace;
pub use place::Workspaces;
pub use quota::{Quota, Usage};
pub use sandbox::{
    Bound, Command, Ended, Isolation, Level, Network, Output, Policy, Sandbox, enter,
};
pub use snapshot::{Change, Changed, Entry, Snapshot, Stamp};
