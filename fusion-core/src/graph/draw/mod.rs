//! Pictures of a graph: Mermaid, DOT, SVG, and JSON for other programs.
//!
//! Only the needs that are written down are drawn: a graph from a file has them all
//! (see `check::normalise`), one from code may not.

mod json;
mod layout;
mod picture;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use picture::{Format, Statuses, draw};
