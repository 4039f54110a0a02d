//! Looks at records and states, and writes nothing.

mod event;

pub use event::events;
