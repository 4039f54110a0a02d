//! The façade: the only part that knows all others.

mod again;
mod agent;
mod closure;
mod control;
mod event;
mod handle;
#[cfg(all(feature = "coordination", feature = "workspace"))]
mod lodging;
#[cfg(all(feature = "coordination", not(feature = "workspace")))]
#[path = "no_lodging.rs"]
mod lodging;
mod look;
#[cfg(feature = "coordination")]
mod message;
mod object;
mod open;
mod prune;
mod run;
mod saved;
#[cfg(feature = "coordination")]
mod service;
mod start;
mod take;
#[cfg(feature = "coordination")]
mod team;

pub use again::{Forking, Retrying};
pub use closure::StepRef;
pub use event::Events;
pub use open::{Builder, Fusion};
pub use run::Run;
pub use start::{Starting, Working};
pub use take::Driven;
