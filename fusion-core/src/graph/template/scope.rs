//! What a template may see.

use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::Value as Inner;
use minijinja::value::Serde;
use serde_json::Value;

use super::brief::Brief;
use crate::model::{Payload, PayloadKind, limits};

/// The values that a template may name.
///
/// Only what a template really names is asked for, and an output is parsed only then.
///
/// ```
/// use fusion_core::graph::template::{Data, Found, Scope, Templates};
/// use fusion_core::model::Payload;
/// use serde_json::json;
///
/// struct Run;
/// impl Scope for Run {
///     fn node(&self, name: &str) -> Found {
///         if name != "log" {
///             return Found::Unknown;
///         }
///         Found::Output(Payload::value(&json!({"lines": ["a", "b"]})).into())
///     }
///     fn inputs(&self) -> Data {
///         json!({"limit": 2}).into()
///     }
/// }
///
/// let templates = Templates::new();
/// let value = templates.render(&json!("{{ nodes.log.lines }}"), &Run).unwrap();
/// assert_eq!(value, json!(["a", "b"]));
/// assert!(templates.condition("inputs.limit > 1", &Run).unwrap());
/// ```
pub trait Scope {
    /// Finds what a node has produced.
    fn node(&self, name: &str) -> Found;

    /// Gives the inputs of the run: a map by name.
    fn inputs(&self) -> Data;

    /// Gives the value of a secret; `None` when it is not set. The implementor remembers what it gave away
    /// ([`Secrets`](super::Secrets) does), so that it can be redacted.
    fn secret(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// Gives what stops an evaluation that takes more than a moment; without it, it may take all that the limits allow.
    fn brief(&self) -> Option<&Brief> {
        None
    }

    /// Gives the further words: `item`, `index`, `round`, `previous`, `output`.
    fn extra(&self) -> &[(&'static str, Data)] {
        &[]
    }
}

/// What a node has produced, as a template sees it.
#[derive(Debug, Clone)]
pub enum Found {
    /// There is no such node, or it has no output yet.
    Unknown,
    /// The node was skipped: `null`, and so is everything inside it.
    Skipped,
    /// Its output.
    Output(Data),
}

/// A value for templates: parsed at the first use, cheap to clone.
#[derive(Clone)]
pub struct Data(Arc<Cell>);

struct Cell {
    source: Source,
    parsed: OnceLock<Result<Inner, String>>,
}

enum Source {
    Payload(Payload),
    Json(Value),
}

impl Data {
    /// Gives the value in MiniJinja's form; parses it at the first call.
    pub(super) fn inner(&self) -> Result<Inner, String> {
        self.0.parsed.get_or_init(|| self.0.source.parse()).clone()
    }

    /// Does so unless that takes more than a moment where it may take no more.
    pub(super) fn inner_in(&self, brief: Option<&Brief>) -> Result<Inner, String> {
        match brief {
            Some(brief) if self.0.parsed.get().is_none() && self.0.source.is_large() => {
                brief.cut();
                Err("is too large to be parsed here".to_owned())
            }
            _ => self.inner(),
        }
    }
}

impl From<Payload> for Data {
    fn from(payload: Payload) -> Self {
        Self(Arc::new(Cell { source: Source::Payload(payload), parsed: OnceLock::new() }))
    }
}

impl From<Value> for Data {
    fn from(value: Value) -> Self {
        Self(Arc::new(Cell { source: Source::Json(value), parsed: OnceLock::new() }))
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.source {
            Source::Payload(payload) => payload.fmt(f),
            Source::Json(value) => value.fmt(f),
        }
    }
}

impl Source {
    /// Tells whether parsing takes more than a moment, as far as one can see without doing it.
    fn is_large(&self) -> bool {
        let len = match self {
            Self::Payload(payload) => payload.len(),
            Self::Json(Value::String(text)) => text.len() as u64,
            Self::Json(Value::Array(items)) => items.len() as u64 * 16,
            Self::Json(_) => 0,
        };
        len > limits::TEMPLATE_BRIEF_BYTES
    }

    fn parse(&self) -> Result<Inner, String> {
        match self {
            Self::Json(value) => Ok(Inner::from(Serde(value))),
            Self::Payload(Payload::Inline(PayloadKind::Json, bytes)) => {
                serde_json::from_slice(bytes).map_err(|error| format!("is not JSON: {error}"))
            }
            Self::Payload(Payload::Inline(PayloadKind::Bytes, bytes)) => {
                let text = std::str::from_utf8(bytes);
                text.map(Inner::from).map_err(|_| "is bytes, not text or JSON".to_owned())
            }
            Self::Payload(Payload::Blob(..)) => Err("was not loaded from its blob".to_owned()),
        }
    }
}
