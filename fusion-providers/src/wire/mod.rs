//! What goes over the wire, before any protocol: lines, server-sent events, fields of JSON. Pure.

pub(crate) mod json;
mod lines;
mod sse;

pub use lines::{Lines, TooLong};
pub use sse::{Event, Sse};
