//! Plugins: providers of language models in shared libraries, behind a C ABI that stays.
//!
//! | part | what it is |
//! |---|---|
//! | `include/fusion_plugin.h` | the ABI, with all its rules: what a C programmer reads |
//! | [`abi`] | the same tables in Rust |
//! | [`Plugin`], [`export_provider!`] | a plugin of an ordinary [`Provider`](fusion_core::contract::Provider) |
//! | [`Setup`] | what a plugin is opened with: configuration, secrets, the log |
//!
//! A plugin is a crate of the type `cdylib`:
//!
//! ```rust,standalone_crate
//! use async_trait::async_trait;
//! use fusion_core::contract::{Call, Provider};
//! use fusion_core::model::chat::{Answer, Fault, Request};
//! use fusion_plugin::{Plugin, Setup, export_provider};
//!
//! #[derive(Debug)]
//! struct Echo;
//!
//! impl Plugin for Echo {
//!     fn open(_setup: &Setup) -> Result<Self, Fault> {
//!         Ok(Self)
//!     }
//! }
//!
//! #[async_trait]
//! impl Provider for Echo {
//!     fn name(&self) -> &str { "echo" }
//!     async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
//!         call.check()?;
//!         let said = request.messages.last().map(|message| message.text()).unwrap_or_default();
//!         Ok(Answer::text_of("echo-1", said))
//!     }
//! }
//!
//! export_provider!(Echo);
//! # fn main() {}
//! ```
//!
//! What the macro does for you: no panic crosses the border, every call is completed exactly once, dropped calls end their
//! futures, pieces of streams cross as they come, and the time is the host's. A future that does not end at its first
//! poll goes on in a Tokio runtime of the plugin's own, so that HTTP clients and timers work.

#![expect(unsafe_code, reason = "this is the border to C")]

pub mod abi;
mod env;
mod export;
mod host;
mod plugin;
mod serve;
mod sleep;
mod tasks;

pub use export::Exported;
pub use plugin::{Level, Plugin, Setup};
