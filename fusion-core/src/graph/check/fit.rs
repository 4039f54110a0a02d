//! What a node of each kind can be asked for: nothing that is written down is without effect.

use super::report::Report;
use super::site::At;
use crate::error::{Code, Error};
use crate::model::graph::{Action, Kind, More, Node, WaitSpec};
use crate::model::{Backoff, OnUnknown, Timeout};

/// Why a node cannot have something, and what to do instead.
type No = (&'static str, &'static str);

const WAITS: &str = "waits and cannot have";
const APART: &str = "let a node of its own do that, and need the wait";
const TIMED: &str = "a signal and an approval have a `timeout` of their own; a time needs none";
const SURE: &str = "waits for a time, which cannot fail, and cannot have";
const RUNS: &str = "runs a workflow and cannot have";
const INSIDE: &str = "put it on the nodes of that workflow";
const FIXED: &str = "give a fixed one, such as `timeout: 10m`";

/// Tells why nodes of a kind cannot have what a key of a workflow file asks for; `None` when they can.
pub(crate) fn unfit(kind: &Kind, key: &str) -> Option<No> {
    if let Kind::Wait(wait) = kind {
        let is_timed = matches!(**wait, WaitSpec::Duration(_) | WaitSpec::Until(_));
        return match key {
            "timeout" => Some((WAITS, TIMED)),
            "retry" | "fallback" if is_timed => Some((SURE, "take it away")),
            "heartbeat" | "cache" | "concurrency" | "at_most_once" | "on_unknown" | "validate"
            | "expand" | "with" | "map" | "repeat" => Some((WAITS, APART)),
            _ => None,
        };
    }
    match (kind.task().map(|task| &task.action), key) {
        (Some(Action::Workflow(_)), "heartbeat" | "cache" | "concurrency") => Some((RUNS, INSIDE)),
        (Some(Action::Workflow(_)), "expand") => Some((RUNS, "its outputs are the node's output")),
        _ => None,
    }
}

/// Tells whether nodes of a kind can have a limit that is learned: only what bodies take is written down.
pub(crate) fn learns(kind: &Kind, expand: bool) -> bool {
    !expand && !matches!(kind.task().map(|task| &task.action), Some(Action::Workflow(_)))
}

/// Reports what a node asks for and its kind cannot have.
pub(super) fn check(node: &Node, at: &At<'_>, report: &mut Report<'_>) {
    let Some(more) = &node.more else { return };
    for key in asked(more).chain(more.misplaced.iter().copied()) {
        let Some((why, hint)) = unfit(&node.kind, key) else { continue };
        let message = format!("{} {why} `{key}`", at.owner());
        report.add(&at.name(key), Error::new(Code::WrongType, message).hint(hint));
    }
    let other = match &node.kind {
        Kind::Map(_) => Some("repeat"),
        Kind::Repeat(_) => Some("map"),
        Kind::Run(_) | Kind::Wait(_) => None,
    };
    if other.is_some_and(|other| more.misplaced.contains(&other)) {
        let message = format!("{} has `map` and `repeat` at once", at.owner());
        let hint = "put the loop into a workflow of its own, and map over that";
        report.add(at, Error::new(Code::WrongType, message).hint(hint));
    }
    let is_learned = matches!(more.policy.timeout, Some(Timeout::Learned { .. }));
    if is_learned && !matches!(node.kind, Kind::Wait(_)) && !learns(&node.kind, more.expand) {
        let message = format!(
            "{} cannot have a learned `timeout`: it has a run of its own, whose time is not learned",
            at.owner()
        );
        report.add(&at.name("timeout"), Error::new(Code::WrongType, message).hint(FIXED));
    }
}

/// Gives the keys that say what a node is asked for.
fn asked(more: &More) -> impl Iterator<Item = &'static str> {
    let policy = &more.policy;
    let all = [
        ("retry", policy.retry != Backoff::ONCE),
        ("timeout", policy.timeout.is_some()),
        ("heartbeat", policy.heartbeat_ms.is_some()),
        ("cache", policy.cache.is_some()),
        ("concurrency", policy.concurrency.is_some()),
        ("at_most_once", policy.at_most_once),
        ("on_unknown", policy.on_unknown != OnUnknown::Fail),
        ("validate", !more.validate.is_empty()),
        ("fallback", more.fallback.is_some()),
        ("expand", more.expand),
    ];
    all.into_iter().filter(|(_, asked)| *asked).map(|(key, _)| key)
}
