//! Looking at a run: why it does not move, its capsule, its replay.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Fusion, Run};
use crate::error::{Code, Error, Result};
use crate::graph::template::Redactor;
use crate::model::{
    Decided, Digest, Input, Key, Message, NodeIx, NodeStatus, Payload, PayloadKind, Record,
    Stamped, Start, limits,
};
use crate::observe::{self, Holder, Replay, Why};
use crate::record::capsule::Capsule;
use crate::run::message::{decode, run_key};
use crate::run::{adopt, slot};
use crate::schedule::State;

/// How many records are read at once.
const PAGE: usize = 10_000;

impl Run {
    /// Tells why the run does not move; for a run that waits for others, theirs follow.
    pub async fn why(&self) -> Result<Vec<Why>> {
        let mut all = Vec::new();
        let mut run = self.clone();
        loop {
            let state = run.state().await?;
            let mut holder = run.holder().await?;
            let (_, cancel) = state.asked();
            if state.result().is_none() && (state.culprit().is_some() || cancel.is_some()) {
                holder.undoes = undoing(run.state().await?, self.engine.env.now_ms());
            }
            if let Some(key) = observe::startable(&state) {
                holder.slots = slot::taken(&run.engine, &state, &run.id, key).await?;
            }
            let mut why = observe::why(&run.id, &state, &holder, self.engine.env.now_ms());
            if state.result().is_none()
                && let Some(trouble) = run.trouble()
            {
                why.sentence = format!("run `{}` cannot be written: {}", run.id, trouble.message());
                why.hint = Some("make space: it goes on by itself".to_owned());
            }
            let child = why.child.clone();
            all.push(why);
            match child {
                Some(child) if all.len() < 64 => run = Self::new(self.engine.clone(), child),
                _ => return Ok(all),
            }
        }
    }

    async fn holder(&self) -> Result<Holder> {
        let mut holder = self.keeper().await?;
        let entries =
            self.engine.store.entries(&self.id.inbox(), 0, limits::INBOX_MESSAGES).await?;
        let said = entries.iter().filter_map(|entry| decode(&entry.body).ok());
        holder.unheard = said.map(|said| words(&said)).collect();
        Ok(holder)
    }

    async fn keeper(&self) -> Result<Holder> {
        let Some(entry) = self.engine.store.entry(&run_key(&self.id)).await? else {
            return Ok(Holder { gone: true, ..Holder::default() });
        };
        let needs_step = entry.queue.strip_prefix("step/").map(str::to_owned);
        let Some(session) = entry.session else {
            return Ok(Holder { needs_step, due: entry.due, ..Holder::default() });
        };
        let sessions = self.engine.store.sessions().await?;
        let found = sessions.into_iter().find(|(id, _, _)| *id == session);
        let late = found.as_ref().is_none_or(|(_, until, _)| *until < self.engine.env.now_ms());
        let info = found.map(|(_, _, info)| info).unwrap_or_default();
        let is_dead = late || self.engine.env.is_dead(&info);
        Ok(Holder { held_by: Some(info), is_dead, due: entry.due, ..Holder::default() })
    }

    /// Reads all records of the run.
    pub async fn records(&self) -> Result<Vec<Stamped>> {
        let mut all: Vec<Stamped> = Vec::new();
        loop {
            let after = all.last().map_or(0, |stamped| stamped.seq);
            let page = self.journal(after, PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Packs the run into one file: definition, journal, payloads, hash-chained, secrets removed.
    pub async fn export(&self) -> Result<Vec<u8>> {
        let records = self.records().await?;
        let mut blobs = BTreeMap::new();
        let named: BTreeSet<Digest> =
            records.iter().flat_map(|stamped| stamped.record.payloads()).filter_map(blob).collect();
        for digest in named {
            if let Some(bytes) = self.engine.store.blob(digest).await? {
                blobs.insert(digest, bytes);
            }
        }
        let mut capsule = Capsule { run: self.id.clone(), records, blobs };
        redact(&mut capsule, &self.redactor().await?);
        capsule.write()
    }

    /// Gives what takes the secrets out that the run's definition names, whoever used them.
    pub(super) async fn redactor(&self) -> Result<Redactor> {
        let first = self.journal(0, 1).await?.into_iter().next();
        if let Some(Record::RunStarted(start)) = first.map(|stamped| stamped.record) {
            adopt::program(&self.engine, &start).await?;
        }
        Ok(self.engine.secrets.redactor())
    }

    /// Folds the run's journal again and compares what comes out with what was recorded. Nothing is executed.
    pub async fn replay(&self) -> Result<Replay> {
        let records = self.records().await?;
        let state = self.state().await?;
        observe::replay(&self.id, state.program(), &records)
    }
}

impl Fusion {
    /// Reads a capsule, checks its hashes, and folds it; needs nothing but the file.
    ///
    /// # Errors
    /// `FU0311` when it is no capsule, was changed or is cut off.
    pub fn replay_capsule(bytes: &[u8]) -> Result<Replay> {
        let capsule = Capsule::read(bytes)?;
        let Some(Record::RunStarted(start)) =
            capsule.records.first().map(|stamped| &stamped.record)
        else {
            return Err(Error::new(
                Code::Codec,
                "the capsule does not begin with the start of a run",
            ));
        };
        let definition = loaded(start, &capsule)?;
        let graph: crate::model::Graph = definition.decode().map_err(|error| {
            Error::new(Code::Codec, "the definition in the capsule cannot be read").because(error)
        })?;
        let program = crate::graph::Program::compile(graph)?;
        observe::replay(&capsule.run, &Arc::new(program), &capsule.records)
    }
}

/// Names the node that an owner of the run would undo now.
fn undoing(mut state: State, now: i64) -> Option<String> {
    state.decide(Input::Adopted, now, &mut Decided::default());
    let nodes = (0..state.program().len()).filter_map(|ix| u32::try_from(ix).ok()).map(NodeIx);
    let mut open = nodes.filter(|node| {
        let status = state.node_status(Key::undo(*node));
        matches!(status, NodeStatus::Ready | NodeStatus::Running | NodeStatus::Retrying)
    });
    open.next().map(|node| state.program().name(node).to_owned())
}

/// Names what was said to a run.
fn words(said: &Message) -> String {
    match said {
        Message::Signal(name, _) => format!("the signal `{name}`"),
        Message::Answer(_, answer) if answer.approved => format!("an approval by {}", answer.by),
        Message::Answer(_, answer) => format!("a rejection by {}", answer.by),
        Message::Pause(by) => format!("a pause by {by}"),
        Message::Resume(by) => format!("a resume by {by}"),
        Message::Cancel(by, _) => format!("a cancel by {by}"),
        Message::Resolve(_, _, by, _) => format!("a verdict by {by}"),
        Message::ChildDone(_, child, _) => format!("the end of run `{child}`"),
    }
}

fn loaded(start: &Start, capsule: &Capsule) -> Result<Payload> {
    match &start.definition {
        Payload::Blob(kind, digest, _) => match capsule.blobs.get(digest) {
            Some(bytes) => Ok(Payload::Inline(*kind, bytes.clone())),
            None => Err(Error::new(Code::Codec, "the capsule does not hold the run's definition")),
        },
        inline @ Payload::Inline(..) => Ok(inline.clone()),
    }
}

fn blob(payload: &Payload) -> Option<Digest> {
    match payload {
        Payload::Blob(_, digest, _) => Some(*digest),
        Payload::Inline(..) => None,
    }
}

/// Takes secrets out of every value. Outputs and errors were cleaned when they were recorded; this is for inputs and
/// signals that brought a secret in by another door.
fn redact(capsule: &mut Capsule, redactor: &Redactor) {
    if redactor.is_empty() {
        return;
    }
    let mut renamed = BTreeMap::new();
    for (digest, bytes) in std::mem::take(&mut capsule.blobs) {
        let clean = redactor.payload(Payload::Inline(PayloadKind::Json, bytes));
        let bytes = clean.bytes().cloned().unwrap_or_default();
        let name = Digest::of(&bytes);
        renamed.insert(digest, (name, bytes.len() as u64));
        capsule.blobs.insert(name, bytes);
    }
    for stamped in &mut capsule.records {
        for payload in stamped.record.payloads_mut() {
            let clean = match &*payload {
                Payload::Blob(kind, digest, len) => {
                    let (name, len) = renamed.get(digest).copied().unwrap_or((*digest, *len));
                    Payload::Blob(*kind, name, len)
                }
                inline @ Payload::Inline(..) => redactor.payload(inline.clone()),
            };
            *payload = clean;
        }
    }
}
