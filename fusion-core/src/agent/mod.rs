//! Agents: a model with tools, whose every call is recorded once.
//!
//! | file | what it knows |
//! |---|---|
//! | `llm` | [`LlmAgent`], as a program puts it together |
//! | `talk` | its loop: ask, use tools, ask again; each call a memo |
//! | `window` | how a conversation is kept small enough for the model |
//! | `result` | how the last answer becomes a result |
//! | `schema` | what fits a JSON Schema |
//! | `tool` | [`Tool`]: a step with a description for models |
//! | `step` | [`AgentStep`]: an agent as a step of graphs |

mod limits;
mod llm;
mod result;
mod schema;
mod step;
mod talk;
mod tool;
mod window;

pub use limits::Limits;
pub use llm::{LlmAgent, Watch};
pub use step::AgentStep;
pub use tool::Tool;

#[cfg(test)]
mod tests;
