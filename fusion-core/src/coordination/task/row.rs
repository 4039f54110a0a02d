//! One task as the store has it, and its moves: pure.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TaskSpec;
use crate::coordination::kept::{Happened, Kept};
use crate::error::{Code, Error, Result};
use crate::model::agent::Reply;
use crate::model::{Enqueue, Failure, RunId};

/// The queue of tasks that nobody has yet.
pub(in crate::coordination) const QUEUE: &str = "tasks";

/// The queue of tasks that are completed, and of which others have not been told yet.
pub(in crate::coordination) const DONE: &str = "done/tasks";

/// Names the queue of the tasks that wait for an agent.
pub(in crate::coordination) fn waiting(agent: &str) -> Arc<str> {
    format!("tasks/{agent}").into()
}

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It waits for an agent, for other tasks, or for its time.
    Queued,
    /// It waits for its turn with an agent.
    Assigned,
    /// An agent works at it.
    Running,
    /// It is done.
    Completed,
    /// It failed, and is tried again after a pause.
    Failed,
    /// Somebody did not want it any more.
    Cancelled,
    /// It failed for good; somebody may queue it anew.
    Dead,
}

impl TaskState {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Assigned,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Dead,
    ];

    /// Gives its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Assigned => "assigned",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Dead => "dead",
        }
    }

    /// Tells whether nothing happens to a task in this state by itself.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Dead)
    }

    /// Tells whether a task in this state may become one in the other: the only table of it.
    pub fn may_become(self, next: Self) -> bool {
        use TaskState::{Assigned, Cancelled, Completed, Dead, Failed, Queued, Running};
        match self {
            Queued => matches!(next, Assigned | Cancelled),
            // Moved to another agent, or given back.
            Assigned => matches!(next, Assigned | Running | Queued | Cancelled),
            Running => matches!(next, Completed | Failed | Queued | Cancelled | Dead),
            Failed => matches!(next, Assigned | Cancelled),
            Dead | Cancelled => matches!(next, Queued),
            Completed => false,
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One task as the store has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskRow {
    /// Its id.
    pub id: String,
    /// What was asked for.
    pub spec: TaskSpec,
    /// Where it stands.
    pub state: TaskState,
    /// When it was submitted, in milliseconds since 1970.
    pub submitted: i64,
    /// Since when it stands there, in milliseconds since 1970.
    pub since: i64,
    /// The agent that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Why that agent, or why none yet, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The run of the latest attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// How many attempts were begun since it was queued last.
    #[serde(default)]
    pub attempts: u32,
    /// How many attempts were begun in all: each has a run of its own.
    #[serde(default)]
    pub begun: u32,
    /// When it is tried again, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<i64>,
    /// How often agents failed at it since it was queued last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failed_by: BTreeMap<String, u32>,
    /// The tasks that it waits for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits_for: Vec<String>,
    /// Why the latest attempt failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    seq: u64,
}

impl Kept for TaskRow {
    const KIND: &'static str = "task";
    const WORD: &'static str = "task";

    fn id(&self) -> &str {
        &self.id
    }

    fn tag(&self) -> &str {
        self.state.word()
    }

    fn seq(&mut self) -> &mut u64 {
        &mut self.seq
    }
}

impl TaskRow {
    pub(super) fn new(id: String, spec: TaskSpec, now: i64) -> Self {
        Self {
            id,
            spec,
            state: TaskState::Queued,
            submitted: now,
            since: now,
            agent: None,
            reason: String::new(),
            run: None,
            attempts: 0,
            begun: 0,
            retry_at: None,
            failed_by: BTreeMap::new(),
            waits_for: Vec::new(),
            failure: None,
            reply: None,
            seq: 0,
        }
    }

    /// Tells whether an agent works at it.
    pub(in crate::coordination) fn is_worked_at_by(&self, agent: &str) -> bool {
        self.state == TaskState::Running && self.agent.as_deref() == Some(agent)
    }

    /// Moves to a state.
    ///
    /// # Errors
    /// `FU0105` when the table does not allow it.
    pub(in crate::coordination) fn become_(
        &mut self,
        next: TaskState,
        now: i64,
        data: Value,
    ) -> Result<Vec<Happened>> {
        if !self.state.may_become(next) {
            let text = format!("task `{}` is {}: it cannot become {next}", self.id, self.state);
            return Err(Error::new(Code::NotApplicable, text));
        }
        let name = match (self.state, next) {
            (TaskState::Dead | TaskState::Cancelled, TaskState::Queued) => "task.requeued",
            (_, TaskState::Queued) => "task.returned",
            (TaskState::Assigned, TaskState::Assigned) => "task.moved",
            (_, TaskState::Assigned) => "task.assigned",
            (_, TaskState::Running) => "task.started",
            (_, TaskState::Completed) => "task.completed",
            (_, TaskState::Failed) => "task.failed",
            (_, TaskState::Cancelled) => "task.cancelled",
            (_, TaskState::Dead) => "task.died",
        };
        (self.state, self.since) = (next, now);
        if next == TaskState::Queued {
            self.agent = None;
        }
        Ok(vec![(name, data)])
    }

    /// Names its entry in the queues.
    pub(in crate::coordination) fn key(&self) -> Arc<str> {
        entry_key(&self.id)
    }
}

/// Names the entry of a task in the queues.
pub(in crate::coordination) fn entry_key(task: &str) -> Arc<str> {
    format!("task/{task}").into()
}

/// Makes the entry of a task that somebody has to be found for, from a time on.
pub(in crate::coordination) fn again(row: &TaskRow, due: i64) -> Enqueue {
    Enqueue { queue: QUEUE.into(), dedup: Some(row.key()), due, ..Enqueue::default() }
}
