//! What is asked for when a task is submitted.

use serde::{Deserialize, Serialize};

use crate::coordination::Aim;
use crate::coordination::life::spec::check_name;
use crate::error::{Code, Error, Result};
use crate::model::{Backoff, limits};

/// The most levels of priority above and below 0.
pub const PRIORITIES: i32 = 1_000;

/// A task as somebody submits it.
///
/// ```
/// use fusion_core::coordination::TaskSpec;
///
/// let task: TaskSpec = serde_json::from_str(r#"{"title": "Write the guide", "kind": "documentation", "needs": ["t1"]}"#)?;
/// assert_eq!(task.retry_policy.backoff.attempts, 4);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaskSpec {
    /// The caller's own id, 1 to 100 characters of `A-Za-z0-9._:@-`: submitted twice, it is one task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is to be done, in a sentence: what agents are chosen by.
    pub title: String,
    /// All that the agent is told; the title when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prompt: String,
    /// What sort of task it is, such as `development`, `testing`, `documentation`: how well agents do is learned by it.
    pub kind: String,
    /// The agent that shall do it, by its id or its name without a number; any that can, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The tasks that must be completed first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// What the agent must be able to do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// The files that it is about: their names speak for agents too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What counts beside an agent that fits.
    #[serde(skip_serializing_if = "is_default")]
    pub optimize_for: Aim,
    /// Higher comes first, from -1,000 to 1,000. A level is worth a thousand tasks that came before, so none starves.
    #[serde(skip_serializing_if = "is_default")]
    pub priority: i32,
    /// Not begun before this time, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    /// The project that it belongs to. Projects get their turns one after the other, however much one of them submits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// Words of the caller's, to find it again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Tasks that have to do with it, without an order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related_tasks: Vec<String>,
    /// Files that must be among those that the agent made or changed, or the attempt counts as failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected_artifacts: Vec<String>,
    /// What it takes; a process begins it when so much is free.
    #[serde(skip_serializing_if = "is_default")]
    pub resource_requirements: Resources,
    /// What follows a failure.
    pub retry_policy: RetryPolicy,
    /// The longest that an attempt may take, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

impl Default for TaskSpec {
    fn default() -> Self {
        Self {
            id: None,
            title: String::new(),
            prompt: String::new(),
            kind: "task".to_owned(),
            agent: None,
            needs: Vec::new(),
            capabilities: Vec::new(),
            files: Vec::new(),
            optimize_for: Aim::Fit,
            priority: 0,
            not_before: None,
            project: String::new(),
            tags: Vec::new(),
            related_tasks: Vec::new(),
            expected_artifacts: Vec::new(),
            resource_requirements: Resources::default(),
            retry_policy: RetryPolicy::default(),
            timeout_ms: None,
        }
    }
}

impl TaskSpec {
    /// Asks for something in a sentence.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Tests what can be wrong with it alone.
    ///
    /// # Errors
    /// `FU0101` and `FU0102`.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |text: String| Err(Error::new(Code::InvalidInput, text));
        if let Some(id) = &self.id {
            check_name("a task", id, limits::RUN_ID_BYTES - 28)?;
        }
        if self.title.trim().is_empty() && self.prompt.trim().is_empty() {
            return wrong("the task says nothing: write a `title`".to_owned());
        }
        if self.priority.abs() > PRIORITIES {
            return wrong(format!(
                "the priority is {}: it goes from -{PRIORITIES} to {PRIORITIES}",
                self.priority
            ));
        }
        if !self.resource_requirements.cpu.is_finite() || self.resource_requirements.cpu < 0.0 {
            return wrong("`resource_requirements.cpu` is a number of cores from 0 on".to_owned());
        }
        if self.retry_policy.backoff.attempts == 0 {
            return wrong("`retry_policy.attempts` is at least 1: the first one counts".to_owned());
        }
        let own = self.id.as_ref().is_some_and(|id| self.needs.contains(id));
        if own { wrong("the task needs itself".to_owned()) } else { Ok(()) }
    }

    /// Gives the text that agents are chosen by.
    pub(in crate::coordination) fn text(&self) -> String {
        let title = if self.title.trim().is_empty() { &self.prompt } else { &self.title };
        format!("{title} {}", self.files.join(" "))
    }
}

/// What a task takes of the process that works at it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// Cores.
    #[serde(skip_serializing_if = "is_default")]
    pub cpu: f64,
    /// Memory, in mebibytes.
    #[serde(skip_serializing_if = "is_default")]
    pub memory_mb: u64,
}

/// What follows a failed attempt: after 5, 15 and 30 seconds it is tried again, by another agent when one failed twice; then
/// the task is dead, until somebody queues it anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetryPolicy {
    /// Attempts and pauses.
    #[serde(flatten)]
    pub backoff: Backoff,
    /// How often an agent may fail before another one is tried, if there is one.
    pub per_agent: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        let backoff = Backoff {
            attempts: 4,
            initial_ms: 5_000,
            factor: 3.0,
            max_ms: 30_000,
            ..Backoff::ONCE
        };
        Self { backoff, per_agent: 2 }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
