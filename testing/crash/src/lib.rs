//! Kills real Fusion processes at every moment, and judges them by a ledger that the engine cannot read back.
//!
//! A *worker* drives the reference run on a SQLite file; each body writes one line to the ledger as it is entered and as
//! it is left. The *harness* kills workers with SIGKILL (at random moments, and right after the n-th line for every n),
//! starts them again until the run has ended, and compares: what the run says, what the ledger says, what was
//! acknowledged, and what an unkilled run says. Where it may mount (root, on Linux) it also cuts the power of a real ext4.
//!
//! ```text
//! fusion-crash kill --kills 5000 --seed 7 --processes 3
//! fusion-crash power --kills 2000
//! ```

pub mod agent;
mod fault;
pub mod fixture;
pub mod harness;
pub mod ledger;
pub mod mail;
pub mod steps;
pub mod worker;
pub mod workflow;

pub use fault::Fault;
