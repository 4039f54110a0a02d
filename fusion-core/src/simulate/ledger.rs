//! The bodies that ran and the answers that callers saw: noted outside the disk, where no crash can reach them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::env::name_of;
use super::machine::Owner;
use super::mirror::Mirror;
use super::witness::{Notes, Witness};
use crate::contract::{About, Output};
use crate::model::{
    Digest, Failure, Key, NodeStatus, Op, Payload, Record, RunId, RunStatus, Verdict,
};

/// What a scripted body is told of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Role {
    pub(super) once: bool,
    /// The concurrency key that it holds, and how many may.
    pub(super) slot: Option<(String, u64)>,
}

/// One entry of a body.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) owner: Owner,
    pub(super) slot: Option<String>,
    pub(super) inside: bool,
}

/// The bodies that ran and the answers that callers saw.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) visits: Vec<Visit>,
    /// How often at-most-once bodies were entered, by idempotency key.
    once: BTreeMap<String, u32>,
    /// When attempts were entered: by idempotency key, owner, epoch, number, and how often somebody asked for more.
    attempts: BTreeMap<(String, Owner, u64, u16, u32), u64>,
    /// When a process last heard that something of a stream was not recorded.
    refused: BTreeMap<Arc<str>, u64>,
    /// The outputs that bodies gave, by run and node.
    outputs: BTreeMap<(String, String), Vec<Digest>>,
    /// What was recorded while the process that wrote it has not heard of that yet.
    pub(super) untold: Vec<(Owner, Arc<str>)>,
    /// Runs whose start was acknowledged.
    pub(super) started: BTreeMap<RunId, u32>,
    /// Ends that a caller was told.
    pub(super) told: BTreeMap<RunId, (RunStatus, Payload)>,
    /// Processes that were killed.
    pub(super) killed: BTreeSet<Owner>,
}

impl Ledger {
    /// Notes that a process heard of a refusal: what the batch was to record has to be done again.
    pub(super) fn refused(&mut self, ops: &[Op], heard_ms: u64) {
        let streams = ops.iter().filter_map(|op| match op {
            Op::Append(append) => Some(append.stream.clone()),
            _ => None,
        });
        self.refused.extend(streams.map(|stream| (stream, heard_ms)));
    }

    /// Tells whether some body of this node gave this output.
    pub(super) fn gave(&self, run: &str, node: &str, output: Digest) -> bool {
        self.outputs
            .get(&(run.to_owned(), node.to_owned()))
            .is_some_and(|outputs| outputs.contains(&output))
    }
}

impl Witness {
    /// Notes that a body was entered; gives its number.
    pub(super) fn enter(&self, owner: Owner, about: &About, role: &Role) -> usize {
        self.say(owner, || {
            format!(
                "enter {}/{} attempt {} epoch {}",
                about.run, about.node, about.attempt, about.epoch
            )
        });
        let mut wrong = Vec::new();
        let mut notes = self.notes();
        notes.count("bodies");
        let ghost = notes.is_ghost(owner);
        let stream = about.run.stream();
        let untold = notes.ledger.untold.iter().any(|(of, name)| *of == owner && **name == *stream);
        may_enter(&notes.mirror, about, (role, untold), &mut wrong);
        let again = asked_again(&notes.mirror, &about.run);
        // A body of the turn that was refused may still be entered at that moment, before it is dropped.
        let refused = notes.ledger.refused.get(stream.as_str()).copied();
        let key = about.idempotency_key.clone();
        let attempt = (key, owner, about.epoch, about.attempt, again);
        let before = notes.ledger.attempts.insert(attempt, self.machine.elapsed_ms());
        if before.is_some_and(|before| refused.is_none_or(|refused| refused < before)) {
            wrong.push(format!(
                "repeats: attempt {} of {}/{} was entered twice by one owner",
                about.attempt, about.run, about.node
            ));
        }
        if role.once || is_once(&notes.mirror, about) {
            let entered = notes.ledger.once.entry(about.idempotency_key.clone()).or_default();
            *entered += 1;
            let entered = *entered;
            let allowed = 1 + again;
            if entered > allowed {
                wrong.push(format!(
                    "once: the at-most-once body {} was entered {entered} times",
                    about.idempotency_key
                ));
            }
        }
        if let (Some((slot, limit)), false) = (&role.slot, ghost) {
            let inside = notes.ledger.visits.iter().filter(|visit| {
                visit.inside && visit.slot.as_ref() == Some(slot) && !notes.is_ghost(visit.owner)
            });
            let inside = inside.count() as u64 + 1;
            if inside > *limit {
                wrong.push(format!("slots: {inside} bodies hold `{slot}`, {limit} may"));
            }
        }
        let slot = role.slot.as_ref().map(|(slot, _)| slot.clone());
        notes.ledger.visits.push(Visit { owner, slot, inside: true });
        let number = notes.ledger.visits.len() - 1;
        drop(notes);
        self.accuse(wrong);
        number
    }

    /// Notes that a body was left: with a result, or dropped.
    pub(super) fn leave(
        &self,
        (owner, number): (Owner, usize),
        about: &About,
        result: Option<&Result<Output, Failure>>,
    ) {
        self.say(owner, || {
            let how = match result {
                None => "dropped",
                Some(Ok(_)) => "ok",
                Some(Err(_)) => "failed",
            };
            format!("leave {}/{} attempt {}: {how}", about.run, about.node, about.attempt)
        });
        let mut notes = self.notes();
        if let Some(visit) = notes.ledger.visits.get_mut(number) {
            visit.inside = false;
        }
        if let Some(Ok(Output::Value(payload))) = result {
            let key = (about.run.to_string(), about.node.clone());
            notes.ledger.outputs.entry(key).or_default().push(payload.digest());
        }
    }

    /// Notes that a named part of a body is computed.
    pub(super) fn compute(&self, about: &About, name: &str, value: &serde_json::Value) {
        let notes = self.notes();
        let saved = notes.mirror.state(&about.run).and_then(|state| {
            let key = state.program().find_key(&about.node)?;
            state.memos(key)?.get(name)
        });
        let again = saved.is_some_and(|saved| *saved == Payload::value(value));
        let fenced = is_fenced(&notes.mirror, about);
        drop(notes);
        if again && !fenced {
            let key = &about.idempotency_key;
            self.accuse([format!("memo: `{name}` of {key} was recorded and is computed again")]);
        }
    }
}

impl Notes {
    /// Tells whether a process was killed, or lost its session and may not know it yet.
    pub(super) fn is_ghost(&self, owner: Owner) -> bool {
        self.ledger.killed.contains(&owner) || self.mirror.ended.contains(&name_of(owner))
    }
}

fn is_fenced(mirror: &Mirror, about: &About) -> bool {
    let stream = mirror.streams.get(about.run.stream().as_str());
    stream.is_some_and(|stream| about.epoch < stream.epoch)
}

/// Counts how often somebody asked for something of the run to be done again.
fn asked_again(mirror: &Mirror, run: &RunId) -> u32 {
    let stream = mirror.streams.get(run.stream().as_str());
    let records = stream.map_or(&[][..], |stream| &stream.records);
    let again = |record: &&Record| {
        matches!(record, Record::RunRetried(..) | Record::Resolved(_, Verdict::NotDone, _))
    };
    u32::try_from(records.iter().filter(again).count()).unwrap_or(u32::MAX)
}

/// Tells whether the workflow wants a body to be entered at most once.
fn is_once(mirror: &Mirror, about: &About) -> bool {
    mirror.state(&about.run).is_some_and(|state| {
        let key = state.program().find_key(&about.node).filter(|key| !key.is_undo());
        key.is_some_and(|key| state.program().policy(key.node).at_most_once)
    })
}

/// Checks whether a body may be entered by what is recorded. A process that was fenced may not know it yet.
fn may_enter(
    mirror: &Mirror,
    about: &About,
    (role, untold): (&Role, bool),
    wrong: &mut Vec<String>,
) {
    let name = format!("{}/{}", about.run, about.node);
    let Some(state) = mirror.state(&about.run) else { return };
    if is_fenced(mirror, about) {
        return;
    }
    let Some(key) = state.program().find_key(&about.node) else {
        wrong.push(format!("entry: {name} is entered, and the run has no such node"));
        return;
    };
    let records = mirror.streams.get(about.run.stream().as_str()).map(|stream| &stream.records);
    let started = |record: &Record| matches!(record, Record::NodeStarted(of, _) if *of == key);
    let once = role.once || state.program().policy(key.node).at_most_once;
    if once && !key.is_undo() && !records.is_some_and(|records| records.iter().any(started)) {
        wrong.push(format!(
            "intent: {name} is at-most-once and was entered before that was recorded"
        ));
    }
    if let Some((status, ..)) = state.result() {
        wrong.push(format!("entry: {name} is entered after the run {status}"));
    }
    if key.is_undo() {
        let status = state.node_status(Key::node(key.node));
        if status != NodeStatus::Succeeded {
            wrong.push(format!("entry: {name} undoes a node that is {status}"));
        }
        return;
    }
    if state.asked().1.is_some() && !untold {
        wrong.push(format!("entry: {name} is entered after the run was asked to end"));
    }
    let status = state.node_status(key);
    if status.is_final() {
        wrong.push(format!("entry: {name} is entered, and is {status} already"));
    }
    let graph = state.program().graph();
    let needs = graph.nodes.get(key.node.at()).map_or(&[][..], |node| &node.needs);
    for need in needs {
        let of = state.program().find(need).map(|need| state.node_status(Key::node(need)));
        if !of.is_some_and(NodeStatus::is_final) {
            wrong.push(format!("order: {name} is entered, and `{need}` is {of:?}"));
        }
    }
}

impl Witness {
    /// Notes that a caller was told that the run began.
    pub(super) fn started(&self, run: &RunId) {
        self.say(0, || format!("told: {run} has begun"));
        let mut notes = self.notes();
        *notes.ledger.started.entry(run.clone()).or_default() += 1;
        let recorded = notes.mirror.streams.get(run.stream().as_str());
        let missing = recorded.is_none_or(|stream| stream.records.is_empty());
        drop(notes);
        if missing {
            self.accuse([format!(
                "acknowledged: {run} was started, and nothing is recorded of it"
            )]);
        }
    }

    /// Notes that a caller was told how a run ended.
    pub(super) fn told(&self, run: &RunId, status: RunStatus, outputs: &Payload) {
        self.say(0, || format!("told: {run} {status}"));
        let mut notes = self.notes();
        let records = notes.mirror.streams.get(run.stream().as_str()).map(|stream| &stream.records);
        let ends = records.into_iter().flatten().filter_map(|record| match record {
            Record::RunFinished(status, outputs, _) => Some((*status, outputs.digest())),
            _ => None,
        });
        let wrong = !ends.into_iter().any(|end| end == (status, outputs.digest()));
        notes.ledger.told.insert(run.clone(), (status, outputs.clone()));
        drop(notes);
        if wrong {
            self.accuse([format!("acknowledged: {run} was said to have {status}: not recorded")]);
        }
    }

    /// Gives the ends that callers were told so far.
    pub(super) fn ends_told(&self) -> BTreeMap<RunId, RunStatus> {
        let notes = self.notes();
        notes.ledger.told.iter().map(|(run, (status, _))| (run.clone(), *status)).collect()
    }

    /// Notes what a list of runs said, after these ends were told: reads never go back.
    pub(super) fn listed(&self, told: &BTreeMap<RunId, RunStatus>, rows: &[(RunId, RunStatus)]) {
        let notes = self.notes();
        let goes_back = |(run, status): (&RunId, &RunStatus)| {
            let row = rows.iter().find(|(id, _)| id == run).map(|(_, status)| *status);
            let again = asked_again(&notes.mirror, run) > 0;
            (row != Some(*status) && !again).then(|| {
                format!("reads: {run} was said to have {status}, and is listed as {row:?}")
            })
        };
        let wrong: Vec<String> = told.iter().filter_map(goes_back).collect();
        drop(notes);
        self.accuse(wrong);
    }
}
