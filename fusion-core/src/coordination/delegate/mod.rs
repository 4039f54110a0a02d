//! Delegation: ready tasks go to the agent that suits them best, and are worked at.
//!
//! | file | what it knows |
//! |---|---|
//! | `choose`, `chance` | which agent gets a task, and what is learned from how it went: pure |
//! | `lane` | in which order an agent's tasks are begun: pure |
//! | `level` | how tasks move so that equal agents have equally much to do: pure |
//! | `desk` | what one process knows and has in work |
//! | `assign`, `hand`, `settle`, `moves` | gives out, works, says what follows, moves |
//! | `delegation` | the loop of one process |

mod assign;
mod chance;
mod choose;
mod delegation;
mod desk;
mod hand;
mod lane;
mod level;
mod moves;
mod settle;

#[cfg(test)]
mod tests;

pub use delegation::{Delegating, Delegation, Proposal};
pub(crate) use delegation::{assign_once, balance, propose};
pub use moves::Moved;
