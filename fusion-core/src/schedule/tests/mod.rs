//! The scheduler alone: inputs in, commands out; every test also folds each record into a second state and compares.

mod bed;
mod control;
pub(super) mod coverage;
mod doubt;
mod durable;
mod failures;
mod loops;
mod maps;
mod noise;
mod oracle;
mod order;
mod plan;
mod properties;
mod rests;
mod retries;
mod undo;
mod waits;
mod words;
mod world;
