//! Carries out what the scheduler decides, in the real world. No policy lives here.
//!
//! | file | what it does |
//! |---|---|
//! | `engine` | what all drivers of a process share |
//! | `begin`, `adopt` | runs begin; runs that someone left are taken up |
//! | `drive`, `hear`, `launch`, `write` | the loop of one run: take in, decide, make durable, carry out |
//! | `prepare`, `scope`, `lists`, `evaluate` | conditions, lists and arguments are evaluated |
//! | `launch`, `body`, `hooks`, `slot`, `cache` | one attempt of a body |
//! | `told` | what is traced of each record |
//! | `settle`, `checks`, `learn`, `large` | what the end of a body means |
//! | `saved` | definitions that the store keeps by name |
//! | `session`, `claim` | leases: who may drive |
//! | `os` | the real world |

pub(crate) mod adopt;
pub(crate) mod begin;
mod body;
pub(crate) mod cache;
mod checks;
pub(crate) mod claim;
mod drive;
pub(crate) mod engine;
mod evaluate;
mod hear;
mod hooks;
mod large;
mod launch;
mod learn;
mod lists;
pub(crate) mod message;
mod note;
mod os;
mod poll;
mod prepare;
mod registry;
pub(crate) mod row;
pub(crate) mod saved;
mod scope;
pub(crate) mod session;
mod settle;
pub(crate) mod slot;
mod told;
mod wish;
mod write;

#[cfg(feature = "coordination")]
pub(crate) use body::is_silent;
pub use engine::Options;
pub use os::{Os, Pace, PaceWait};
pub use wish::Wish;
