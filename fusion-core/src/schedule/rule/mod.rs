//! Policies: what follows from a failure, from the end of a run, and from a wish to run again.

mod reset;
mod retry;
mod undo;

pub(crate) use retry::parent;
