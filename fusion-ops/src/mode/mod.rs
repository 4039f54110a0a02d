//! Modes: how much of components, agents, checks and environments a project has, from a prototype to scale.
//!
//! Pure: texts go in, sets and texts come out. What a mode turns on stands in `table`, and nowhere else; a project's
//! `fusion.toml` may say otherwise for itself.

mod file;
mod level;
mod table;
#[cfg(test)]
mod tests;

pub use file::{FILE, Own, ProjectFile};
pub use level::{Demand, Level};
pub use table::{ALL_AGENTS, ALL_REQUIRED, CORE, Deployment, Mode, Set};
