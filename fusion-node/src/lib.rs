//! The Node binding: converts, calls the core, converts back. The npm package `fusion-kit` wraps it; nobody else does.
//!
//! | file | what it does |
//! |---|---|
//! | `bridge` | the border: one wake-up for a batch of messages, in both directions |
//! | `slots` | the calls of JavaScript bodies that are open |
//! | `step` | a step whose body is a JavaScript function |
//! | `app` | an opened engine, and starting runs |
//! | `ops` | everything else that can be asked of an engine or a run, by name |
//! | `staff` | providers and agents, made of their descriptions |
//! | `look` | what is told of runs |
//! | `convert` | errors and values as JSON |
//! | `folders` | questions about specifications and components |
//! | `cli` | the `fusion` command in the process of Node |
//!
//! No lock is held while JavaScript runs, and JavaScript never waits for the engine but in `open`.

pub mod app;
pub mod bridge;
pub mod cli;
mod convert;
pub mod folders;
mod look;
mod ops;
mod slots;
pub mod staff;
mod step;
