//! Parcels that are held here, and what is written when some of their messages are settled.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::job::{How, Mark};
use super::parcel::{Parcel, rank};
use crate::error::{Code, Error, Result};
use crate::model::{Enqueue, Entry, Op, Payload, Record, Release, SessionId, Ticket};

/// A parcel that this process has claimed.
#[derive(Debug)]
pub(super) struct Held {
    /// The agent whose mailbox it came from.
    pub agent: Arc<str>,
    pub queue: Arc<str>,
    /// The name and the channel of each message.
    pub names: Vec<(Arc<str>, Arc<str>)>,
    state: Mutex<State>,
}

/// Only the post changes it, after the change was written.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub ticket: Ticket,
    pub parcel: Parcel,
    /// The places of the messages that are not settled.
    pub open: Vec<usize>,
    /// How often its messages were delivered, this time included.
    pub delivery: u32,
    rank: i32,
    /// The entry in which they were sent.
    origin: u64,
}

impl Held {
    pub(super) fn new(
        agent: Arc<str>,
        entry: &Entry,
        parcel: Parcel,
        names: Vec<(Arc<str>, Arc<str>)>,
    ) -> Self {
        let origin = if parcel.origin == 0 { entry.id } else { parcel.origin };
        let state = State {
            ticket: entry.ticket(),
            open: (0..parcel.items.len()).collect(),
            delivery: parcel.before.saturating_add(entry.attempts),
            parcel,
            rank: entry.priority,
            origin,
        };
        Self { agent, queue: entry.queue.clone(), names, state: Mutex::new(state) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What settling some messages of a parcel writes.
#[derive(Debug, Default)]
pub(super) struct Settling {
    pub ops: Vec<Op>,
    /// The places of the messages that are still held. When some are, the last `Enqueue` of the operations holds them.
    pub left: Vec<usize>,
}

/// Says what to write for marks of one parcel.
///
/// # Errors
/// `FU0310` when a message that is said to be done is not held any more.
pub(super) fn settle(held: &Held, marks: &[&Mark], me: SessionId) -> Result<Settling> {
    let state = held.state().clone();
    let mut open: BTreeMap<usize, &How> = BTreeMap::new();
    for mark in marks {
        if state.open.contains(&mark.at) {
            open.entry(mark.at).or_insert(&mark.how);
        } else if matches!(mark.how, How::Done) {
            return Err(late(mark));
        }
    }
    let left: Vec<usize> = state.open.iter().copied().filter(|at| !open.contains_key(at)).collect();
    if open.is_empty() {
        return Ok(Settling { ops: Vec::new(), left });
    }
    let is_whole = left.is_empty() && state.open.len() == state.parcel.items.len();
    // All of it goes back: it stays the entry that it is.
    if is_whole && open.values().all(|how| matches!(how, How::Again(None))) {
        let release =
            Release { ticket: state.ticket, due: state.parcel.due(state.origin), queue: None };
        return Ok(Settling { ops: vec![Op::Release(release)], left });
    }
    let mut ops = parts(held, &state, open)?;
    if !left.is_empty() {
        // An entry that is born held counts as delivered once.
        let parcel = state.parcel.part(&left, state.origin, state.delivery.saturating_sub(1));
        let kept = Enqueue {
            queue: held.queue.clone(),
            due: parcel.due(state.origin),
            priority: state.rank,
            session: Some(me),
            ..Enqueue::default()
        };
        ops.push(entry(&parcel, kept)?);
    }
    // It goes last: until then it may hold the only reference to a large message.
    ops.push(Op::Complete(state.ticket));
    Ok(Settling { ops, left })
}

/// The entries of messages that are not done.
fn parts(held: &Held, state: &State, marks: BTreeMap<usize, &How>) -> Result<Vec<Op>> {
    let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    // Where the messages that stand side by side begin: others between them keep their place.
    let (mut run, mut next) = (0, 0);
    for (at, how) in marks {
        run = if at == next { run } else { at };
        next = at + 1;
        let (due, before) = match how {
            How::Done | How::Expired => continue,
            How::Again(due) => (*due, state.delivery),
            How::Unseen => (None, state.delivery.saturating_sub(1)),
            How::Dead => (None, state.delivery),
        };
        let queue = if matches!(how, How::Dead) { dead(&held.agent) } else { held.queue.clone() };
        let waits = matches!(how, How::Again(Some(_)));
        let rank = if waits { rank(state.rank.div_euclid(2), true) } else { state.rank };
        groups.entry((run, queue, due, rank, before)).or_default().push(at);
    }
    let op = |((_, queue, due, priority, before), places): (
        (usize, _, Option<i64>, _, _),
        Vec<usize>,
    )| {
        let parcel = state.parcel.part(&places, state.origin, before);
        let due = due.unwrap_or_else(|| parcel.due(state.origin));
        entry(&parcel, Enqueue { queue, priority, due, ..Enqueue::default() })
    };
    groups.into_iter().map(op).collect()
}

fn late(mark: &Mark) -> Error {
    let text = format!("the message `{}` is not held here any more", mark.name().0);
    Error::new(Code::Fenced, text).hint("it was settled before, or held for too long")
}

fn entry(parcel: &Parcel, like: Enqueue) -> Result<Op> {
    Ok(Op::Enqueue(Enqueue { body: parcel.encode()?, blobs: parcel.blobs(), ..like }))
}

/// Names the queue of what an agent could not be given.
pub(super) fn dead(agent: &str) -> Arc<str> {
    format!("dead/{agent}").into()
}

/// What the channel tells of a mark; nothing of what nobody has seen.
pub(super) fn told(mark: &Mark) -> Option<Record> {
    let by = &mark.held.agent;
    let name = match mark.how {
        How::Done => "message.acknowledged",
        How::Again(_) => "message.released",
        How::Dead => "message.dead",
        How::Expired => "message.expired",
        How::Unseen => return None,
    };
    let told = json!({"messageId": &*mark.name().0, "agent": &**by});
    Some(Record::Event(name.to_owned(), Payload::value(&told)))
}
