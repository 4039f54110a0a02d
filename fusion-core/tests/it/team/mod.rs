//! Agents and tasks.

mod doer;
mod order;
mod trouble;
