//! Workflow files: YAML or JSON text to a checked graph, with the place of every error.
//!
//! Text becomes a tree with places (`load`), the tree is compared with the one table of keys (`table`), which the
//! JSON Schema is made of too, then it is read as graphs (`decode`), and they are checked.

mod agents;
mod decode;
mod fit;
mod layers;
mod load;
mod node;
mod parse;
mod policy;
mod scalar;
pub(crate) mod shape;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod tree;

#[cfg(test)]
pub(crate) use parse::as_json;
pub use parse::{File, parse, parse_bytes, value};
