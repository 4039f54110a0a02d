//! Measures the reading of specifications against texts that people have labelled.

pub mod components;
pub mod labels;
pub mod plans;
