//! Looks at records and states, and writes nothing.

mod event;
mod replay;
mod why;

pub use event::events;
pub use replay::{Replay, replay};
pub use why::{Holder, Why, why};
