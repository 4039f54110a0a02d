//! What is shown.

use fusion_core::coordination::AgentState;
use fusion_core::model::RunStatus;
use fusion_ops::mode::{Level, Mode};
use serde::Serialize;

/// Everything of a project, as it is at a moment.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Overview {
    /// The project's folder.
    pub project: String,
    /// Its mode, and how much is checked in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<(Mode, Level)>,
    /// The URL of its store.
    pub store: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Its specifications.
    pub specs: Vec<SpecLine>,
    /// Its agents that are not gone.
    pub agents: Vec<AgentLine>,
    /// How many tasks stand where, for those states that have some.
    pub tasks: Vec<(&'static str, usize)>,
    /// How many runs have which status, for those that have some.
    pub runs: Vec<(&'static str, Counted)>,
    /// Runs that have not ended, the newest first.
    pub active: Vec<RunLine>,
    /// What a person may want to do, with the command for it.
    pub next: Vec<Advice>,
}

/// A number that may be larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Counted {
    /// How many were counted.
    pub count: usize,
    /// There are more.
    pub more: bool,
}

/// A specification and how many of its tasks are ticked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SpecLine {
    /// The name of its folder.
    pub name: String,
    /// How many tasks are done.
    pub done: usize,
    /// How many there are, but for those that were cancelled.
    pub total: usize,
}

/// An agent and what it has to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct AgentLine {
    /// What it is called.
    pub id: String,
    /// Where it is in its life.
    pub state: AgentState,
    /// How many tasks it did.
    pub done: u64,
    /// How many it did, works at, and has waiting.
    pub total: u64,
    /// How many attempts failed.
    pub failed: u64,
    /// The tasks that it works at.
    pub tasks: Vec<String>,
    /// What its tasks cost in US dollars, as far as prices are known.
    pub cost: String,
}

/// A run and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct RunLine {
    /// Its id.
    pub id: String,
    /// The workflow's name.
    pub workflow: String,
    /// Its status.
    pub status: RunStatus,
    /// How many nodes have ended.
    pub done: usize,
    /// How many there are.
    pub total: usize,
    /// When it began, in milliseconds since 1970.
    pub started: i64,
}

/// Something that a person may want to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Advice {
    /// What is the matter.
    pub text: String,
    /// The command that helps.
    pub command: String,
}
