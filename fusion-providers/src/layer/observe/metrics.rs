//! Counts of calls, by provider, operation and model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fusion_core::model::chat::{FaultKind, Usage, Usd};
use serde::Serialize;

/// The most rows; the calls of further models are counted under `other`.
const ROWS: usize = 1_000;
/// What further models are counted under.
const OTHER: &str = "other";

/// The upper bounds of the classes of durations, in milliseconds, as the convention advises; one more class has no bound.
pub const BOUNDS_MS: [u64; 14] =
    [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 10_240, 20_480, 40_960, 81_920];

/// The counts of one provider, operation and model.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Row {
    /// Who answered.
    pub provider: String,
    /// `chat` or `embeddings`.
    pub operation: String,
    /// The model that was asked for.
    pub model: String,
    /// Calls that ended, faults included; those that were dropped are not among them.
    pub calls: u64,
    /// Faults by class.
    pub faults: BTreeMap<FaultKind, u64>,
    /// Answers that were kept from earlier calls.
    pub cached: u64,
    /// Tokens.
    pub usage: Usage,
    /// What providers said that it cost.
    pub cost: Usd,
    /// All durations together, in milliseconds.
    pub duration_ms: u64,
    /// Calls by duration: not longer than each of [`BOUNDS_MS`] and longer than the one before; the last has no bound.
    pub durations: [u64; BOUNDS_MS.len() + 1],
}

/// What one call adds.
pub(super) struct Ended<'a> {
    pub(super) provider: &'a str,
    pub(super) operation: &'a str,
    pub(super) model: &'a str,
    pub(super) duration_ms: u64,
    pub(super) fault: Option<FaultKind>,
    pub(super) cached: bool,
    pub(super) usage: Usage,
    pub(super) cost: Option<Usd>,
}

/// Counts of calls; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<[String; 3], Row>>>);

impl Metrics {
    /// Gives the counts so far, ordered by provider, operation and model.
    pub fn rows(&self) -> Vec<Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) fn add(&self, ended: &Ended<'_>) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = [ended.provider, ended.operation, ended.model].map(str::to_owned);
        if rows.len() >= ROWS && !rows.contains_key(&key) {
            OTHER.clone_into(&mut key[2]);
        }
        let row = rows.entry(key).or_insert_with_key(|[provider, operation, model]| Row {
            provider: provider.clone(),
            operation: operation.clone(),
            model: model.clone(),
            ..Row::default()
        });
        row.calls = row.calls.saturating_add(1);
        if let Some(kind) = ended.fault {
            *row.faults.entry(kind).or_default() += 1;
        }
        row.cached = row.cached.saturating_add(u64::from(ended.cached));
        // What was kept was read and paid for once, by the call that it was kept from.
        if !ended.cached {
            row.usage = row.usage.plus(ended.usage);
            row.cost = row.cost.plus(ended.cost.unwrap_or_default());
        }
        row.duration_ms = row.duration_ms.saturating_add(ended.duration_ms);
        let class = BOUNDS_MS.iter().take_while(|bound| **bound < ended.duration_ms).count();
        if let Some(count) = row.durations.get_mut(class) {
            *count = count.saturating_add(1);
        }
    }
}
