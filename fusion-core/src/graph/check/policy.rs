//! Retries and limits: numbers that mean something, and wishes that do not contradict each other.

use super::kind::timer;
use super::report::Report;
use super::site::At;
use crate::error::{Code, Error};
use crate::model::graph::Node;
use crate::model::{Backoff, Policy, Timeout, limits};

/// Reports what cannot work in the policy of a node.
pub(super) fn check(node: &Node, at: &At<'_>, report: &mut Report<'_>) {
    let Some(policy) = node.more.as_ref().map(|more| &more.policy) else { return };
    if *policy == Policy::PLAIN {
        return;
    }
    retry(&policy.retry, &at.name("retry"), report);
    if let Some(timeout) = &policy.timeout {
        limit(timeout, &at.name("timeout"), report);
    }
    if let Some(ms) = policy.heartbeat_ms {
        positive(ms, "heartbeat", &at.name("heartbeat"), report);
    }
    if let Some(ms) = policy.cache.as_ref().and_then(|cache| cache.ttl_ms) {
        timer(ms, "cache.ttl", &at.name("cache").name("ttl"), report);
    }
    if let Some(concurrency) = &policy.concurrency {
        let at = at.name("concurrency");
        if concurrency.limit == 0 {
            wrong(&at.name("limit"), "`concurrency.limit` must be at least 1".to_owned(), report);
        }
        if concurrency.key.trim().is_empty() {
            wrong(&at.name("key"), "`concurrency.key` is empty".to_owned(), report);
        }
    }
    if policy.at_most_once && policy.retry.attempts > 1 {
        let message = format!(
            "node `{}` is `at_most_once` and has {} attempts: a second attempt would run it again",
            node.id, policy.retry.attempts
        );
        let error = Error::new(Code::WrongType, message);
        let hint = "take `retry` away (or set `attempts: 1`), or make the body repeatable with its idempotency key";
        report.add(&at.name("at_most_once"), error.hint(hint));
    }
}

fn retry(retry: &Backoff, at: &At<'_>, report: &mut Report<'_>) {
    if !(1..=limits::ATTEMPTS).contains(&retry.attempts) {
        let message = format!(
            "`retry.attempts` must be from 1 to {}, found {}",
            limits::ATTEMPTS,
            retry.attempts
        );
        wrong(&at.name("attempts"), message, report);
    }
    timer(retry.initial_ms, "retry.initial", &at.name("initial"), report);
    timer(retry.max_ms, "retry.max", &at.name("max"), report);
    number(retry.factor, "retry.factor", 0.0..=1e6, &at.name("factor"), report);
    number(retry.jitter, "retry.jitter", 0.0..=1.0, &at.name("jitter"), report);
}

fn limit(timeout: &Timeout, at: &At<'_>, report: &mut Report<'_>) {
    match timeout {
        Timeout::Fixed(ms) => positive(*ms, "timeout", at, report),
        Timeout::Learned { factor, floor_ms, ceiling_ms } => {
            let at = at.name("learned");
            number(*factor, "timeout.learned.factor", 0.01..=1e6, &at.name("factor"), report);
            positive(*ceiling_ms, "timeout.learned.ceiling", &at.name("ceiling"), report);
            if floor_ms > ceiling_ms {
                let message = "`timeout.learned.floor` is longer than its `ceiling`".to_owned();
                wrong(&at.name("floor"), message, report);
            }
        }
    }
}

fn positive(ms: u64, name: &str, at: &At<'_>, report: &mut Report<'_>) {
    if ms == 0 {
        wrong(at, format!("`{name}` is nothing: nothing could ever be done in time"), report);
    }
    timer(ms, name, at, report);
}

fn number(
    value: f64,
    name: &str,
    range: std::ops::RangeInclusive<f64>,
    at: &At<'_>,
    report: &mut Report<'_>,
) {
    if !range.contains(&value) {
        let message =
            format!("`{name}` must be from {} to {}, found {value}", range.start(), range.end());
        wrong(at, message, report);
    }
}

fn wrong(at: &At<'_>, message: String, report: &mut Report<'_>) {
    report.add(at, Error::new(Code::WrongType, message));
}
