//! What was acknowledged as recorded, folded as the engine would: the other half of every comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Code, Result};
use crate::graph::Program;
use crate::model::{
    Append, Claim, Digest, Enqueue, Graph, Op, Payload, Receipt, Record, RunId, Session, SessionId,
    Start, Ticket, Wait,
};
use crate::schedule::State;

/// One run's journal as it was acknowledged.
#[derive(Default)]
pub(super) struct Stream {
    pub(super) records: Vec<Record>,
    /// The least epoch under which anybody may write.
    pub(super) epoch: u64,
    pub(super) holder: Option<SessionId>,
    /// The fold; absent when nobody wrote the definition.
    pub(super) state: Option<State>,
}

/// A message to a run.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) run: Arc<str>,
    pub(super) taken: bool,
}

/// Bytes by their hash.
pub(super) type Blobs = BTreeMap<Digest, Bytes>;

/// What was acknowledged.
#[derive(Default)]
pub(super) struct Mirror {
    pub(super) streams: BTreeMap<Arc<str>, Stream>,
    /// Every blob that anybody tried to write.
    pub(super) blobs: Blobs,
    pub(super) mail: BTreeMap<u64, Mail>,
    /// The streams whose epochs move with entries.
    entries: BTreeMap<u64, Arc<str>>,
    /// Appends whose outcome nobody knows: the store failed under them.
    pub(super) unknown: Vec<Append>,
    /// Messages that those batches took, and inboxes that they emptied.
    pub(super) taken_unknown: BTreeSet<u64>,
    /// Sessions that did not end: until when they live, and whose they are.
    pub(super) sessions: BTreeMap<SessionId, (i64, String)>,
    /// Whose sessions ended.
    pub(super) ended: BTreeSet<String>,
    /// The latest that any clock ever showed, in milliseconds since 1970.
    pub(super) latest_ms: i64,
}

impl Mirror {
    /// Takes note of a batch and its answer; gives what is wrong with that.
    pub(super) fn committed(
        &mut self,
        now: i64,
        ops: &[Op],
        answer: &Result<Receipt>,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        let blobs = ops.iter().filter_map(|op| match op {
            Op::Blob(digest, bytes) => Some((*digest, bytes.clone())),
            _ => None,
        });
        self.blobs.extend(blobs);
        let receipt = match answer {
            Ok(receipt) => receipt,
            Err(error) => {
                for op in ops {
                    if error.code() == Code::StoreFailed {
                        self.perhaps(op);
                    }
                }
                return wrong;
            }
        };
        let mut entries = receipt.entries.iter();
        for op in ops {
            match op {
                Op::Append(append) => self.append(append, &mut wrong),
                Op::Enqueue(new) => {
                    if let Some(ticket) = entries.next() {
                        self.enqueued(new, *ticket);
                    }
                }
                Op::Claim(claim) => self.claimed(claim, receipt, &mut wrong),
                Op::Complete(ticket) => self.completed(*ticket, &mut wrong),
                Op::Release(release) => self.released(release.ticket),
                Op::Purge(queue) => self.purged(queue),
                Op::Vacant(queue) => self.vacant(queue, &mut wrong),
                Op::Beat(Session { id, until, info }) => {
                    self.sessions.insert(*id, (*until, info.clone()));
                }
                Op::Reap(named) => self.reaped(named, now),
                Op::Drop(stream) => {
                    self.streams.remove(stream);
                }
                Op::Bury(..) | Op::Put(..) | Op::Delete(..) | Op::Blob(..) => {}
            }
        }
        wrong
    }

    /// Takes note of an operation whose outcome nobody knows.
    fn perhaps(&mut self, op: &Op) {
        match op {
            Op::Append(append) => self.unknown.push(append.clone()),
            Op::Complete(ticket) => {
                self.taken_unknown.insert(ticket.entry);
                self.released(*ticket);
            }
            // Whether a session still holds it, only the file knows.
            Op::Release(release) => self.released(release.ticket),
            Op::Purge(queue) => {
                let name = queue.replacen("inbox/", "run/", 1);
                let mail = self.mail.iter().filter(|(_, mail)| *mail.run == *name);
                self.taken_unknown.extend(mail.map(|(entry, _)| *entry));
            }
            _ => {}
        }
    }

    fn append(&mut self, append: &Append, wrong: &mut Vec<String>) {
        let stream = self.streams.entry(append.stream.clone()).or_default();
        let head = stream.records.len() as u64;
        if append.expect != head {
            wrong.push(format!(
                "gap: {} had {head} records, and an append after {} was accepted",
                append.stream, append.expect
            ));
        }
        if append.epoch < stream.epoch {
            wrong.push(format!(
                "fence: {} stood at epoch {}, and an append of epoch {} was accepted: {:?}",
                append.stream, stream.epoch, append.epoch, append.records
            ));
        }
        for record in &append.records {
            stream.too_early(&append.stream, record, self.latest_ms, wrong);
            stream.fold((&append.stream, record), &self.blobs, wrong);
        }
    }

    fn enqueued(&mut self, new: &Enqueue, ticket: Ticket) {
        if let Some(run) = new.queue.strip_prefix("inbox/") {
            let mail = Mail { run: format!("run/{run}").into(), taken: false };
            self.mail.insert(ticket.entry, mail);
        }
        if let (Some(name), Some(session)) = (&new.stream, new.session) {
            self.entries.insert(ticket.entry, name.clone());
            let stream = self.streams.entry(name.clone()).or_default();
            if ticket.epoch >= stream.epoch {
                stream.epoch = ticket.epoch;
                stream.holder = Some(session);
            }
        }
    }

    fn claimed(&mut self, claim: &Claim, receipt: &Receipt, wrong: &mut Vec<String>) {
        for entry in &receipt.claimed {
            let Some(name) = &entry.stream else { continue };
            self.entries.insert(entry.id, name.clone());
            let stream = self.streams.entry(name.clone()).or_default();
            if entry.epoch <= stream.epoch && stream.holder.is_some() {
                wrong.push(format!(
                    "owner: {name} is held at epoch {}, and was given away at epoch {}",
                    stream.epoch, entry.epoch
                ));
            }
            stream.epoch = stream.epoch.max(entry.epoch);
            stream.holder = Some(claim.session);
        }
    }

    fn released(&mut self, ticket: Ticket) {
        let Some(name) = self.entries.get(&ticket.entry) else { return };
        if let Some(stream) = self.streams.get_mut(name)
            && stream.epoch == ticket.epoch
        {
            stream.holder = None;
        }
    }

    fn completed(&mut self, ticket: Ticket, wrong: &mut Vec<String>) {
        if let Some(mail) = self.mail.get_mut(&ticket.entry) {
            if std::mem::replace(&mut mail.taken, true) {
                wrong.push(format!("messages: {} was taken twice by {}", ticket.entry, mail.run));
            }
            let run = mail.run.clone();
            let mut before = self.mail.range(..ticket.entry);
            if let Some((first, _)) = before.find(|(_, mail)| mail.run == run && !mail.taken) {
                wrong.push(format!("messages: {run} took {} before {first}", ticket.entry));
            }
        }
        // A run that ended is held by nobody.
        self.released(ticket);
    }

    /// Refuses the end of a run to which something was said that it did not hear.
    fn vacant(&self, queue: &str, wrong: &mut Vec<String>) {
        let run = queue.replacen("inbox/", "run/", 1);
        let unheard = self.mail.iter().find(|(_, mail)| *mail.run == *run && !mail.taken);
        wrong.extend(unheard.map(|(id, _)| format!("messages: {run} ended and left {id} unheard")));
    }

    fn purged(&mut self, queue: &str) {
        let Some(run) = queue.strip_prefix("inbox/") else { return };
        let name = format!("run/{run}");
        for mail in self.mail.values_mut().filter(|mail| *mail.run == *name) {
            mail.taken = true;
        }
    }

    fn reaped(&mut self, named: &[SessionId], now: i64) {
        let ended: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(id, (until, _))| *until < now || named.contains(id))
            .map(|(id, _)| *id)
            .collect();
        for session in ended {
            if let Some((_, whose)) = self.sessions.remove(&session) {
                self.ended.insert(whose);
            }
            for stream in self.streams.values_mut() {
                if stream.holder == Some(session) {
                    stream.holder = None;
                    // Nobody holds a run that ended, even if nobody heard of the end.
                    let ended = stream.state.as_ref().is_some_and(|state| state.result().is_some());
                    stream.epoch += u64::from(!ended);
                }
            }
        }
    }

    /// Takes over which sessions there are.
    pub(super) fn take_sessions(&mut self, there: Vec<(SessionId, i64, String)>) {
        let there: BTreeMap<SessionId, (i64, String)> =
            there.into_iter().map(|(id, until, info)| (id, (until, info))).collect();
        let before = std::mem::replace(&mut self.sessions, there);
        for (id, (_, whose)) in before {
            if !self.sessions.contains_key(&id) {
                self.ended.insert(whose);
            }
        }
        for stream in self.streams.values_mut() {
            if stream.holder.is_some_and(|holder| !self.sessions.contains_key(&holder)) {
                stream.holder = None;
            }
        }
    }

    /// Gives the fold of a run.
    pub(super) fn state(&self, run: &RunId) -> Option<&State> {
        self.streams.get(run.stream().as_str())?.state.as_ref()
    }

    /// Gives the runs with their folds.
    pub(super) fn states(&self) -> impl Iterator<Item = (&str, &State)> {
        self.streams
            .iter()
            .filter_map(|(name, stream)| Some((name.strip_prefix("run/")?, stream.state.as_ref()?)))
    }
}

impl Stream {
    /// Adds a record to the fold, if it can come next.
    pub(super) fn fold(
        &mut self,
        (name, record): (&str, &Record),
        blobs: &Blobs,
        wrong: &mut Vec<String>,
    ) {
        match (&mut self.state, record) {
            (None, Record::RunStarted(start)) if self.records.is_empty() => {
                self.state = state_of(start, blobs);
            }
            (Some(state), record) => {
                if !state.fits(record) {
                    wrong.push(format!("edge: {name} cannot go on with {record:?}"));
                }
                self.second_outcome(name, record, wrong);
                if let Some(state) = &mut self.state {
                    state.fold(record);
                }
            }
            (None, _) => {}
        }
        self.records.push(record.clone());
    }

    /// Refuses the end of a timer before its time.
    fn too_early(&self, name: &str, record: &Record, latest_ms: i64, wrong: &mut Vec<String>) {
        let (Some(state), Record::NodeSucceeded(key, ..)) = (&self.state, record) else { return };
        if let Some(Wait::Timer(due)) = state.wait(*key)
            && *due > latest_ms
        {
            wrong.push(format!("timer: {name} {key:?} was due at {due}, and fired at {latest_ms}"));
        }
    }

    /// Refuses a second outcome of one key.
    fn second_outcome(&self, name: &str, record: &Record, wrong: &mut Vec<String>) {
        let (Some(state), Record::NodeSucceeded(key, ..) | Record::NodeFailed(key, ..)) =
            (&self.state, record)
        else {
            return;
        };
        let status = state.node_status(*key);
        if !key.is_undo() && status.is_final() {
            wrong.push(format!("outcome: {name} {key:?} is {status} already, now {record:?}"));
        }
    }
}

fn state_of(start: &Start, blobs: &Blobs) -> Option<State> {
    let definition = match &start.definition {
        Payload::Blob(kind, digest, _) => Payload::Inline(*kind, blobs.get(digest)?.clone()),
        inline @ Payload::Inline(..) => inline.clone(),
    };
    let graph: Graph = definition.decode().ok()?;
    let program = Program::compile(graph).ok()?;
    Some(State::new(Arc::new(program), start.clone()))
}
