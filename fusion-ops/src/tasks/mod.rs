//! `tasks.md` as a graph: tasks, phases, what comes before what, and why.

mod derive;
mod fields;
mod files;
mod line;
mod model;
mod order;
mod plan;
mod read;
mod refs;
mod side;
mod stated;
#[cfg(test)]
mod tests;
mod ticks;
mod token;
mod told;
mod verbs;
mod workflow;
mod world;

pub use derive::derive;
pub use model::{Need, Phase, Plan, Problem, State, Task, Why};
pub use plan::plan;
pub use ticks::tick;
pub use told::unnamed;
pub(crate) use told::{open_needs, requirements};
pub use workflow::{HEADER, workflow};
