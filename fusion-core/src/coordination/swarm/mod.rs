//! Teams from files: agents, and workflows of stages.

mod template;

pub use template::{Deployment, Member, Stage, Swarm, Workflow};
