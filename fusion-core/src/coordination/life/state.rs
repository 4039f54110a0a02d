//! The states of an agent's life, and which may follow which.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where an agent is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// It is being made.
    Spawning,
    /// It has nothing to do.
    Idle,
    /// It works at a task.
    Working,
    /// Somebody paused it: it gets no task, and those that it has stand still at their next memo.
    Paused,
    /// It did not answer, or crashed; it is started again, or waits for somebody who does it.
    Error,
    /// It is gone.
    Terminated,
}

impl AgentState {
    /// All states, in the order of a life.
    pub const ALL: [Self; 6] =
        [Self::Spawning, Self::Idle, Self::Working, Self::Paused, Self::Error, Self::Terminated];

    /// Gives its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Spawning => "spawning",
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Paused => "paused",
            Self::Error => "error",
            Self::Terminated => "terminated",
        }
    }

    /// Tells whether an agent in this state may become one in the other: the only table of it.
    ///
    /// ```
    /// use fusion_core::coordination::AgentState;
    ///
    /// assert!(AgentState::Idle.may_become(AgentState::Working));
    /// assert!(!AgentState::Terminated.may_become(AgentState::Idle));
    /// ```
    pub fn may_become(self, next: Self) -> bool {
        use AgentState::{Error, Idle, Paused, Spawning, Terminated, Working};
        match self {
            Spawning => matches!(next, Idle | Error | Terminated),
            Idle => matches!(next, Working | Paused | Error | Terminated),
            Working => matches!(next, Idle | Paused | Error | Terminated),
            // One that is paused goes on with what it did.
            Paused => matches!(next, Idle | Working | Error | Terminated),
            // One that is started again may have other tasks that went on.
            Error => matches!(next, Idle | Working | Paused | Terminated),
            Terminated => false,
        }
    }

    /// Tells whether tasks may be given to an agent in this state.
    pub fn takes_tasks(self) -> bool {
        matches!(self, Self::Idle | Self::Working)
    }
}

impl fmt::Display for AgentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
