//! What observers see: every change of state, in the words of the surfaces.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RunId;

/// How much an event matters to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For whoever looks closely.
    Debug,
    /// The ordinary course.
    Info,
    /// Something did not work and is dealt with.
    Warning,
    /// Something failed for good.
    Error,
    /// The engine itself is in trouble.
    Critical,
}

/// One change of state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The record's place in the run's journal; several events may share it.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// `noun.verb` in the past tense, such as `node.succeeded`.
    pub name: std::borrow::Cow<'static, str>,
    /// How much it matters.
    pub severity: Severity,
    /// The run.
    pub run: RunId,
    /// The node, if it is about one: `fetch` or `fetch[3]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The attempt, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u16>,
    /// The rest, by name.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
}
