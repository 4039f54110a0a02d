//! Agents and tasks.

mod doer;
#[cfg(feature = "workspace")]
mod lodging;
mod order;
mod trouble;
