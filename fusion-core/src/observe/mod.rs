//! Looks at records and states, and writes nothing.

mod event;
mod replay;
mod why;

pub use event::event;
pub use replay::{Replay, replay};
pub use why::{Holder, Why, startable, why};
