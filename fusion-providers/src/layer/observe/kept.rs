//! Spans that are kept until somebody asks for them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

/// How many are kept; of more, the oldest go.
const MOST: usize = 1_000;

/// The span of a call that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpanRow {
    /// What was done, and with which model: `chat small`.
    pub name: String,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Its fields, by the names of the [convention](super::names).
    pub fields: BTreeMap<String, Value>,
}

/// The spans of the last calls; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<VecDeque<SpanRow>>>);

impl Kept {
    pub(super) fn put(&self, span: SpanRow) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(span);
        if all.len() > MOST {
            all.pop_front();
        }
    }

    pub(super) fn take(&self) -> Vec<SpanRow> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}
