//! Many agents: who there is, who should do a task, who does it, and how they speak with one another.
//!
//! | part | what it is |
//! |---|---|
//! | [`Card`] | what an agent is good at, how hard tasks may be, how quick and how dear it is |
//! | [`Router`] | which agent a task's text goes to, and why |
//! | `cards.json` | the five agents that are known without any card of one's own |
//! | `words.json` | the words of tasks, by capability |
//! | `text` | from a task's text to weighted terms |
//! | [`Agents`] | the life of agents: spawned, working, paused, gone |
//! | [`Tasks`] | what is to be done by some agent |
//! | [`Delegation`] | gives out tasks and works at them |
//! | [`swarm`] | teams from files |
//! | `kept` | things that are a document with a stream of what happened beside it |
//! | `prune` | forgetting tasks and agents that are over |
//! | `runs` | what is asked of whoever carries out runs |
//! | [`service`] | who offers what, which of them a request goes to, several as one |
//! | [`memory`] | what agents know beyond one task |
//! | [`Message`], `message` | messages between agents: mailboxes, topics, requests, history |

mod card;
#[cfg(feature = "engine")]
pub(crate) mod delegate;
#[cfg(feature = "engine")]
mod kept;
#[cfg(feature = "engine")]
mod life;
pub mod memory;
mod message;
#[cfg(feature = "engine")]
mod prune;
mod route;
#[cfg(feature = "engine")]
pub(crate) mod runs;
pub mod service;
#[cfg(feature = "engine")]
pub mod swarm;
#[cfg(feature = "engine")]
mod task;
mod text;
mod words;

#[cfg(test)]
mod tests;

pub use card::{Card, Complexity, Cost, Speed};
#[cfg(feature = "engine")]
pub use delegate::{Delegating, Delegation, Moved, Proposal};
#[cfg(feature = "engine")]
pub use kept::Past;
#[cfg(feature = "engine")]
pub use life::{AgentSpec, AgentState, Agents, Instance, OwnWorkspace, Tally, Usage};
pub use message::schema as message_schema;
pub use message::{Attachment, MailboxOptions, Message, Recipient, Sent, Topic};
#[cfg(feature = "engine")]
pub use message::{Delivery, Follow, History, Line, Mailbox, Post, Said};
pub use route::{Aim, Ranked, Routed, Router};
#[cfg(feature = "engine")]
pub use task::{PRIORITIES, Resources, RetryPolicy, TaskRow, TaskSpec, TaskState, Tasks};
