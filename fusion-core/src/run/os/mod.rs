//! The real world: the machine's clocks, its randomness, Tokio's tasks, and programs.
//!
//! | file | what it knows |
//! |---|---|
//! | `world` | [`Os`], which puts the others together |
//! | `clock` | the wall clock and the monotonic one |
//! | `random` | random bits from the kernel |
//! | `identity` | the name of this process, and whether that of another still lives |
//! | `exec` | programs: found, started, fed, read, ended with all their children |
//! | `pace` | [`Pace`]: how soon others answer, and so how they are waited for |
//! | `process` | what `/proc` says of processes |
//!
//! This is the rim: the only place of the engine where the clock is read and where tasks, threads and programs start.

mod clock;
mod exec;
mod identity;
mod pace;
mod process;
mod random;
mod world;

pub use pace::{Pace, PaceWait};
pub use world::Os;

#[cfg(test)]
mod tests;
