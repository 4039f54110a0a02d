//! What is said to an object from elsewhere, and the answers.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use super::ask::{Answer, Ask, Asker, Said};
use super::names::{Name, answers, queue};
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Enqueue, Entry, Op, SessionId, limits};
use crate::run::engine::Shared;

/// Who waits for an answer from elsewhere.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<BTreeMap<String, oneshot::Sender<Answer>>>);

impl Waiters {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, oneshot::Sender<Answer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encode(value: &impl Serialize) -> Result<Bytes> {
    rmp_serde::to_vec(value)
        .map(Bytes::from)
        .map_err(|e| Error::new(Code::Internal, "a message cannot be encoded").because(e))
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    rmp_serde::from_slice(body).map_err(|e| {
        Error::new(Code::Codec, "a message of an object's inbox cannot be read").because(e)
    })
}

/// Makes the operations that say something to an object, which is made if it is not there, and wake it.
pub(super) fn say(name: &Name, said: &Said) -> Result<Vec<Op>> {
    Ok(vec![
        Op::Enqueue(name.entry(None, i64::MAX)),
        Op::Enqueue(Enqueue {
            queue: name.inbox(),
            // Due from the beginning, so that they come in the order in which they were sent.
            due: 0,
            body: encode(said)?,
            wake: Some((name.stream.clone(), queue(&name.kind))),
            ..Enqueue::default()
        }),
    ])
}

/// Reads an entry of an inbox.
pub(super) fn read(entry: &Entry) -> Result<Ask> {
    let said: Said = decode(&entry.body)?;
    let asker = match said.asker.clone() {
        Some((session, call)) => Asker::There(session, call),
        None => Asker::Nobody,
    };
    Ok(Ask { said, asker, from: Some(entry.ticket()), timer: false })
}

/// Makes the operation that answers a caller elsewhere; the answer goes when he does.
pub(super) fn answer(session: u64, call: &str, answer: &Answer) -> Result<Op> {
    let text = match answer {
        Ok((value, seq)) => Ok((value.to_string(), *seq)),
        Err(failure) => Err(failure.clone()),
    };
    Ok(Op::Enqueue(Enqueue {
        queue: answers(SessionId(session)),
        body: encode(&(call, text))?,
        session: Some(SessionId(session)),
        ephemeral: true,
        ..Enqueue::default()
    }))
}

/// Takes in the answers that came to this process.
pub(super) async fn hear(engine: &Shared, waiters: &Waiters) -> Result<()> {
    let queue = answers(engine.session);
    loop {
        let entries = engine.store.entries(&queue, 0, limits::INBOX_MESSAGES).await?;
        if entries.is_empty() {
            return Ok(());
        }
        let ops = entries.iter().map(|entry| Op::Complete(entry.ticket())).collect();
        engine.store.commit(Batch { now: engine.env.now_ms(), ops }).await?;
        for entry in entries {
            type Text = std::result::Result<(String, u64), crate::model::Failure>;
            let (call, text): (String, Text) = decode(&entry.body)?;
            let answer = text.and_then(|(value, seq)| Ok((serde_json::from_str(&value)?, seq)));
            if let Some(waiter) = waiters.lock().remove(&call) {
                let _gone = waiter.send(answer);
            }
        }
    }
}
