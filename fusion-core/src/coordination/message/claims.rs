//! Taking messages out of the store.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::delivery::Delivery;
use super::job::{How, Mark, channel};
use super::mailbox::load;
use super::options::MailboxOptions;
use super::parcel::Parcel;
use super::post::{Note, Post};
use super::settle::Held;
use super::words::Message;
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Claim, Entry, Op};

/// Takes messages out of the store for one mailbox.
pub(super) struct Claims {
    pub(super) post: Post,
    pub(super) name: Arc<str>,
    pub(super) queue: Arc<str>,
    pub(super) options: MailboxOptions,
}

/// Messages that come; none at all, when there was nothing to claim.
pub(super) type Coming = oneshot::Receiver<Result<Option<Vec<Delivery>>>>;

impl Claims {
    /// Begins a claim. It comes to its end whatever becomes of whoever waits for it, or nobody would hold what it took; what
    /// nobody waits for any more goes back.
    pub(super) fn begin(claims: &Arc<Self>, most: usize) -> Coming {
        let (send, coming) = oneshot::channel();
        let its = claims.clone();
        claims.post.engine().env.spawn(Box::pin(async move {
            let _ = send.send(its.claim(most).await);
        }));
        coming
    }

    async fn claim(&self, most: usize) -> Result<Option<Vec<Delivery>>> {
        let engine = self.post.engine();
        let now = engine.env.now_ms();
        let queues = vec![self.queue.clone()];
        let claim = Claim { queues, limit: most, session: engine.session };
        let receipt = engine.store.commit_here(Batch { now, ops: vec![Op::Claim(claim)] }).await?;
        if receipt.claimed.is_empty() {
            return Ok(None);
        }
        self.open(&receipt.claimed, most, now).await.map(Some)
    }

    /// Takes the messages out of claimed entries. What is too old, was delivered too often, or is more than was asked for, is
    /// settled at once.
    async fn open(&self, entries: &[Entry], most: usize, now: i64) -> Result<Vec<Delivery>> {
        let (mut found, mut marks) = (Vec::new(), Vec::new());
        let hold_ns = self.options.hold_ms.saturating_mul(1_000_000);
        let until = self.post.engine().env.monotonic_ns().saturating_add(hold_ns);
        for entry in entries {
            let (held, messages) = match self.read(entry).await {
                Ok(read) => read,
                Err(error) if error.code() == Code::Codec => {
                    self.bury(entry, &error).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let delivery = held.state().delivery;
            self.post.note(Note::Watch(until, Arc::downgrade(&held)));
            for (at, (message, asker)) in messages.into_iter().enumerate() {
                let how = if message.is_expired(now) {
                    How::Expired
                } else if delivery > self.options.attempts {
                    How::Dead
                } else if found.len() >= most {
                    How::Unseen
                } else {
                    let given = Delivery::recorded(message, (held.clone(), at), asker, &self.post);
                    found.push(given);
                    continue;
                };
                marks.push(Mark { held: held.clone(), at, how });
            }
        }
        if !marks.is_empty() {
            self.post.write(Vec::new(), marks).await?;
        }
        Ok(found)
    }

    async fn read(&self, entry: &Entry) -> Result<(Arc<Held>, Vec<(Message, Option<u64>)>)> {
        let parcel = Parcel::decode(&entry.body)?;
        let mut messages = Vec::with_capacity(parcel.items.len());
        for item in &parcel.items {
            let message = load(self.post.store(), &item.message).await?;
            messages.push((message, item.asker));
        }
        let name = |message: &Message| {
            (Arc::<str>::from(message.id()), channel(message, Some(&self.name)))
        };
        let names = messages.iter().map(|(message, _)| name(message)).collect();
        Ok((Arc::new(Held::new(self.name.clone(), entry, parcel, names)), messages))
    }

    async fn bury(&self, entry: &Entry, error: &Error) -> Result<()> {
        tracing::error!(agent = %self.name, %error, "a message is put aside");
        let now = self.post.engine().env.now_ms();
        let ops = vec![Op::Bury(entry.ticket(), error.to_string())];
        self.post.store().commit(Batch { now, ops }).await.map(|_| ())
    }
}

pub(super) fn closed() -> Error {
    Error::new(Code::Closed, "the engine was closed")
}
