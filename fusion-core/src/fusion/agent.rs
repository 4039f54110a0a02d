//! Agents as steps of graphs.

use std::sync::Arc;

use super::{Fusion, StepRef};
use crate::agent::AgentStep;
use crate::contract::Agent;

impl Fusion {
    /// Registers an agent as the step `agent:NAME`, which `agent: NAME` in a workflow file means: its input is a text or an [`Ask`](crate::model::agent::Ask), its output a
    /// [`Reply`](crate::model::agent::Reply).
    pub fn agent(&self, agent: impl Agent) -> StepRef {
        self.register(AgentStep::new(Arc::new(agent), self.engine().env.clone()))
    }
}
