//! The words that cross a stage: plain data, no behaviour that needs the world.
//!
//! | word | made by | read by |
//! |---|---|---|
//! | [`Graph`] | authors (builder or file) | `graph`, which checks and compiles it |
//! | [`RunId`], [`Key`] | the façade, the graph | everyone |
//! | [`Payload`] | bodies | templates, bodies, stores (as bytes) |
//! | [`Policy`] | the author of a graph | the scheduler |
//! | [`Input`] | the driver | the scheduler |
//! | [`Command`] | the scheduler | the driver |
//! | [`Record`] | the scheduler | the fold, `observe` |
//! | [`Message`] | the façade, child runs | the scheduler |
//! | [`Batch`] | the driver, the façade | stores |
//! | [`Event`] | `observe`, from records | people, clients |
//! | [`agent`] | graphs, agents | agents, graphs |
//! | [`chat`] | agents, bodies; providers | providers; agents, bodies |

pub mod agent;
pub(crate) mod batch;
pub mod chat;
mod command;
mod digest;
mod event;
mod failure;
pub mod graph;
mod id;
pub mod json;
mod key;
pub mod limits;
mod message;
mod payload;
mod policy;
mod record;
mod status;
mod wire;

pub use batch::{
    Append, Batch, Claim, Document, Enqueue, Entry, Head, Op, Page, Receipt, Release, RunRow,
    Session, Ticket,
};
pub use command::{Command, Decided, Input};
pub use digest::Digest;
pub use event::{Event, Severity};
pub use failure::{Class, Failure};
pub use graph::Graph;
pub use id::{RunId, SessionId};
pub use key::{Key, NodeIx};
pub use message::Message;
pub use payload::{Kind as PayloadKind, Payload};
pub use policy::{Backoff, Cache, Concurrency, OnUnknown, Policy, Timeout};
pub use record::{Answer, Origin, Record, Stamped, Start, Then, Verdict, Wait};
pub use status::{Node as NodeStatus, Run as RunStatus};
