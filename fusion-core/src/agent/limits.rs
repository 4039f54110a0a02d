//! How much an agent may do for one ask.

use crate::model::chat::Usd;

/// How much an agent may do for one ask, over crashes and hand-offs. When one is reached, the reply says so and holds what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How often models are asked for a turn; 32 by default.
    pub turns: u32,
    /// What may be spent: no turn is asked for once it is reached, or (with a failure of class `limit`) after an answer of which nobody
    /// says what it did cost, by its provider or [`LlmAgent::price`](super::LlmAgent::price). No limit by default; a hard one is the
    /// budget layer's.
    pub cost: Usd,
    /// How long it may take by the wall clock, its tools included, in milliseconds; an hour by default.
    pub total_ms: u64,
    /// How many calls of tools may be under way at once; 8 by default.
    pub tools_at_once: usize,
    /// How long a call of a tool may take, in milliseconds; 5 minutes by default.
    pub tool_ms: u64,
    /// What a model gets to see of a tool's result, in bytes; 64 KiB by default.
    pub result_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            turns: 32,
            cost: Usd::MAX,
            total_ms: 3_600_000,
            tools_at_once: 8,
            tool_ms: 300_000,
            result_bytes: 64 * 1024,
        }
    }
}
