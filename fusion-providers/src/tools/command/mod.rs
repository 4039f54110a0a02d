//! Programs that a list allows, as a tool.
//!
//! | file | what it knows |
//! |---|---|
//! | `policy` | which command lines are allowed: pure |
//! | `run` | [`Commands`], and the tool that it gives |
//! | `told` | what a model sees of how a program ended: pure |

mod policy;
mod run;
mod told;

pub use run::Commands;
