//! Fusion is a durable workflow and agent engine that a program embeds.
//!
//! ```text
//! graph ──► schedule ──► run ──► record ──► observe
//! ```
//!
//! A [`Graph`](model::Graph) is data; the scheduler decides, purely; the driver does what it decides; every outcome is
//! recorded before anything that depends on it starts. `docs/architecture.md` has the map.

#[cfg(feature = "engine")]
pub mod agent;
pub mod contract;
#[cfg(feature = "coordination")]
pub mod coordination;
pub mod error;
#[cfg(feature = "engine")]
mod fusion;
pub mod graph;
pub mod model;
#[cfg(feature = "engine")]
pub mod object;
pub mod observe;
#[cfg(feature = "engine")]
pub mod record;
#[cfg(feature = "engine")]
pub mod run;
pub mod schedule;
#[cfg(feature = "simulate")]
pub mod simulate;
#[cfg(feature = "workspace")]
pub mod workspace;

#[cfg(feature = "engine")]
pub use fusion::{
    Builder, Driven, Events, Forking, Fusion, Retrying, Run, Starting, StepRef, Working,
};
