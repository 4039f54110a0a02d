//! What is traced of the records that became durable: each change of a run, for whoever turned tracing on.

use crate::graph::Program;
use crate::model::{Failure, Key, Record, Then, Wait};

/// Traces records: what happens to runs and nodes as information, what happens to items and within attempts for debugging.
pub(super) fn told(program: &Program, records: &[Record]) {
    for record in records {
        if !of_run(record) {
            of_node(program, record);
        }
    }
}

/// Traces a record about the run; `false` when it is about a node.
fn of_run(record: &Record) -> bool {
    match record {
        Record::RunStarted(start) => tracing::info!(version = start.version, "run started"),
        Record::SignalReceived(name, _) => tracing::info!(%name, "signal received"),
        Record::RunPaused(by) => tracing::info!(%by, "run paused"),
        Record::RunResumed(by) => tracing::info!(%by, "run resumed"),
        Record::CancelRequested(by, why) => tracing::info!(%by, %why, "cancel requested"),
        Record::RunRetried(_, by) => tracing::info!(%by, "run retried"),
        Record::RunFinished(status, _, failure) => {
            let why = failure.as_ref().map(|failure| failure.message.as_str());
            tracing::info!(%status, why, "run ended");
        }
        _ => return false,
    }
    true
}

fn of_node(program: &Program, record: &Record) {
    let name = |key: &Key| program.key_text(*key);
    match record {
        Record::NodeStarted(key, n) => {
            tracing::debug!(node = name(key), attempt = n, "attempt noted");
        }
        Record::NodeSucceeded(key, n, ms, output, cached) => {
            let (node, bytes) = (name(key), output.len());
            if key.index().is_some() {
                tracing::debug!(node, attempt = n, ms, bytes, cached, "item succeeded");
            } else {
                tracing::info!(node, attempt = n, ms, bytes, cached, "node succeeded");
            }
        }
        Record::NodeFailed(key, n, ms, failure, then) => {
            failed((name(key), *n, *ms), failure, *then);
        }
        Record::NodeSkipped(key) => tracing::info!(node = name(key), "node skipped"),
        Record::MapExpanded(node, items) => {
            tracing::info!(node = program.name(*node), items, "map expanded");
        }
        Record::MapSucceeded(node) => tracing::info!(node = program.name(*node), "node succeeded"),
        Record::RoundEnded(node, round, ..) => {
            tracing::info!(node = program.name(*node), round, "round ended");
        }
        Record::NodeWaiting(key, wait) | Record::NodeResting(key, _, wait) => {
            let what = match wait {
                Wait::Timer(_) => "a moment".to_owned(),
                Wait::Signal(name, _) => format!("the signal {name}"),
                Wait::Approval(..) => "an answer".to_owned(),
                Wait::Child(run) | Wait::ChildUntil(run, _) => format!("run {run}"),
            };
            tracing::info!(node = name(key), "for" = what, "node waits");
        }
        Record::MemoSaved(key, value, _) => tracing::debug!(node = name(key), value, "value saved"),
        Record::Answered(node, answer) => {
            let node = program.name(*node);
            tracing::info!(node, approved = answer.approved, by = answer.by, "answered");
        }
        Record::InDoubt(key) => tracing::warn!(node = name(key), "node in doubt"),
        Record::Resolved(key, _, by) => tracing::info!(node = name(key), %by, "doubt resolved"),
        _ => tracing::debug!("run changed"),
    }
}

fn failed((node, attempt, ms): (String, u16, u32), failure: &Failure, then: Then) {
    let (class, message) = (failure.class.to_string(), failure.message.as_str());
    match then {
        Then::End => tracing::warn!(node, attempt, ms, class, message, "node failed"),
        Then::Fallback => tracing::warn!(node, attempt, ms, class, message, "node falls back"),
        Then::Retry(at) => {
            tracing::warn!(node, attempt, ms, class, message, at, "node tries again");
        }
    }
}
