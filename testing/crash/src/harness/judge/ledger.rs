//! What the ledger must say of a run.

use std::collections::BTreeMap;

use fusion_core::graph::Program;
use fusion_core::model::graph::{Action, Kind};
use fusion_core::model::{Key, NodeIx, Record, Stamped, Then, Verdict};

use super::{Entries, Index};
use crate::Fault;
use crate::harness::observe::Story;
use crate::ledger::Line;

/// How far two readings of the wall clock in two processes may be apart, in milliseconds.
const SLACK_MS: i64 = 5;
/// How long a program that nobody knows of may go on beside its successor, in milliseconds.
const OVERLAP_MS: i64 = 2_000;

/// Judges what the ledger says of one run.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn check(run: &str, story: &Story, index: &Index<'_>, kills: u64) -> Result<(), Fault> {
    let nothing = Entries::default();
    for Stamped { at, record, .. } in &story.journal {
        match record {
            Record::NodeSucceeded(key, _, _, _, from_cache) => {
                let name = story.program.key_text(*key);
                let entries = index.get(&(run, name.as_str())).unwrap_or(&nothing);
                // What a person called done was entered, but perhaps not left.
                let seen = if was_resolved(story, *key) { &entries.entered } else { &entries.left };
                if !from_cache && writes(&story.program, *key) && seen.is_empty() {
                    return Err(
                        format!("run {run}: `{name}` succeeded and is not in the ledger").into()
                    );
                }
                not_after(run, &name, entries, *at)?;
            }
            Record::NodeFailed(key, _, _, _, Then::End) => {
                let name = story.program.key_text(*key);
                not_after(run, &name, index.get(&(run, name.as_str())).unwrap_or(&nothing), *at)?;
            }
            Record::MemoSaved(key, part, _) => {
                let name = format!("{}#{part}", story.program.key_text(*key));
                let entries = index.get(&(run, name.as_str())).unwrap_or(&nothing);
                if entries.left.is_empty() {
                    return Err(
                        format!("run {run}: `{name}` was saved and is not in the ledger").into()
                    );
                }
                not_after(run, &name, entries, *at)?;
            }
            _ => {}
        }
    }
    for ((_, name), entries) in index.iter().filter(|((of, _), _)| *of == run) {
        bounded(run, name, entries, (story, kills))?;
    }
    in_order(run, story, index)
}

fn was_resolved(story: &Story, key: Key) -> bool {
    story.journal.iter().any(
        |stamped| matches!(stamped.record, Record::Resolved(of, Verdict::Done(_), _) if of == key),
    )
}

/// Tells whether the key's body writes to the ledger when it succeeds.
fn writes(program: &Program, key: Key) -> bool {
    let Some(node) = program.node(key.node) else { return false };
    let fallback = node.more.as_ref().is_some_and(|more| more.fallback.is_some());
    let steps = |action: &Action| !matches!(action, Action::Workflow(_));
    key.is_undo() || fallback || node.kind.task().is_some_and(|task| steps(&task.action))
}

/// No body is entered after its result was recorded.
fn not_after(run: &str, name: &str, entries: &Entries<'_>, at: i64) -> Result<(), Fault> {
    match entries.entered.iter().find(|(_, line)| line.at > at + SLACK_MS) {
        None => Ok(()),
        Some((place, line)) => {
            let late = line.at - at;
            Err(format!(
                "run {run}: `{name}` was entered {late} ms after its result (line {})",
                place + 1
            )
            .into())
        }
    }
}

/// Bodies are entered as often as their policy and the kills explain, and at-most-once ones at most once.
fn bounded(
    run: &str,
    name: &str,
    entries: &Entries<'_>,
    (story, kills): (&Story, u64),
) -> Result<(), Fault> {
    let entered = entries.entered.len() as u64;
    let base = name.split('#').next().unwrap_or(name);
    let key =
        story.program.find_key(base).ok_or_else(|| format!("no node `{base}` in run {run}"))?;
    let policy = story.program.policy(key.node);
    let rounds = story.program.repeat(key.node).map_or(1, |repeat| u64::from(repeat.max));
    let most = if policy.at_most_once {
        1
    } else {
        u64::from(policy.retry.attempts.max(1)) * rounds + kills
    };
    if entered > most {
        return Err(
            format!("run {run}: `{name}` was entered {entered} times, {most} at most").into()
        );
    }
    if base == "again" {
        return Err(
            format!("run {run}: `again` ran, though its result was kept by `cached`").into()
        );
    }
    Ok(())
}

/// What a node needs has been left before the node is entered for the first time.
fn in_order(run: &str, story: &Story, index: &Index<'_>) -> Result<(), Fault> {
    let mut first = BTreeMap::<&str, usize>::new();
    let mut last = BTreeMap::<&str, usize>::new();
    for ((_, name), entries) in
        index.iter().filter(|((of, name), _)| *of == run && !name.ends_with("[undo]"))
    {
        let base = name.split(['[', '#']).next().unwrap_or(name);
        if let Some((place, _)) = entries.entered.first() {
            first.entry(base).and_modify(|old| *old = (*old).min(*place)).or_insert(*place);
        }
        if let Some((place, _)) = entries.left.first() {
            last.entry(base).and_modify(|old| *old = (*old).max(*place)).or_insert(*place);
        }
    }
    for ix in (0..u32::try_from(story.program.len())?).map(NodeIx) {
        let name = story.program.name(ix);
        for next in story.program.next(ix) {
            let then = story.program.name(NodeIx(*next));
            let (Some(left), Some(entered)) = (last.get(name), first.get(then)) else { continue };
            if entered < left {
                return Err(
                    format!("run {run}: `{then}` was entered before `{name}` was left").into()
                );
            }
        }
        if matches!(story.program.node(ix).map(|node| &node.kind), Some(Kind::Wait(_)))
            && first.contains_key(name)
        {
            return Err(format!("run {run}: the wait `{name}` has a body").into());
        }
    }
    Ok(())
}

/// The lines of one node come from owners in their order: who was replaced does not write any more.
///
/// Only a program may: one whose worker was killed in the very moment of its start is known to nobody, and may overlap
/// with its successor for a moment. Gives how many lines such programs wrote.
///
/// # Errors
/// The first line that comes too late.
pub(super) fn epochs(lines: &[Line]) -> Result<u64, Fault> {
    let mut newest = BTreeMap::<(&str, &str), (u64, i64)>::new();
    let mut overlaps = 0;
    for (place, line) in lines.iter().enumerate() {
        let (epoch, since) = newest.entry((&line.run, &line.node)).or_default();
        if line.epoch < *epoch {
            if line.node != "command" || line.at > *since + OVERLAP_MS {
                let what = format!("line {}: written after epoch {epoch}: {line:?}", place + 1);
                return Err(what.into());
            }
            overlaps += 1;
        }
        if line.epoch > *epoch {
            (*epoch, *since) = (line.epoch, line.at);
        }
    }
    Ok(overlaps)
}

/// What was done is undone, the last first.
///
/// # Errors
/// When it is not, or in another order.
pub(super) fn undone(trip: &str, index: &Index<'_>) -> Result<(), Fault> {
    let of =
        |name| index.get(&(trip, name)).ok_or_else(|| format!("{trip}: no `{name}` in the ledger"));
    let (hotel, flight) = (of("hotel[undo]")?, of("flight[undo]")?);
    let order = hotel.left.first().zip(flight.entered.first());
    match order {
        Some((hotel, flight)) if hotel.0 < flight.0 && !flight.1.node.is_empty() => Ok(()),
        _ => Err(format!("{trip}: undone in the wrong order: {order:?}").into()),
    }
}
