//! What is asked for when an agent is spawned.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::OwnWorkspace;
use crate::coordination::Card;
use crate::error::{Code, Error, Result};
use crate::model::{Backoff, limits};

/// The longest id of an agent, in bytes: room is left for the number of an instance.
const NAME_BYTES: usize = limits::NAME_BYTES - 12;

/// What is asked for when an agent is spawned.
///
/// ```
/// use fusion_core::coordination::AgentSpec;
///
/// let spec: AgentSpec = serde_json::from_str(r#"{"name": "claude", "instances": 2, "focus": ["payment security"]}"#)?;
/// assert_eq!(spec.ids(), ["claude-1", "claude-2"]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentSpec {
    /// What it is called: 1 to 116 characters of `A-Za-z0-9._:@-`. Several instances get a number each.
    pub name: String,
    /// Who does its work, as `agent:` says it in a workflow file: the name of a registered agent, or a description; the
    /// name itself, without `@`, when absent.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub agent: Value,
    /// What it is good at; when absent, what the known card of its name says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Card>,
    /// How many of it there are.
    pub instances: u32,
    /// How many tasks one of them works at together.
    pub slots: u32,
    /// The project that it belongs to; one of no project takes the tasks of all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// What it shall care about most: words that speak for it when tasks are given out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub focus: Vec<String>,
    /// How often, and after which pauses, it is started again after it crashed or did not answer. Faults older than the
    /// longest pause times the attempts are forgotten.
    pub restart: Backoff,
    /// How long it may give no sign of life while it works, in milliseconds; 0 for ever. Then its task is taken from it.
    pub unresponsive_ms: u64,
    /// How many tasks it may begin in a minute; 0 for as many as come.
    #[serde(skip_serializing_if = "is_default")]
    pub tasks_per_minute: u32,
    /// A folder of its own; none when absent. It is made when the agent is spawned, its tasks are done in it, and it is removed when the
    /// agent is terminated and its last task has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<OwnWorkspace>,
}

impl Default for AgentSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            agent: Value::Null,
            card: None,
            instances: 1,
            slots: 1,
            project: String::new(),
            focus: Vec::new(),
            restart: Backoff {
                attempts: 5,
                initial_ms: 1_000,
                factor: 3.0,
                max_ms: 60_000,
                ..Backoff::ONCE
            },
            unresponsive_ms: 600_000,
            tasks_per_minute: 0,
            workspace: None,
        }
    }
}

impl AgentSpec {
    /// Asks for one agent of a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Gives the ids of its instances.
    pub fn ids(&self) -> Vec<String> {
        if self.instances == 1 {
            return vec![self.name.clone()];
        }
        (1..=self.instances).map(|n| format!("{}-{n}", self.name)).collect()
    }

    /// Gives who does the work, as `agent:` says it.
    pub fn worker(&self) -> Value {
        if self.agent.is_null() {
            return Value::from(self.name.trim_start_matches('@'));
        }
        self.agent.clone()
    }

    /// Tests what can be wrong with it.
    ///
    /// # Errors
    /// `FU0102` for a name, `FU0101` for numbers that make no sense.
    pub(super) fn check(&self) -> Result<()> {
        check_name("an agent", &self.name, NAME_BYTES)?;
        let wrong = |text: &str| Err(Error::new(Code::InvalidInput, text));
        if self.instances == 0 || self.slots == 0 {
            return wrong("an agent has at least one instance and one slot");
        }
        match &self.agent {
            Value::Null | Value::Object(_) => Ok(()),
            Value::String(name) if !name.trim().is_empty() => Ok(()),
            _ => wrong("`agent` is the name of an agent, or a map that describes one"),
        }
    }
}

/// Tests the name of a thing.
pub(in crate::coordination) fn check_name(what: &str, name: &str, most: usize) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._:@-".contains(c);
    if (1..=most).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    let text = format!("{name:?} is no name of {what}");
    Err(Error::new(Code::InvalidId, text)
        .hint(format!("use 1 to {most} characters of A-Z a-z 0-9 . _ : @ -")))
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
