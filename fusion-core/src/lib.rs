//! Fusion.

pub mod graph;
