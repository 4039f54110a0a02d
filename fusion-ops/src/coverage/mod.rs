//! Requirements against tasks, files and checks: what is proved, and what only claims to be done.

mod gates;
mod matrix;
mod page;
mod phase;
#[cfg(test)]
mod tests;

pub use gates::{Refusal, refusals};
pub use matrix::{
    Artifact, Coverage, Progress, RequirementRow, Standing, StoryRow, TaskProgress, TaskState,
    coverage,
};
pub use page::{escaped, page};
pub use phase::{PhaseReport, phase_schema, phases};
