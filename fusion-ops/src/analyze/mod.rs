//! What a specification needs: its stack, its components, and the agents that fit, each with the lines that say so.
//!
//! | part | what it is |
//! |---|---|
//! | `lexicon.json` | the words that speak for each component, and how much |
//! | `model.json` | how much lines of each kind count; made by `cargo run -p fusion-specs -- train` |
//! | `stack.json` | the names of languages, frameworks, databases and infrastructure |
//! | `unit` | the lines of a specification, each with what kind of statement it is |
//! | `cue` | negations, what is out of scope, what is there already, what comes later |

mod analyzer;
mod cue;
mod features;
mod lexicon;
mod model;
mod stack;
mod text;
mod unit;

pub use analyzer::{Agent, Analysis, Analyzer, Component, Evidence};
pub use features::NAMES;
pub use lexicon::COMPONENTS;
pub use model::Model;
pub use stack::Stack;
