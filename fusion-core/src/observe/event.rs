//! From records to events.

use serde_json::{Value, json};

use crate::graph::Program;
use crate::model::{Event, Failure, Key, Record, RunId, RunStatus, Severity, Stamped, Then, Wait};

/// What an event says beside when and where.
struct Told {
    name: &'static str,
    severity: Severity,
    key: Option<Key>,
    attempt: Option<u16>,
    data: Value,
}

impl Told {
    fn run(name: &'static str, severity: Severity, data: Value) -> Self {
        Self { name, severity, key: None, attempt: None, data }
    }

    fn node(name: &'static str, severity: Severity, key: Key, data: Value) -> Self {
        Self { name, severity, key: Some(key), attempt: None, data }
    }

    fn attempt(mut self, attempt: u16) -> Self {
        self.attempt = Some(attempt);
        self
    }
}

/// Gives the event that a record stands for.
pub fn event(run: &RunId, program: &Program, stamped: &Stamped) -> Event {
    let told = of_run(program, &stamped.record).unwrap_or_else(|| of_node(&stamped.record));
    Event {
        seq: stamped.seq,
        at: stamped.at,
        name: told.name.into(),
        severity: told.severity,
        run: run.clone(),
        node: told.key.map(|key| program.key_text(key)),
        attempt: told.attempt,
        data: told.data,
    }
}

fn of_run(program: &Program, record: &Record) -> Option<Told> {
    use Severity::{Error, Info, Warning};
    Some(match record {
        Record::RunStarted(start) => Told::run(
            "run.started",
            Info,
            json!({"workflow": start.workflow, "version": start.version}),
        ),
        Record::SignalReceived(name, _) => {
            Told::run("signal.received", Info, json!({"name": name}))
        }
        Record::RunPaused(by) => Told::run("run.paused", Info, json!({"by": by})),
        Record::RunResumed(by) => Told::run("run.resumed", Info, json!({"by": by})),
        Record::CancelRequested(by, why) => {
            Told::run("run.cancel_requested", Warning, json!({"by": by, "why": why}))
        }
        Record::RunRetried(nodes, by) => {
            let names: Vec<&str> = nodes.iter().map(|node| program.name(*node)).collect();
            Told::run("run.retried", Info, json!({"by": by, "nodes": names}))
        }
        Record::OutputsFailed(failure) => Told::run("outputs.failed", Error, failed(failure, 0)),
        Record::RunFinished(status, _, failure) => {
            let data = failure.as_ref().map_or(Value::Null, |failure| failed(failure, 0));
            match status {
                RunStatus::Succeeded => Told::run("run.succeeded", Info, data),
                RunStatus::Cancelled => Told::run("run.cancelled", Warning, data),
                _ => Told::run("run.failed", Error, data),
            }
        }
        _ => return None,
    })
}

fn of_node(record: &Record) -> Told {
    use Severity::{Debug, Error, Info};
    match record {
        Record::NodeStarted(key, n) => {
            Told::node("node.started", Debug, *key, Value::Null).attempt(*n)
        }
        Record::NodeSucceeded(key, n, ms, output, cached) => {
            let data = json!({"duration_ms": ms, "bytes": output.len(), "cached": cached});
            let name = if key.is_undo() { "node.compensated" } else { "node.succeeded" };
            Told::node(name, Info, *key, data).attempt(*n)
        }
        Record::NodeFailed(key, n, ms, failure, then) => {
            of_failure(*key, failed(failure, *ms), *then).attempt(*n)
        }
        Record::NodeSkipped(key) => Told::node("node.skipped", Info, *key, Value::Null),
        Record::MapExpanded(node, count) => {
            Told::node("node.expanded", Info, Key::node(*node), json!({"items": count}))
        }
        Record::MapSucceeded(node) => {
            Told::node("node.succeeded", Info, Key::node(*node), Value::Null)
        }
        Record::RoundEnded(node, round, ..) => {
            Told::node("node.repeated", Info, Key::node(*node), json!({"round": round}))
        }
        Record::NodeWaiting(key, wait) => Told::node("node.waiting", Info, *key, waiting(wait)),
        Record::NodeResting(key, name, wait) => {
            let mut data = waiting(wait);
            if let Some(fields) = data.as_object_mut() {
                fields.insert("as".to_owned(), name.as_str().into());
            }
            Told::node("node.waiting", Info, *key, data)
        }
        Record::MemoSaved(key, name, _) => {
            Told::node("node.saved", Debug, *key, json!({"name": name}))
        }
        Record::Answered(node, answer) => {
            let name = if answer.approved { "approval.granted" } else { "approval.rejected" };
            Told::node(name, Info, Key::node(*node), json!(answer))
        }
        Record::InDoubt(key) => Told::node("node.doubted", Error, *key, Value::Null),
        Record::Resolved(key, _, by) => Told::node("node.resolved", Info, *key, json!({"by": by})),
        _ => Told::run("run.changed", Info, Value::Null),
    }
}

fn of_failure(key: Key, mut data: Value, then: Then) -> Told {
    match then {
        Then::End => Told::node("node.failed", Severity::Error, key, data),
        Then::Fallback => Told::node("node.fell_back", Severity::Warning, key, data),
        Then::Retry(at) => {
            if let Some(fields) = data.as_object_mut() {
                fields.insert("next_at".to_owned(), at.into());
            }
            Told::node("node.retried", Severity::Warning, key, data)
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
        Wait::ChildUntil(run, until) => json!({"for": "run", "run": run, "until": until}),
    }
}
