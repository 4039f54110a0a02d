//! Order in a directed graph: topological order, cycles, layers, critical path, reachability.
//!
//! A graph is a flat [`Edges`] table. No function recurses, so a chain of a million nodes is as
//! safe as a short one; every function except [`redundant`] takes time linear in nodes and edges.

mod cycle;
mod edges;
mod path;
mod reach;
#[cfg(test)]
mod tests;

pub use cycle::{Cycle, find_cycle};
pub use edges::{Edges, OutOfRange};
pub use path::{CriticalPath, critical_path, layers, topological};
pub use reach::{ancestors, descendants, reaches, redundant};
