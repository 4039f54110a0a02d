//! What a store promises.

mod blobs;
mod bus;
mod journal;
mod lease;
mod queue;
mod records;
mod suite;
mod whole;
mod words;

pub use suite::{Make, run};
