//! The oracle: what runs say against what the ledger and the acknowledgements say.

mod journal;
mod ledger;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use fusion_core::model::{Payload, Record, RunStatus};
use serde_json::Value;

use super::acks::Acks;
use super::observe::{Stories, Story};
use crate::Fault;
use crate::ledger::{Line, What};

/// All that a trial has left.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub stories: &'a Stories,
    pub lines: &'a [Line],
    pub acks: &'a Acks,
    pub kills: u64,
}

/// What the ledger says of one node of one run: the places of its lines.
#[derive(Debug, Default)]
struct Entries<'a> {
    entered: Vec<(usize, &'a Line)>,
    left: Vec<(usize, &'a Line)>,
}

type Index<'a> = BTreeMap<(&'a str, &'a str), Entries<'a>>;

fn index(lines: &[Line]) -> Index<'_> {
    let mut index = Index::new();
    for (place, line) in lines.iter().enumerate() {
        let entries = index.entry((line.run.as_str(), line.node.as_str())).or_default();
        match line.what {
            What::Entered => entries.entered.push((place, line)),
            What::Left => entries.left.push((place, line)),
            What::Failed => {}
        }
    }
    index
}

/// What is no fault, and counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// Bodies that ended in doubt.
    pub doubts: u64,
    /// Lines of programs that overlapped with their successors.
    pub overlaps: u64,
}

/// Judges everything that must hold at any moment.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn always(evidence: &Evidence<'_>) -> Result<Counts, Fault> {
    let index = index(evidence.lines);
    let mut doubts = 0;
    for (run, story) in evidence.stories {
        doubts += journal::check(run, story)?;
        ledger::check(run, story, &index, evidence.kills)?;
    }
    acknowledged(evidence)?;
    Ok(Counts { doubts, overlaps: ledger::epochs(evidence.lines)? })
}

/// Judges runs that have ended.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn ended(
    evidence: &Evidence<'_>,
    runs: &[String],
    expected: &Value,
) -> Result<(), Fault> {
    for run in runs {
        let story = evidence.stories.get(run).ok_or_else(|| format!("run {run} is gone"))?;
        let Some(Record::RunFinished(RunStatus::Succeeded, outputs, _)) = last(story) else {
            return Err(format!("run {run} has not succeeded: {:?}", last(story)).into());
        };
        let told = evidence.acks.results.get(run).ok_or("nobody told the result")?;
        if outputs.decode::<Value>()? != *told {
            return Err(format!("run {run} recorded {outputs:?} and told {told}").into());
        }
        same_result(story, told, expected)?;
        let trip = format!("{run}.trip");
        let undone = evidence.stories.get(&trip).ok_or("the trip never began")?;
        if !matches!(last(undone), Some(Record::RunFinished(RunStatus::Failed, ..))) {
            return Err(format!("run {trip} has not failed: {:?}", last(undone)).into());
        }
        ledger::undone(&trip, &index(evidence.lines))?;
    }
    Ok(())
}

fn last(story: &Story) -> Option<&Record> {
    story.journal.last().map(|stamped| &stamped.record)
}

/// Compares with the result of a run that nobody killed; an item that is recorded as in doubt may have failed.
fn same_result(story: &Story, told: &Value, expected: &Value) -> Result<(), Fault> {
    let fields = expected.as_object().ok_or("the expected result is no object")?;
    for (name, wanted) in fields {
        let found = told.get(name).unwrap_or(&Value::Null);
        let same = match (name.as_str(), wanted.as_array(), found.as_array()) {
            ("many", Some(wanted), Some(found)) => {
                wanted.len() == found.len()
                    && wanted.iter().zip(found).enumerate().all(|(at, (wanted, found))| {
                        wanted == found || (is_doubt(found) && was_in_doubt(story, at))
                    })
            }
            _ => wanted == found,
        };
        if !same {
            return Err(format!("output `{name}` is {found}, of an unkilled run {wanted}").into());
        }
    }
    Ok(())
}

fn is_doubt(found: &Value) -> bool {
    found.pointer("/error/class").and_then(Value::as_str) == Some("in_doubt")
}

fn was_in_doubt(story: &Story, item: usize) -> bool {
    let name = format!("many[{item}]");
    story.journal.iter().any(|stamped| match stamped.record {
        Record::InDoubt(key) => story.program.key_text(key) == name,
        _ => false,
    })
}

/// Each acknowledged start, signal, answer and resolution is there, once.
fn acknowledged(evidence: &Evidence<'_>) -> Result<(), Fault> {
    let Evidence { stories, acks, .. } = evidence;
    for run in &acks.started {
        if !stories.contains_key(run) {
            return Err(format!("the acknowledged run {run} is gone").into());
        }
    }
    for (run, story) in *stories {
        let mut told = BTreeMap::<String, usize>::new();
        for stamped in &story.journal {
            let name = match &stamped.record {
                Record::SignalReceived(_, payload) => signal_id(payload),
                Record::Answered(node, _) => story.program.name(*node).to_owned(),
                Record::Resolved(key, ..) => story.program.key_text(*key),
                _ => continue,
            };
            *told.entry(name).or_default() += 1;
        }
        // A node may be in doubt, and be resolved, after each kill.
        let twice = told.iter().find(|(name, count)| **count > 1 && *name != "once");
        if let Some((name, count)) = twice {
            return Err(format!("run {run} recorded `{name}` {count} times").into());
        }
        // What was said to a run that still goes on may lie in its inbox.
        if !matches!(last(story), Some(Record::RunFinished(..))) {
            continue;
        }
        let said = acks.signals.iter().chain(&acks.told);
        if let Some((_, name)) =
            said.filter(|(of, _)| of == run).find(|(_, name)| !told.contains_key(name))
        {
            return Err(format!("what was acknowledged to run {run} is gone: {name}").into());
        }
    }
    Ok(())
}

fn signal_id(payload: &Payload) -> String {
    let value: Value = payload.decode().unwrap_or_default();
    value.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}
