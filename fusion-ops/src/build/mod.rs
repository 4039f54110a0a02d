//! From a plan to what is built: a workflow whose nodes are the tasks, each tried, checked, and ticked when it is proved.

mod boxes;
mod graph;
mod job;
mod prepare;
mod steps;
#[cfg(test)]
mod tests;
mod ticks;

pub use boxes::Boxes;
pub use graph::{Crew, Worker, workflow};
pub use job::{Job, Said, jobs};
pub use prepare::{Build, prepare, prepare_over};
pub use steps::{Outcome, Steps, Tried};
pub use ticks::{set, state};
