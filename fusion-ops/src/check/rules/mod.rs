//! Rules for the work of each kind of agent: what a page, a handler, a migration, a test, a pipeline, a text must not lack.
//!
//! A set of rules is pure: a file's name and text go in, what is wrong comes out. Which sets count for a task, its agent says.

mod api;
mod around;
mod cases;
mod choice;
mod compose;
mod database;
mod devops;
mod docker;
mod docs;
mod finding;
mod frontend;
mod judge;
mod kind;
mod openapi;
mod secret;
mod set;
mod sql;
mod tag;
mod testing;
#[cfg(test)]
mod tests;
mod token;
mod yaml;

pub use choice::Rules;
pub use finding::{Beside, Finding, Look};
pub use judge::judge;
pub use kind::sets_of;
pub use set::{Rule, Set};

pub(super) use around::look_by;
pub(super) use choice::schema;
