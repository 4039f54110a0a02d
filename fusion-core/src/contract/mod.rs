//! The traits that vary, a file each. All are object-safe.
//!
//! | trait | answers |
//! |---|---|
//! | [`Store`] | the one door for writing, [`Store::commit`]; is all of the four below |
//! | [`Journal`] | what happened? |
//! | [`Queue`] | what is to be done, by whom, until when? |
//! | [`Records`] | what are things now? |
//! | [`Blobs`] | where are the big things? |
//! | [`Bus`] | who wants to know at once? A hint, never the truth |
//! | [`Env`] | the world: clock, randomness, tasks, programs |
//! | [`Step`] | the code that a node executes |
//! | [`Workflow`] | a graph made from an input |
//! | [`Agent`] | who does a task by its own judgement, at a [`Desk`] |
//! | [`Provider`] | who answers for a language model; a [`Call`] says for whom and until when |

mod agent;
mod bus;
mod call;
#[cfg(feature = "engine")]
mod closure;
mod env;
mod future;
mod part;
mod provider;
mod shared;
mod step;
mod store;
mod workflow;

pub use agent::{Agent, Desk};
pub use bus::{Bus, Subscription};
pub use call::{Call, Labels, Timeouts};
#[cfg(feature = "engine")]
pub(crate) use closure::Closure;
pub use env::{Env, Exec, Exit, Guarded, Heard, Job, Peers, Stop, Stopped, Task};
pub use future::BoxFuture;
pub use provider::{Chunks, Provider, chunks_of, gather};
pub use step::{About, Attempt, Context, Output, Step};
pub use store::{Blobs, Durability, Journal, Queue, Records, Status, Store};
pub use workflow::Workflow;
