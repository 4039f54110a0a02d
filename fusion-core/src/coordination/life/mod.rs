//! The life of agents: spawned, working, paused, in trouble, gone; each change an event in the stream `agent/ID`.

mod agents;
mod instance;
mod lodging;
pub(super) mod spec;
mod state;

#[cfg(test)]
mod tests;

pub use agents::Agents;
pub(super) use agents::{ROSTER, turn_roster};
pub use instance::{Instance, Tally, Usage};
pub use lodging::OwnWorkspace;
pub use spec::AgentSpec;
pub use state::AgentState;
