//! Changes of a project: what is planned, how it is done as a whole or not at all, what is left when a process dies.

mod apply;
mod files;
mod journal;
mod plan;
mod shared;
#[cfg(test)]
mod tests;
mod undo;

pub use plan::{Action, Change, Conflict, Goal, Move, Options, Plan};
pub(super) use undo::recover;
