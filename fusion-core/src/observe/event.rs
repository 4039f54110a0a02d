//! From records to events.

use serde_json::{Value, json};

use crate::graph::Program;
use crate::model::{Event, Failure, Key, Record, RunId, RunStatus, Severity, Stamped, Then, Wait};

/// Gives the events that a record stands for, in order.
pub fn events(run: &RunId, program: &Program, stamped: &Stamped, out: &mut impl FnMut(Event)) {
    let mut give =
        |name: &'static str, severity: Severity, key: Option<(Key, Option<u16>)>, data: Value| {
            out(Event {
                seq: stamped.seq,
                at: stamped.at,
                name: name.into(),
                severity,
                run: run.clone(),
                node: key.map(|(key, _)| program.key_text(key)),
                attempt: key.and_then(|(_, attempt)| attempt),
                data,
            });
        };
    let of = |key: &Key| Some((*key, None));
    let attempt = |key: &Key, attempt: u16| Some((*key, Some(attempt)));
    match &stamped.record {
        Record::RunStarted(start) => {
            give(
                "run.started",
                Severity::Info,
                None,
                json!({"workflow": start.workflow, "version": start.version}),
            );
        }
        Record::NodeStarted(key, n) => {
            give("node.started", Severity::Debug, attempt(key, *n), Value::Null)
        }
        Record::NodeSucceeded(key, n, ms, output, cached) => {
            let data = json!({"duration_ms": ms, "bytes": output.len(), "cached": cached});
            let name = if key.is_undo() { "node.compensated" } else { "node.succeeded" };
            give(name, Severity::Info, attempt(key, *n), data);
        }
        Record::NodeFailed(key, n, ms, failure, then) => {
            let data = failed(failure, *ms);
            match then {
                Then::End => give("node.failed", Severity::Error, attempt(key, *n), data),
                Then::Retry(at) => {
                    let mut data = data;
                    if let Some(fields) = data.as_object_mut() {
                        fields.insert("next_at".to_owned(), (*at).into());
                    }
                    give("node.retried", Severity::Warning, attempt(key, *n), data);
                }
                Then::Fallback => give("node.fell_back", Severity::Warning, attempt(key, *n), data),
            }
        }
        Record::NodeSkipped(key) => give("node.skipped", Severity::Info, of(key), Value::Null),
        Record::MapExpanded(node, count) => {
            give("node.expanded", Severity::Info, of(&Key::node(*node)), json!({"items": count}));
        }
        Record::MapSucceeded(node) => {
            give("node.succeeded", Severity::Info, of(&Key::node(*node)), Value::Null)
        }
        Record::RoundEnded(node, round, _, _) => {
            give("node.repeated", Severity::Info, of(&Key::node(*node)), json!({"round": round}));
        }
        Record::NodeWaiting(key, wait) => {
            give("node.waiting", Severity::Info, of(key), waiting(wait))
        }
        Record::MemoSaved(key, name, _) => {
            give("node.saved", Severity::Debug, of(key), json!({"name": name}))
        }
        Record::SignalReceived(name, _) => {
            give("signal.received", Severity::Info, None, json!({"name": name}))
        }
        Record::Answered(node, answer) => {
            let name = if answer.approved { "approval.granted" } else { "approval.rejected" };
            give(name, Severity::Info, of(&Key::node(*node)), json!(answer));
        }
        Record::InDoubt(key) => give("node.doubted", Severity::Error, of(key), Value::Null),
        Record::Resolved(key, _, by) => {
            give("node.resolved", Severity::Info, of(key), json!({"by": by}))
        }
        Record::RunPaused(by) => give("run.paused", Severity::Info, None, json!({"by": by})),
        Record::RunResumed(by) => give("run.resumed", Severity::Info, None, json!({"by": by})),
        Record::CancelRequested(by, why) => {
            give("run.cancel_requested", Severity::Warning, None, json!({"by": by, "why": why}));
        }
        Record::RunRetried(nodes, by) => {
            let names: Vec<&str> = nodes.iter().map(|node| program.name(*node)).collect();
            give("run.retried", Severity::Info, None, json!({"by": by, "nodes": names}));
        }
        Record::RunFinished(status, _, failure) => {
            let data = failure.as_ref().map_or(Value::Null, |failure| failed(failure, 0));
            match status {
                RunStatus::Succeeded => give("run.succeeded", Severity::Info, None, data),
                RunStatus::Cancelled => give("run.cancelled", Severity::Warning, None, data),
                _ => give("run.failed", Severity::Error, None, data),
            }
        }
    }
}

fn failed(failure: &Failure, ms: u32) -> Value {
    json!({"class": failure.class, "message": failure.message, "duration_ms": ms})
}

fn waiting(wait: &Wait) -> Value {
    match wait {
        Wait::Timer(due) => json!({"for": "timer", "until": due}),
        Wait::Signal(name, until) => json!({"for": "signal", "name": name, "until": until}),
        Wait::Approval(role, message, until) => {
            json!({"for": "approval", "role": role, "message": message, "until": until})
        }
        Wait::Child(run) => json!({"for": "run", "run": run}),
    }
}
