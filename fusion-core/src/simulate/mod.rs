//! Worlds from seeds: the whole engine on real SQLite over a disk that loses power, in one thread and virtual time.
//!
//! | file | what it is |
//! |---|---|
//! | `options`, `run` | what to simulate, and seeds in a row |
//! | `plan`, `workload` | what a seed means: processes, runs, graphs, faults |
//! | `subject` | a workflow of the user's own, played |
//! | `world` | the loop of one world: what happens when |
//! | `machine`, `env` | tasks, timers and clocks; the world as a process sees it |
//! | `process`, `store`, `bus`, `script` | one process: its engine, its store, its bell, its bodies |
//! | `person` | callers and people |
//! | `team` | agents: messages, durable objects, tasks |
//! | `witness`, `mirror`, `ledger` | what was seen from outside the disk |
//! | `verify`, `check` | what must hold after a crash and at the end |
//! | `saboteur` | mistakes that must be found |

mod bus;
mod check;
mod env;
mod ledger;
mod machine;
mod mirror;
mod options;
mod person;
mod plan;
mod process;
mod rng;
mod run;
mod saboteur;
mod script;
mod store;
mod subject;
mod team;
#[cfg(test)]
mod tests;
mod verify;
mod witness;
mod workload;
mod world;

pub use options::{Fault, Options, Sabotage, Subject};
pub use run::{Found, Report, fingerprint, simulate};
