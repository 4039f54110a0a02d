//! The batch that begins a run: its first record, its queue entry, its row in the list.

use std::sync::Arc;

use serde_json::Value;

use super::message::run_entry;
use super::row;
use crate::contract::{Bus, Subscription};
use crate::error::Result;
use crate::graph::{Definition, Program};
use crate::model::{
    Append, Op, Origin, Payload, PayloadKind, Record, RunId, RunRow, RunStatus, SessionId, Start,
    limits,
};

/// Where the definition of a run is.
pub(crate) enum Defined {
    /// It comes with the run; the store has it once, however many runs there are.
    New(Definition),
    /// Another run of the store has it.
    Stored(Payload),
}

/// A run that is about to begin.
pub(crate) struct Begin {
    pub id: RunId,
    pub start: Start,
    pub program: Arc<Program>,
    /// The blobs that its first record names.
    blobs: Vec<Op>,
    /// Rings for what others say to the run; from before the batch on, when it is driven here.
    pub bell: Option<Box<dyn Subscription>>,
}

impl Begin {
    /// Puts a run together: the graph is checked and compiled, the input has its defaults.
    pub(crate) fn new(
        id: RunId,
        program: Arc<Program>,
        definition: Defined,
        input: &Value,
        origin: Option<Origin>,
    ) -> Self {
        let graph = program.graph();
        let mut blobs = Vec::new();
        let definition = match definition {
            Defined::New(made) if made.json().len() > limits::DEFINITION_INLINE_BYTES => {
                blobs.push(Op::Blob(made.digest(), made.json().clone()));
                Payload::Blob(PayloadKind::Json, made.digest(), made.json().len() as u64)
            }
            Defined::New(made) => Payload::from_json_bytes(made.json().clone()),
            Defined::Stored(payload) => payload,
        };
        let start = Start {
            workflow: graph.name.clone(),
            version: graph.version,
            definition,
            input: externalise(Payload::value(input), &mut blobs),
            origin,
        };
        Self { id, start, program, blobs, bell: None }
    }

    /// Listens to what others say to the run. Nobody can say anything before it is there.
    #[must_use]
    pub(crate) fn listening(self, bus: &dyn Bus) -> Self {
        Self { bell: Some(bus.listen(&[&format!("queue/{}", self.id.inbox())])), ..self }
    }

    /// Makes the operations; `records` follow the first one. The session, if one is given, holds the run from the start.
    pub(crate) fn ops(
        &self,
        records: Vec<Record>,
        session: Option<SessionId>,
        now: i64,
    ) -> Result<Vec<Op>> {
        let stream: Arc<str> = self.id.stream().into();
        let mut all = vec![Record::RunStarted(Box::new(self.start.clone()))];
        all.extend(records);
        let mut ops = self.blobs.clone();
        ops.extend(appends(&stream, (0, 0), all));
        ops.push(Op::Enqueue(run_entry(&self.id, session, now)));
        ops.push(row::put(&self.id, &self.row(now), 0)?);
        Ok(ops)
    }

    fn row(&self, now: i64) -> RunRow {
        row::of(&self.start, RunStatus::Running, now)
    }
}

/// Makes the operations that append records at a place and epoch: a row of the journal takes only so many.
pub(crate) fn appends(
    stream: &Arc<str>,
    (mut expect, epoch): (u64, u64),
    mut records: Vec<Record>,
) -> Vec<Op> {
    let mut ops = Vec::new();
    loop {
        let rest = records.split_off(records.len().min(limits::APPEND_RECORDS));
        let count = records.len() as u64;
        ops.push(Op::Append(Append { stream: stream.clone(), expect, epoch, records }));
        expect += count;
        if rest.is_empty() {
            return ops;
        }
        records = rest;
    }
}

/// Moves a large value to the blobs.
pub(crate) fn externalise(payload: Payload, ops: &mut Vec<Op>) -> Payload {
    match payload {
        Payload::Inline(kind, bytes) if bytes.len() > limits::INLINE_BYTES => {
            let digest = crate::model::Digest::of(&bytes);
            let len = bytes.len() as u64;
            ops.push(Op::Blob(digest, bytes));
            Payload::Blob(kind, digest, len)
        }
        small => small,
    }
}
