//! The Python binding: converts, calls the core, converts back. The public package is `python/fusion_kit`.
//!
//! | file | what it does |
//! |---|---|
//! | `engine`, `run`, `events`, `definition` | the core's own nouns, as Python sees them |
//! | `operation` | something that the engine does, waited for by a thread or by a loop |
//! | `step`, `calls`, `reports` | a body is entered, and says how it ended |
//! | `lane`, `pool` | the ways to the code: onto a loop, into a thread |
//! | `staff`, `chunks` | providers and agents, made of their descriptions; an answer as it comes |
//! | `shared` | what all of these share |
//! | `context` | what a body knows of its attempt |
//! | `value`, `error` | conversion |
//! | `ops` | questions about specifications and components |
//! | `command` | the `fusion` command |
//! | `plugin` | plugins that a program loads by itself |
//!
//! No thread of the engine ever attaches to the interpreter, and no lock is held while Python code runs.

mod calls;
mod chunks;
mod command;
mod context;
mod definition;
mod engine;
mod error;
mod events;
mod lane;
mod module;
mod operation;
mod ops;
mod plugin;
mod pool;
mod reports;
mod run;
mod shared;
mod staff;
mod step;
mod value;
