//! What must hold when a world has ended, and the evidence when it does not end.

use std::collections::{BTreeMap, BTreeSet};

use super::process::Ground;
use super::team;
use super::verify::{self, now};
use crate::contract::Store;
use crate::error::{Code, Error, Result};
use crate::model::{Key, NodeStatus, Payload, Record, RunId, RunStatus};
use crate::run::{message, row};
use crate::schedule::State;

/// Checks a world in which everything has ended.
pub(super) fn end(ground: &Ground) {
    let mut wrong = Vec::new();
    {
        let notes = ground.witness.notes();
        for (name, stream) in &notes.mirror.streams {
            let run = name.strip_prefix("run/").unwrap_or(name);
            let Some(state) = &stream.state else { continue };
            for record in &stream.records {
                if let Some(what) = unfounded(run, state, record, &notes.ledger) {
                    wrong.push(what);
                }
            }
        }
        for (run, (status, outputs)) in &notes.ledger.told {
            let asked_again = notes
                .mirror
                .streams
                .get(run.stream().as_str())
                .is_some_and(|stream| retried(&stream.records));
            let Some((end, recorded, _)) = notes.mirror.state(run).and_then(State::result) else {
                continue;
            };
            if !asked_again && (end != status || recorded.digest() != outputs.digest()) {
                wrong.push(format!("result: {run} was said to have {status}, and has {end}"));
            }
        }
    }
    ground.witness.accuse(wrong);
    if ground.memory {
        return;
    }
    let read = ground.open(0).and_then(|(_, store)| {
        verify::after_crash(&*store, &ground.witness)?;
        let mut wrong = left_over(&*store, ground)?;
        if ground.plan.team.is_some() {
            wrong.extend(team::check(&*store, ground)?);
        }
        Ok(wrong)
    });
    match read {
        Ok(wrong) => ground.witness.accuse(wrong),
        Err(error) => {
            ground.witness.accuse([format!("integrity: the file cannot be read: {error}")]);
        }
    }
}

/// Looks for work and messages of runs that have ended, and for lists that say otherwise.
fn left_over(store: &dyn Store, ground: &Ground) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut empty = |queue: &str| -> Result<()> {
        let left = now(store.entries(queue, 0, 1_000))?;
        let words = left.iter().map(|entry| format!("queue: {} is left in `{queue}`", entry.id));
        wrong.extend(words);
        Ok(())
    };
    empty(message::RUNS)?;
    let notes = ground.witness.notes();
    for (name, _) in notes.mirror.states() {
        empty(&format!("inbox/{name}"))?;
    }
    for (name, state) in notes.mirror.states() {
        let row = now(store.get(row::KIND, name))?;
        let listed = row.as_ref().map(row::read).transpose()?.map(|row| row.status);
        let folded = state.result().map(|(status, ..)| *status);
        if listed != folded {
            wrong.push(format!("lists: {name} is {folded:?}, and is listed as {listed:?}"));
        }
    }
    Ok(wrong)
}

fn retried(records: &[Record]) -> bool {
    records.iter().any(|record| matches!(record, Record::RunRetried(..)))
}

/// Tells what is wrong with an outcome that no body gave.
fn unfounded(
    run: &str,
    state: &State,
    record: &Record,
    ledger: &super::ledger::Ledger,
) -> Option<String> {
    let (key, output) = match record {
        Record::NodeSucceeded(key, _, _, output, false) => (*key, output),
        Record::RoundEnded(node, _, output, _) => (Key::node(*node), output),
        _ => return None,
    };
    let node = state.program().key_text(key);
    let task = state.program().task(key, false)?;
    let scripted =
        matches!(&task.action, crate::model::graph::Action::Step(name) if **name != *"grow");
    let resolved = matches!(state.program().policy(key.node), policy if policy.at_most_once);
    if !scripted || resolved || ledger.gave(run, &node, output.digest()) {
        return None;
    }
    Some(format!("unfounded: {run}/{node} is recorded as {output:?}, and no body gave that"))
}

/// Gives the ends of the runs that were asked for.
pub(super) fn ends(ground: &Ground) -> BTreeMap<RunId, (RunStatus, Payload)> {
    let notes = ground.witness.notes();
    let end = |id: &RunId| {
        let (status, outputs, _) = notes.mirror.state(id)?.result()?;
        Some((id.clone(), (*status, outputs.clone())))
    };
    ground.plan.work.iter().filter_map(|work| end(&work.id)).collect()
}

/// Gives the runs in which, or in a run below them, something was in doubt.
pub(super) fn doubtful(ground: &Ground) -> BTreeSet<RunId> {
    let notes = ground.witness.notes();
    let doubt = |record: &Record| matches!(record, Record::InDoubt(_));
    let streams = notes.mirror.streams.iter();
    let with: Vec<&str> = streams
        .filter(|(_, stream)| stream.records.iter().any(doubt))
        .filter_map(|(name, _)| name.strip_prefix("run/"))
        .collect();
    let of = |id: &RunId| {
        let below = format!("{id}.");
        with.iter().any(|name| *name == id.as_str() || name.starts_with(&below))
    };
    ground.plan.work.iter().map(|work| &work.id).filter(|id| of(id)).cloned().collect()
}

/// Says why a world does not end.
pub(super) fn stuck(ground: &Ground) {
    let notes = ground.witness.notes();
    let mut lines = vec!["liveness: the world does not end".to_owned()];
    for work in &ground.plan.work {
        if !notes.ledger.started.contains_key(&work.id) {
            lines.push(format!("  nobody was told that {} began", work.id));
        }
    }
    let team = ground.plan.team.as_ref();
    lines.extend(team.iter().flat_map(|team| team::still(team, &notes)));
    for (name, stream) in &notes.mirror.streams {
        let Some(state) = &stream.state else { continue };
        if state.result().is_some() {
            continue;
        }
        lines.push(format!(
            "  {name} is {} at epoch {}, held by {:?}, {} left",
            state.status(),
            stream.epoch,
            stream.holder,
            state.left()
        ));
        for (ix, node) in (0u32..).zip(&state.program().graph().nodes) {
            let key = Key::node(crate::model::NodeIx(ix));
            let status = state.node_status(key);
            if !status.is_final() && status != NodeStatus::Pending {
                lines.push(format!("    {} is {status}, waits for {:?}", node.id, state.wait(key)));
            }
        }
        let from = stream.records.len().saturating_sub(12);
        for (at, record) in stream.records.iter().enumerate().skip(from) {
            let text: String = format!("{record:?}").chars().take(160).collect();
            lines.push(format!("    {:>4} {text}", at + 1));
        }
    }
    drop(notes);
    ground.witness.accuse([lines.join("\n")]);
}

/// Refuses errors at the start of a process that no fault explains.
pub(super) fn start_refused(ground: &Ground, error: &Error, calm: bool) {
    let explained = matches!(
        error.code(),
        Code::StoreFailed | Code::StoreFull | Code::StoreOpen | Code::StoreBusy
    );
    if !explained || (calm && !ground.disk.crashed()) {
        ground.witness.accuse([format!("start: the store cannot be opened: {error}")]);
    }
}
