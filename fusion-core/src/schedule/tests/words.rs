//! Commands as short words, and nodes in short.

use crate::graph::Program;
use crate::model::graph::{Action, Kind, Node, OnItemFailure, Task, WaitSpec};
use crate::model::{Backoff, Command, Decided, Key, NodeIx, Policy, Record, Then};

/// Writes what follows: `+ok a` for a record; `start a`, `start a#2` for a second attempt.
pub(super) fn words(program: &Program, decided: &Decided) -> Vec<String> {
    let records = decided.records.iter();
    let records = records.map(|record| format!("+{}", record_text(program, record)));
    records.chain(decided.commands.iter().map(|command| text(program, command))).collect()
}

fn text(program: &Program, command: &Command) -> String {
    let name = |key: &Key| program.key_text(*key);
    match command {
        Command::Start(key, 1) => format!("start {}", name(key)),
        Command::Start(key, attempt) => format!("start {}#{attempt}", name(key)),
        Command::Stop(key) => format!("stop {}", name(key)),
        Command::StopChild(run) => format!("stop-child {run}"),
        Command::HoldChild(run, true) => format!("pause-child {run}"),
        Command::HoldChild(run, false) => format!("resume-child {run}"),
        Command::Conclude => "conclude".to_owned(),
        Command::Finish => "finish".to_owned(),
    }
}

fn record_text(program: &Program, record: &Record) -> String {
    let name = |key: &Key| program.key_text(*key);
    let node = |node: &NodeIx| program.name(*node);
    match record {
        Record::RunStarted(_) => "start".to_owned(),
        Record::NodeStarted(key, _) => format!("intent {}", name(key)),
        Record::NodeSucceeded(key, _, _, _, true) => format!("cached {}", name(key)),
        Record::NodeSucceeded(key, ..) => format!("ok {}", name(key)),
        Record::NodeFailed(key, _, _, failure, then) => {
            let then = match then {
                Then::End => String::new(),
                Then::Retry(due) => format!(" retry@{due}"),
                Then::Fallback => " fallback".to_owned(),
            };
            format!("fail {} {}{then}", name(key), failure.class)
        }
        Record::NodeSkipped(key) => format!("skip {}", name(key)),
        Record::MapExpanded(at, count) => format!("map {} {count}", node(at)),
        Record::MapSucceeded(at) => format!("mapped {}", node(at)),
        Record::RoundEnded(at, round, ..) => format!("round {} {round}", node(at)),
        Record::NodeWaiting(key, _) => format!("wait {}", name(key)),
        Record::NodeResting(key, as_, _) => format!("rest {} {as_}", name(key)),
        Record::MemoSaved(key, ..) => format!("memo {}", name(key)),
        Record::SignalReceived(what, _) => format!("signal {what}"),
        Record::Answered(at, _) => format!("answer {}", node(at)),
        Record::InDoubt(key) => format!("doubt {}", name(key)),
        Record::Resolved(key, ..) => format!("resolve {}", name(key)),
        Record::RunPaused(_) => "pause".to_owned(),
        Record::RunResumed(_) => "resume".to_owned(),
        Record::CancelRequested(..) => "cancel".to_owned(),
        Record::RunRetried(..) => "retry".to_owned(),
        Record::OutputsFailed(..) => "outputs-failed".to_owned(),
        Record::RunFinished(status, ..) => status.word().to_owned(),
        Record::Event(name, _) => name.clone(),
    }
}

/// Makes a node that runs a step, after others: names with spaces between.
pub(super) fn step(id: &str, needs: &str) -> Node {
    Node::step(id, "s").after(needs.split_whitespace().collect::<Vec<_>>())
}

/// Makes a map of steps.
pub(super) fn map(id: &str, needs: &str, width: u32, failure: OnItemFailure) -> Node {
    let mut node = step(id, needs).map("{{ inputs.list }}");
    if let Kind::Map(map) = &mut node.kind {
        map.max_parallel = width;
        map.on_item_failure = failure;
    }
    node
}

/// Makes a node that waits; what for, the test says when it starts.
pub(super) fn wait(id: &str, needs: &str) -> Node {
    Node::wait(id, WaitSpec::Duration("1m".into()))
        .after(needs.split_whitespace().collect::<Vec<_>>())
}

/// Allows so many attempts, with pauses of 100 ms, 200 ms, 400 ms.
pub(super) fn attempts(count: u32) -> Policy {
    let retry = Backoff { attempts: count, initial_ms: 100, ..Backoff::default() };
    Policy { retry, ..Policy::default() }
}

/// Makes the task of a fallback or of a compensation.
pub(super) fn other() -> Task {
    Task::new(Action::Step("other".into()))
}
