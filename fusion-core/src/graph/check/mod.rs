//! The check of a graph: everything that is wrong with it, at once, each with its place and the nearest right word.
//!
//! [`check`] takes a graph as its author wrote it; [`normalise`] then writes down what templates imply, so that the
//! stored definition says all of it. A graph that passed can be compiled.

mod code;
mod fit;
mod graph;
mod kind;
mod names;
mod normalise;
mod places;
mod policy;
mod report;
mod site;
mod template;
#[cfg(test)]
mod tests;
mod warn;

#[cfg(feature = "engine")]
pub(crate) use code::agent_name;
pub use code::{Named, What, named};
pub(crate) use fit::{learns, unfit};
pub use graph::check;
pub(crate) use graph::examine;
pub(crate) use normalise::hand_down;
pub use normalise::normalise;
pub use places::{Places, Spot};
pub use report::Report;
pub use site::At;
pub use warn::{Warning, warnings};
