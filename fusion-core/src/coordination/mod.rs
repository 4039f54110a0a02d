//! Many agents: who there is, who should do a task, and who does it.
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
//! | `runs` | what is asked of whoever carries out runs |

mod card;
#[cfg(feature = "engine")]
pub(crate) mod delegate;
#[cfg(feature = "engine")]
mod kept;
#[cfg(feature = "engine")]
mod life;
mod route;
#[cfg(feature = "engine")]
pub(crate) mod runs;
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
pub use life::{AgentSpec, AgentState, Agents, Instance, Tally, Usage};
pub use route::{Aim, Ranked, Routed, Router};
#[cfg(feature = "engine")]
pub use task::{PRIORITIES, Resources, RetryPolicy, TaskRow, TaskSpec, TaskState, Tasks};
