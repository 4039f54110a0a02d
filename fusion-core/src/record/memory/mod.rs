//! The store that dies with the process: typed, no codec, one mutex. For tests and for runs that need not survive.

mod blobs;
mod journal;
mod queue;
mod records;
mod state;
mod store;
mod undo;

pub use store::Memory;
