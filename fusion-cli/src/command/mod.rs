//! What each command does.

mod completions;
mod dispatch;
mod explain;
mod follow;
mod interrupt;
mod run;
mod runtime;
mod schema;
mod validate;

pub(crate) use dispatch::run;
