//! Messages to runs, as the bodies of queue entries.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Code, Error, Result};
use crate::model::{Enqueue, Message, Op, Payload, RunId, SessionId, Verdict};

/// The queue of runs that any process can drive.
pub(crate) const RUNS: &str = "runs";

/// Names the queue of runs that rest until some process has the code of a step.
pub(crate) fn step_queue(step: &str) -> Arc<str> {
    format!("step/{step}").into()
}

/// Names the one queue entry of a run.
pub(crate) fn run_key(run: &RunId) -> Arc<str> {
    format!("run/{run}").into()
}

/// Makes the queue entry of a run; the session, if one is given, holds it from the start.
pub(crate) fn run_entry(run: &RunId, session: Option<SessionId>, now: i64) -> Enqueue {
    Enqueue {
        queue: RUNS.into(),
        dedup: Some(run_key(run)),
        due: now,
        stream: Some(run.stream().into()),
        session,
        ..Enqueue::default()
    }
}

/// Makes the operation that says something to a run and wakes whoever drives it.
pub(crate) fn say(run: &RunId, message: &Message) -> Result<Op> {
    let mut blobs = Vec::new();
    if let Message::Signal(_, Payload::Blob(_, digest, _))
    | Message::Resolve(_, Verdict::Done(Payload::Blob(_, digest, _)), _, _)
    | Message::ChildDone(_, _, Ok(Payload::Blob(_, digest, _))) = message
    {
        blobs.push(*digest);
    }
    Ok(Op::Enqueue(Enqueue {
        queue: run.inbox().into(),
        // All are due from the beginning, so that they come in the order in which they were sent, also when there are more
        // than are read at once and the clock was set back in between.
        due: 0,
        body: encode(message)?,
        blobs,
        wake: Some((run_key(run), RUNS.into())),
        ..Enqueue::default()
    }))
}

fn encode(message: &Message) -> Result<Bytes> {
    rmp_serde::to_vec(message)
        .map(Bytes::from)
        .map_err(|e| Error::new(Code::Internal, "a message cannot be encoded").because(e))
}

/// Reads the body of an inbox entry.
pub(crate) fn decode(body: &[u8]) -> Result<Message> {
    rmp_serde::from_slice(body).map_err(|e| {
        Error::new(Code::Codec, "a message in a run's inbox cannot be read").because(e)
    })
}
