//! The words between a program and a language model: what is asked, what comes back, in one piece or in chunks.
//!
//! | word | made by | read by |
//! |---|---|---|
//! | [`Request`] | agents, bodies | layers, providers |
//! | [`Answer`] | providers, [`Fold`] | agents, bodies |
//! | [`Chunk`] | providers that stream | whoever shows text as it comes, [`Fold`] |
//! | [`Embed`], [`Embeddings`] | bodies; providers | providers; bodies |
//! | [`Model`], [`Price`] | providers | routing, budgets |
//! | [`Usage`], [`Usd`], [`Quota`] | providers | budgets, rate gates, metrics |
//! | [`Fault`] | providers, layers | retry policies, people |
//!
//! All are plain data with a JSON form that every language and plugin shares. Unknown fields are ignored when they are read, so that
//! a newer side may say more; fields at their default are left out.

mod answer;
pub mod base64;
mod check;
mod chunk;
mod embed;
mod fault;
mod finish;
mod fold;
mod message;
mod model;
mod money;
mod part;
mod quota;
mod request;
mod tool;
mod usage;

pub use answer::Answer;
pub use chunk::Chunk;
pub use embed::{Embed, Embeddings};
pub use fault::{Fault, FaultKind};
pub use finish::Finish;
pub use fold::Fold;
pub use message::{Message, Role};
pub use model::{Capability, Model};
pub use money::{NotUsd, Price, Usd};
pub use part::{Image, Part, Reasoning, ToolCall, ToolResult};
pub use quota::{Allowance, Quota};
pub use request::{Effort, Request, Sampling, Schema};
pub use tool::{Choice, Tool};
pub use usage::Usage;

#[cfg(test)]
mod tests;
