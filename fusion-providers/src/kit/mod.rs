//! Providers and agents that are put together from descriptions: how programs in other languages make them.
//!
//! | file | what it knows |
//! |---|---|
//! | `described` | the descriptions, as JSON |
//! | `make` | [`Kit`]: makes providers, layers and agents of them, each provider once |
//! | `layers` | a layer of its description |
//! | `library` | a plugin that a program loads by itself |
//! | `refused` | what stands in the place of what could not be made |
//! | `agent` | [`KitAgent`]: an agent of its description, with the tools of servers |
//! | `ask` | questions to what was made, as JSON |
//! | `team` | agents with a life, tasks, messages, services, objects: questions to the engine as JSON |
//! | `named` | [`Models`]: providers by name, those that a program has added among them |

mod agent;
mod ask;
mod described;
mod layers;
mod library;
mod make;
mod named;
mod refused;
mod team;

pub use agent::KitAgent;
pub use ask::Spoken;
pub use described::{AgentSpec, Code, ProviderSpec};
pub use library::{Library, open as load};
pub use make::{Bodies, Kit};
pub use named::Models;

#[cfg(test)]
mod tests;
