//! What is handed to the post: messages to be sent, and deliveries that are settled.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::options::Sent;
use super::settle::Held;
use super::words::{Message, Recipient, direct};
use crate::error::Result;
use crate::model::{Digest, Op, Payload, PayloadKind, SessionId, limits};

/// A message that is to be sent.
#[derive(Debug, Clone)]
pub(super) struct Out {
    pub message: Arc<Message>,
    /// Its JSON form as it is stored.
    pub stored: Payload,
    /// The bytes of that form, when they live in a blob.
    pub blob: Option<(Digest, Bytes)>,
    /// The sender named it: it is sent once.
    pub named: bool,
    /// The session that waits for its answer.
    pub asker: Option<SessionId>,
    /// The session that waits for this answer.
    pub waiter: Option<SessionId>,
    /// The mailboxes that it goes to, each with how many parcels it takes.
    pub copies: Vec<(Arc<str>, u32)>,
    /// Its channel has it already.
    pub told: bool,
    /// One of this name was sent before.
    pub duplicate: bool,
}

impl Out {
    pub(super) fn new(message: Message, named: bool) -> Result<Self> {
        let json = message.to_json()?;
        let len = json.len() as u64;
        let (stored, blob) = if json.len() > limits::INLINE_BYTES {
            let digest = Digest::of(&json);
            (Payload::Blob(PayloadKind::Json, digest, len), Some((digest, json)))
        } else {
            (Payload::from_json_bytes(json), None)
        };
        Ok(Self {
            message: Arc::new(message),
            stored,
            blob,
            named,
            asker: None,
            waiter: None,
            copies: Vec::new(),
            told: false,
            duplicate: false,
        })
    }

    pub(super) fn blob_op(&self) -> Option<Op> {
        self.blob.clone().map(|(digest, bytes)| Op::Blob(digest, bytes))
    }

    /// Names the channel in which it is kept.
    pub(super) fn channel(&self) -> Arc<str> {
        channel(&self.message, self.copies.first().map(|(name, _)| name))
    }

    /// Tells whether it goes to whoever is there, so that one full mailbox holds up no other.
    pub(super) fn spreads(&self) -> bool {
        matches!(self.message.recipient, Recipient::Topic(_) | Recipient::All)
    }

    pub(super) fn sent(&self) -> Sent {
        Sent {
            id: self.message.id().into(),
            to: self.copies.iter().map(|(name, _)| name.clone()).collect(),
            full: Vec::new(),
            duplicate: self.duplicate,
        }
    }
}

/// Names the channel of a message that went to an agent.
pub(super) fn channel(message: &Message, got: Option<&Arc<str>>) -> Arc<str> {
    message.recipient.channel().unwrap_or_else(|| match got {
        Some(name) => direct(name),
        None => "@".into(),
    })
}

/// How a delivery is settled.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// It is done.
    Done,
    /// It is delivered again: at once, or not before this time.
    Again(Option<i64>),
    /// It is delivered again as if it had not been delivered: nobody has seen it.
    Unseen,
    /// It was delivered too often.
    Dead,
    /// It came too late.
    Expired,
}

/// One message of a parcel is settled.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub held: Arc<Held>,
    /// Its place in the parcel.
    pub at: usize,
    pub how: How,
}

impl Mark {
    /// Gives the message's name and its channel.
    pub(super) fn name(&self) -> (Arc<str>, Arc<str>) {
        self.held.names.get(self.at).cloned().unwrap_or_else(|| ("".into(), "@".into()))
    }
}

/// What is written together.
pub(super) struct Job {
    pub outs: Vec<Out>,
    pub marks: Vec<Mark>,
    pub done: Option<oneshot::Sender<Result<Vec<Sent>>>>,
}

impl Job {
    pub(super) fn answer(self, answer: Result<Vec<Sent>>) {
        match self.done {
            // Whoever asked may be gone.
            Some(done) => drop(done.send(answer)),
            None => {
                if let Err(error) = answer {
                    tracing::debug!(%error, "a delivery was not given back");
                }
            }
        }
    }
}
