//! Components: parts of a project with specifications, tasks and checks, which come, change and go as a whole.
//!
//! | part | what it is |
//! |---|---|
//! | [`Manifest`] | `component.toml`: what a component is, needs and brings |
//! | [`Component`], [`Packed`], [`Registry`] | one version of a component, wherever it comes from; all that there are |
//! | [`resolve()`] | which versions fit together, in which order they come |
//! | [`Project`], [`Plan`] | what would change, and the change: everything or nothing, with a journal |
//! | [`Lock`] | `fusion.lock`: what a project has, and what stands where |
//! | [`Verified`] | whether it is still there, and whether checks hold |
//! | `command` | hooks and checks that are commands, for who allows them |
//! | `catalogue` | the components that are built in |

mod block;
mod catalogue;
mod change;
mod check;
mod command;
mod lock;
mod manifest;
mod name;
mod package;
mod packed;
mod project;
mod put;
mod registry;
mod resolve;
mod schema;
mod template;
#[cfg(test)]
mod tests;
mod tree;
mod verify;
mod want;

pub use block::without_blocks;
pub use change::{Action, Change, Conflict, Goal, Move, Options, Plan};
pub use check::{CheckState, Checked};
pub use command::{HookRun, Runner};
pub use lock::{Lock, Locked, LockedFile, Shared, Whose};
pub use manifest::{Block, Check, File, Hook, Manifest, Moment, Spec};
pub use package::{Component, hash};
pub use packed::Packed;
pub use project::Project;
pub use registry::Registry;
pub use resolve::{Wish, resolve};
pub use template::Values;
pub use verify::{Problem, ProblemKind, Verified};
