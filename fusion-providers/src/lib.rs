//! Providers of language models, layers over them, and the host of provider plugins.
//!
//! | part | what it is |
//! |---|---|
//! | [`open`] | a provider by its name, with the environment's keys; [`discover`] finds what listens on this machine |
//! | [`OpenAi`], [`OpenRouter`], [`Anthropic`], [`Gemini`], [`Ollama`] | a protocol each: encode and decode are pure, one file sends |
//! | [`command`] | programs on the command line as providers and agents: claude, codex, gemini, … |
//! | [`ModelStep`] | the `model` nodes of workflow files |
//! | `http` | the seam to services: connections, limits, faults |
//! | [`wire`] | lines, server-sent events, fields of JSON |
//! | [`layer`] | retry, fallback, time limits, budgets, rate gates, caches and the like, over any provider |
//! | [`mcp`] | tools of servers of the Model Context Protocol, for agents |
//! | [`tools`] | tools of agents: files of a folder, programs under a policy, the web |
//! | [`Plugin`] | a provider in a shared library, behind the C ABI of `fusion_plugin.h` |
//! | [`plugins`] | plugins by name: folders, manifests, trust |
//! | [`weights`] | the files of models that answer on this machine |
//! | [`Scripted`] | a provider that says what a script or a recording says |
//! | [`Foreign`] | a provider whose code is a step, in another language perhaps |
//! | [`kit`] | providers and agents put together from descriptions, for programs in other languages |
//!
//! ```
//! use fusion_core::contract::{Call, Provider};
//! use fusion_core::model::chat::{Answer, Fault, FaultKind, Request};
//! use fusion_providers::layer::{ProviderExt, Retry, Timeout};
//! use fusion_providers::Scripted;
//!
//! # async fn example(call: &Call) -> Result<(), Fault> {
//! let provider = Scripted::new("demo")
//!     .fault(Fault::new(FaultKind::Overloaded, "busy"))
//!     .answer(Answer::text_of("demo-1", "Hello"))
//!     .layer(Timeout::usual())
//!     .layer(Retry::new());
//! assert_eq!(provider.complete(call, &Request::new("demo-1").user("Hi")).await?.text(), "Hello");
//! # Ok(())
//! # }
//! ```

mod anthropic;
pub mod command;
mod files;
mod foreign;
mod gemini;
mod http;
mod inherited;
pub mod kit;
pub mod layer;
pub mod mcp;
mod node;
mod ollama;
mod open;
mod openai;
mod openrouter;
mod plugin_host;
mod plugin_process;
pub mod plugins;
#[cfg(test)]
mod sample;
pub mod scripted;
pub mod tools;
pub mod weights;
pub mod wire;

pub use anthropic::Anthropic;
pub use command::{CommandLine, Dialects};
pub use foreign::Foreign;
pub use gemini::Gemini;
pub use http::{Http, Key, Settings};
pub use node::ModelStep;
pub use ollama::Ollama;
pub use open::{Found, Keys, Known, discover, known, open};
pub use openai::OpenAi;
pub use openrouter::OpenRouter;
pub use plugin_host::Plugin;
pub use plugin_process::PluginProcess;
pub use plugins::Plugins;
pub use scripted::Scripted;

#[cfg(test)]
mod tests;
