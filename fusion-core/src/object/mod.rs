//! Durable objects: a state by kind and id, that outlives every process and handles one message at a time.
//!
//! | part | what it is |
//! |---|---|
//! | [`Object`], [`Turn`], [`Reaction`] | the code of a kind: object-safe, over JSON values, for every language |
//! | `names` | streams, queues and keys |
//! | `fold` | pure: the state is the fold of events; snapshots, versions, timers |
//! | `inbox` | what is said to an object from elsewhere, and the answers |
//! | `seat` | how an activation gets the lease of its object, and gives it back |
//! | `activation` | one object at work: takes messages, handles, writes, hibernates |
//! | `load`, `turns` | from journal and snapshot to a state; from messages to a batch |
//! | `keeper` | the objects that are at work in this process |
//! | [`Objects`], [`ObjectRef`] | what a program uses |
//!
//! An object is a stream and a queue entry, as a run is: whoever holds the entry's lease may write, under its epoch.

mod activation;
mod ask;
mod fold;
#[cfg(doctest)]
mod guide;
mod inbox;
mod keeper;
mod kind;
mod load;
mod names;
mod objects;
mod seat;
mod turns;

pub use fold::Looked;
pub use kind::{Object, Reaction, Turn, merge};
pub use objects::{ObjectRef, Objects, Past};
