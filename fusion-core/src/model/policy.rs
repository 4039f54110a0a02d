//! What the author of a node asks for: retries, limits, caching. All pure data with units in the names.

use serde::{Deserialize, Serialize};

use super::{Class, Digest, Failure, limits};

/// The pauses between attempts: `initial * factor^(n-1)`, at most `max`, spread by `jitter`.
///
/// ```
/// use fusion_core::model::{Backoff, Digest};
/// let retry = Backoff { attempts: 4, initial_ms: 5_000, factor: 3.0, max_ms: 30_000, ..Backoff::default() };
/// let pauses: Vec<u64> = (1..4).map(|n| retry.pause_ms(n, Digest::of(b""))).collect();
/// assert_eq!(pauses, [5_000, 15_000, 30_000]);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backoff {
    /// How many attempts there are at the most, the first one counted; 1 means no retry.
    pub attempts: u32,
    /// The pause after the first failure, in milliseconds.
    pub initial_ms: u64,
    /// What each pause is multiplied by to get the next one.
    pub factor: f64,
    /// The longest pause, in milliseconds.
    pub max_ms: u64,
    /// The share of each pause that is drawn at random, 0 (none) to 1 (all of it).
    pub jitter: f64,
    /// The only classes that are tried again; empty means all that are not permanent.
    pub on: Vec<Class>,
    /// Classes that are never tried again.
    pub not_on: Vec<Class>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::ONCE
    }
}

impl Backoff {
    /// One attempt; the pauses that hold when more are asked for.
    pub const ONCE: Self = Self {
        attempts: 1,
        initial_ms: 1_000,
        factor: 2.0,
        max_ms: 60_000,
        jitter: 0.0,
        on: Vec::new(),
        not_on: Vec::new(),
    };

    /// Tells whether a failure may be tried again, attempts permitting.
    pub fn covers(&self, failure: &Failure) -> bool {
        if self.not_on.contains(&failure.class) {
            return false;
        }
        if !self.on.is_empty() {
            return self.on.contains(&failure.class);
        }
        failure.retryable.unwrap_or_else(|| !failure.class.is_permanent())
    }

    /// Gives the pause after failed attempt number `failed` (from 1), in milliseconds.
    ///
    /// `salt` stands for the attempt's identity: the random share is drawn from it, so deciding stays pure.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0 ..= TIMER_MS"
    )]
    pub fn pause_ms(&self, failed: u32, salt: Digest) -> u64 {
        let exponent = i32::try_from(failed.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = self.initial_ms as f64 * self.factor.max(0.0).powi(exponent);
        let cap = self.max_ms.min(limits::TIMER_MS) as f64;
        let pause = if grown.is_finite() { grown.clamp(0.0, cap) } else { cap };
        let share = (salt.seed() >> 11) as f64 / (1u64 << 53) as f64;
        (pause * (1.0 - self.jitter.clamp(0.0, 1.0) * share)) as u64
    }
}

/// How long one attempt may take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Timeout {
    /// Always so many milliseconds.
    Fixed(u64),
    /// The 95th percentile of the node's recent successful attempts times `factor`, within floor and ceiling.
    Learned {
        /// What the 95th percentile is multiplied by.
        factor: f64,
        /// The shortest limit, in milliseconds.
        floor_ms: u64,
        /// The longest limit, in milliseconds; also the one that holds before there is history.
        ceiling_ms: u64,
    },
}

/// Reuse of an earlier outcome of the same step with the same input.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cache {
    /// How long an outcome may be reused, in milliseconds; `None` for ever.
    pub ttl_ms: Option<u64>,
    /// A word of the author's that is part of the key: changing it forgets what is cached.
    pub version: String,
}

/// A named set of slots shared by all runs on a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// The name, a template.
    pub key: String,
    /// How many bodies with this name may run at once.
    pub limit: u32,
}

/// What happens to an at-most-once node that is in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// The node fails with class `in_doubt`.
    #[default]
    Fail,
    /// The run waits until someone resolves it.
    WaitHuman,
}

/// Everything that a node's author may ask of the scheduler.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Attempts and pauses.
    #[serde(skip_serializing_if = "is_default")]
    pub retry: Backoff,
    /// The limit of one attempt; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Timeout>,
    /// The longest silence between two heartbeats of a step, or two pieces of output of a command, in milliseconds; none by
    /// default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_ms: Option<u64>,
    /// Reuse of earlier outcomes; off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// Slots shared with other nodes and runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// Higher starts first among the ready nodes of a run, and its task first in a queue.
    #[serde(skip_serializing_if = "is_default")]
    pub priority: i32,
    /// Record the start before the body is entered, and never enter it again.
    #[serde(skip_serializing_if = "is_default")]
    pub at_most_once: bool,
    /// What happens when it is in doubt.
    #[serde(skip_serializing_if = "is_default")]
    pub on_unknown: OnUnknown,
}

impl Policy {
    /// The policy of a node that asks for nothing.
    pub const PLAIN: Self = Self {
        retry: Backoff::ONCE,
        timeout: None,
        heartbeat_ms: None,
        cache: None,
        concurrency: None,
        priority: 0,
        at_most_once: false,
        on_unknown: OnUnknown::Fail,
    };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
