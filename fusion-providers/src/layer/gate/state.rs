//! What the store keeps of a gate, and what is learned from responses.

use fusion_core::model::chat::{Allowance, Fault, FaultKind, Quota};
use serde::{Deserialize, Serialize};

use super::meter;

const US_PER_MS: i64 = 1_000;
/// How long an account rests after a rate limit that names no pause, in milliseconds.
const REST_MS: u64 = 5_000;
/// How far ahead moments are promised, in microseconds: who comes after that asks again.
const PROMISES_US: i64 = 3_600_000_000;
/// The longest rest that is believed, in milliseconds: a day.
const REST_MS_MAX: u64 = 24 * 3_600_000;

/// A gate as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// The meter of requests, in microseconds since 1970.
    pub(super) requests_us: i64,
    /// The meter of tokens.
    pub(super) tokens_us: i64,
    /// Until when nobody may start, in milliseconds since 1970.
    pub(super) rest_until: i64,
    /// Until when moments were promised to those who were turned away, in microseconds since 1970.
    pub(super) promised_us: i64,
    /// How many requests a minute the service says there are.
    pub(super) requests: Option<u64>,
    /// How many tokens a minute the service says there are.
    pub(super) tokens: Option<u64>,
}

/// What is allowed, by whoever made the gate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    pub(super) requests: Option<u64>,
    pub(super) tokens: Option<u64>,
    pub(super) burst_us: i64,
}

impl State {
    /// Lets one more in, and gives when it may start, in microseconds since 1970.
    pub(super) fn enter(&mut self, now_ms: i64, tokens: u64, rates: Rates) -> i64 {
        let now = now_ms.saturating_mul(US_PER_MS);
        let mut first = now.max(self.rest_until.saturating_mul(US_PER_MS));
        let lanes = [
            (&mut self.requests_us, 1, least(rates.requests, self.requests)),
            (&mut self.tokens_us, tokens, least(rates.tokens, self.tokens)),
        ];
        // The later of both decides, and both count from there.
        for (at, cost, rate) in &lanes {
            if let Some(rate) = rate {
                first = first.max(meter::start(**at, now, *cost, (*rate, rates.burst_us)).0);
            }
        }
        for (at, cost, rate) in lanes {
            if let Some(rate) = rate {
                *at = meter::start(*at, first, cost, (rate, rates.burst_us)).1;
            }
        }
        first
    }

    /// Promises one who is turned away a moment of its own, in microseconds since 1970: not all come back for the same one.
    /// `first` is when it could start, were nobody else turned away.
    pub(super) fn promise(&mut self, first: i64, tokens: u64, rates: Rates) -> i64 {
        let lanes =
            [(1, least(rates.requests, self.requests)), (tokens, least(rates.tokens, self.tokens))];
        let spans = lanes.into_iter().filter_map(|(cost, rate)| Some(meter::span(cost, rate?)));
        let moment = self.promised_us.clamp(first, first.saturating_add(PROMISES_US));
        self.promised_us = moment.saturating_add(spans.max().unwrap_or(0));
        moment
    }

    /// Puts the meter of tokens right, when it is known how many it were.
    pub(super) fn correct(&mut self, guessed: u64, actual: u64, rates: Rates) {
        if let Some(rate) = least(rates.tokens, self.tokens) {
            let (more, less) = (meter::span(actual, rate), meter::span(guessed, rate));
            self.tokens_us = self.tokens_us.saturating_add(more).saturating_sub(less);
        }
    }

    /// Takes in that the service refused.
    pub(super) fn refused(&mut self, now_ms: i64, fault: &Fault) {
        if fault.kind() == FaultKind::RateLimit {
            let pause = fault.pause_ms().unwrap_or(REST_MS).min(REST_MS_MAX);
            self.rest(now_ms, pause);
        }
    }

    /// Takes in what a response said of the limits: rates that are lower than ours, and what is left.
    pub(super) fn learn(&mut self, now_ms: i64, quota: &Quota, rates: Rates) {
        let lanes = [
            (quota.requests, rates.requests, &mut self.requests, &mut self.requests_us),
            (quota.tokens, rates.tokens, &mut self.tokens, &mut self.tokens_us),
        ];
        let mut rest = 0;
        for (said, ours, learned, at) in lanes {
            let Some(Allowance { limit, remaining, reset_ms }) = said else { continue };
            if let Some(limit) = limit.filter(|limit| *limit > 0) {
                *learned = Some(limit);
                let used = limit.saturating_sub(remaining.unwrap_or(limit));
                let rate = least(ours, Some(limit)).unwrap_or(limit);
                // Others use the account too: what they took has to flow in again, but for the burst.
                let theirs =
                    now_ms.saturating_mul(US_PER_MS).saturating_add(meter::span(used, rate));
                let whole = meter::span(limit, rate).saturating_sub(rates.burst_us);
                *at = (*at).max(theirs.saturating_sub(whole));
            }
            if remaining == Some(0) {
                rest = rest.max(reset_ms.unwrap_or(0));
            }
        }
        if rest > 0 {
            self.rest(now_ms, rest.min(REST_MS_MAX));
        }
    }

    fn rest(&mut self, now_ms: i64, pause_ms: u64) {
        let pause = i64::try_from(pause_ms).unwrap_or(i64::MAX);
        self.rest_until = self.rest_until.max(now_ms.saturating_add(pause));
    }
}

fn least(ours: Option<u64>, theirs: Option<u64>) -> Option<u64> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
        (ours, theirs) => ours.or(theirs),
    }
}
