//! `fusion init`: a project in a mode; what is missing is added, and nothing else is touched.

mod agents;
mod asked;
mod run;
mod source;
mod steps;
mod told;

pub(super) use agents::{Known, enlist};
pub use asked::init_in;
pub(super) use run::init;
