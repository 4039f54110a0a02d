//! One message that was received.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;

use super::job::{How, Job, Mark, Out};
use super::options::Sent;
use super::post::{Note, Post};
use super::settle::Held;
use super::words::{Message, Recipient, typed};
use crate::error::{Code, Error, Result};
use crate::model::{Payload, SessionId};

/// A message that was received and is to be acknowledged. One that is dropped without that goes back to its mailbox.
pub struct Delivery {
    message: Message,
    attempt: u32,
    asker: Option<u64>,
    /// Nothing, when nobody recorded the message or it was settled.
    held: Option<(Arc<Held>, usize)>,
    post: Post,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.message)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl Deref for Delivery {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl Delivery {
    pub(super) fn recorded(
        message: Message,
        held: (Arc<Held>, usize),
        asker: Option<u64>,
        post: &Post,
    ) -> Self {
        let attempt = held.0.state().delivery;
        Self { message, attempt, asker, held: Some(held), post: post.clone() }
    }

    pub(super) fn unrecorded(message: Message, post: &Post) -> Self {
        Self { message, attempt: 1, asker: None, held: None, post: post.clone() }
    }

    /// Gives the message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Tells how often the message was delivered, this time included.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Decodes the content.
    ///
    /// # Errors
    /// `FU0101` when it does not fit the type.
    pub fn decode<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        self.message.content.decode().map_err(|error| {
            let text = format!("the content of message `{}` does not fit", self.message.id());
            Error::new(Code::InvalidInput, text).because(error)
        })
    }

    /// Takes what is held, to settle it.
    pub(super) fn settle(mut self, how: How) -> Option<Mark> {
        self.held.take().map(|(held, at)| Mark { held, at, how })
    }

    /// Says that the message is done: it is never delivered again.
    ///
    /// # Errors
    /// `FU0310` when it was held for too long, so that somebody else may have it.
    pub async fn acknowledge(self) -> Result<()> {
        self.write(Vec::new(), How::Done).await.map(|_| ())
    }

    /// Gives the message back: it is delivered again, at once or after a pause in milliseconds.
    pub async fn release(self, pause_ms: u64) -> Result<()> {
        let now = self.post.engine().env.now_ms();
        let due = (pause_ms > 0).then(|| now.saturating_add_unsigned(pause_ms));
        self.write(Vec::new(), How::Again(due)).await.map(|_| ())
    }

    /// Answers the message and acknowledges it, both or none of both. The answer goes to whoever waits for it, or else into
    /// the sender's mailbox; if there is none, it is only recorded.
    ///
    /// # Errors
    /// As [`Delivery::acknowledge`] and [`Post::send`].
    pub async fn reply<T: Serialize + ?Sized>(
        self,
        message_type: &str,
        content: &T,
    ) -> Result<Sent> {
        let content = Payload::json(content).map_err(|error| {
            Error::new(Code::InvalidInput, "the content of the answer cannot be JSON")
                .because(error)
        })?;
        let from = match &self.held {
            Some((held, _)) => held.agent.clone(),
            None => self.message.recipient.to_string().into(),
        };
        let to = Recipient::Agent(self.message.sender.clone());
        let mut answer = Message::of(from, to, typed(message_type)?, content);
        answer.reply_to = self.message.id.clone();
        let named = self.post.stamp(&mut answer);
        let mut out = Out::new(answer, named)?;
        // Somebody who does not wait is answered as one who does no more.
        out.waiter = Some(SessionId(self.asker.unwrap_or(self.post.engine().session.0)));
        let mut sent = self.write(vec![out], How::Done).await?;
        sent.pop().ok_or_else(|| Error::new(Code::Internal, "an answer was not sent"))
    }

    async fn write(mut self, outs: Vec<Out>, how: How) -> Result<Vec<Sent>> {
        let held = self.held.take();
        let marks: Vec<Mark> = held.into_iter().map(|(held, at)| Mark { held, at, how }).collect();
        if marks.is_empty() && outs.is_empty() {
            return Ok(Vec::new());
        }
        self.post.write(outs, marks).await
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some((held, at)) = self.held.take() {
            let marks = vec![Mark { held, at, how: How::Again(None) }];
            self.post.note(Note::Job(Job { outs: Vec::new(), marks, done: None }));
        }
    }
}
