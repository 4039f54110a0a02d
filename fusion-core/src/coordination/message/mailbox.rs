//! Receiving: an agent's mailbox.

use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::error::TryRecvError;

use super::address;
use super::claims::{Claims, Coming, closed};
use super::delivery::Delivery;
use super::job::{How, Mark};
use super::line::End;
use super::options::MailboxOptions;
use super::parcel::Parcel;
use super::post::Post;
use super::settle::dead;
use super::topic::Topic;
use super::words::{Message, checked};
use super::write;
use crate::contract::{Store, Subscription};
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Op, Payload, limits};
use crate::run::session;

/// An agent's mailbox: what was sent to it is received here, by one process or by several. A message that one of them has
/// received goes to no other, until it is released or not acknowledged in time.
pub struct Mailbox {
    claims: Arc<Claims>,
    /// A claim that somebody has begun to wait for.
    coming: Option<Coming>,
    line: End,
    bell: Box<dyn Subscription>,
    /// The monotonic time, in nanoseconds, until which nothing can be claimed unless the bell rings.
    quiet_until: u64,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("name", &self.claims.name).finish_non_exhaustive()
    }
}

impl Post {
    /// Opens an agent's mailbox; the first time, it is made with the usual settings.
    ///
    /// # Errors
    /// `FU0102` when the name does not fit; the store's.
    pub async fn mailbox(&self, name: &str) -> Result<Mailbox> {
        let name = checked(name)?;
        if let Some(options) = address::mailbox(self.store().as_ref(), &name).await? {
            self.ready_to_read().await?;
            return Ok(Mailbox::new(self.clone(), name, options));
        }
        self.mailbox_with(&name, MailboxOptions::default()).await
    }

    /// Opens an agent's mailbox and sets it; it keeps what lies in it.
    ///
    /// # Errors
    /// `FU0101` when a setting is 0, `FU0102` when the name does not fit; the store's.
    pub async fn mailbox_with(&self, name: &str, options: MailboxOptions) -> Result<Mailbox> {
        let name = checked(name)?;
        if options.capacity == 0 || options.attempts == 0 || options.hold_ms == 0 {
            return Err(Error::new(Code::InvalidInput, "a setting of the mailbox is 0")
                .hint("capacity, attempts and hold_ms are 1 or more"));
        }
        self.ready_to_read().await?;
        let now = self.engine().env.now_ms();
        let ops = vec![address::open(&name, &options)?];
        self.store().commit(Batch { now, ops }).await?;
        Ok(Mailbox::new(self.clone(), name, options))
    }

    /// Opens the session, and puts back what processes of this machine held that are dead: it comes before what was sent since.
    async fn ready_to_read(&self) -> Result<()> {
        self.opened().await?;
        session::reap(self.engine()).await.map(drop)
    }

    /// Lists the agents that have a mailbox, by name, with what it is set to.
    pub async fn mailboxes(&self) -> Result<Vec<(Arc<str>, MailboxOptions)>> {
        address::mailboxes(self.store().as_ref()).await
    }

    /// Removes a mailbox with all that lies in it and all that it subscribed to. What was said stays in its channel.
    pub async fn remove_mailbox(&self, name: &str) -> Result<()> {
        let batch = address::remove(self.store().as_ref(), name, write::queue(name)).await?;
        let now = self.engine().env.now_ms();
        self.store().commit(Batch { now, ..batch }).await.map(|_| ())
    }
}

impl Mailbox {
    fn new(post: Post, name: Arc<str>, options: MailboxOptions) -> Self {
        let queue = write::queue(&name);
        let bell = post.store().bus().listen(&[&format!("queue/{queue}")]);
        let line = post.common().lines.open(&name);
        let claims = Arc::new(Claims { post, name, queue, options });
        Self { claims, coming: None, line, bell, quiet_until: 0 }
    }

    /// Gives the agent's name.
    pub fn name(&self) -> &str {
        &self.claims.name
    }

    /// Gives what it is set to.
    pub fn options(&self) -> &MailboxOptions {
        &self.claims.options
    }

    /// Subscribes to a topic, or to all that a pattern takes, from now on. It lasts until [`Mailbox::unsubscribe`].
    ///
    /// # Errors
    /// `FU0102` when it is no topic and no pattern.
    pub async fn subscribe(&self, topic: &str) -> Result<()> {
        self.change(address::subscribe(&self.claims.name, &Topic::pattern(topic)?)).await
    }

    /// Ends a subscription; does nothing when there is none.
    pub async fn unsubscribe(&self, topic: &str) -> Result<()> {
        self.change(address::unsubscribe(&self.claims.name, &Topic::pattern(topic)?)).await
    }

    async fn change(&self, op: Op) -> Result<()> {
        let now = self.claims.post.engine().env.now_ms();
        self.claims.post.store().commit(Batch { now, ops: vec![op] }).await.map(|_| ())
    }

    /// Waits for messages and gives those that are there, at most so many, those first that were sent first.
    ///
    /// Messages of one sender come in the order in which they were sent; those of a higher priority before others. One that
    /// comes back comes before all that were not delivered yet; while somebody holds it, or a dead process on another machine did until its
    /// lease ends, later ones go to whoever asks. Who needs that a message is done before the next one begins
    /// takes one at a time.
    pub async fn receive(&mut self, most: usize) -> Result<Vec<Delivery>> {
        loop {
            self.claims.post.engine().check_open()?;
            let found = self.receive_now(most).await?;
            if !found.is_empty() || most == 0 {
                return Ok(found);
            }
            let env = &self.claims.post.engine().env;
            let until = self.quiet_until.max(env.monotonic_ns());
            let line = self.line.clone();
            let heard = async move { line.lock().await.recv().await };
            tokio::select! {
                biased;
                message = heard => {
                    if let Some(message) = message {
                        return Ok(self.unrecorded(message, most));
                    }
                }
                () = self.bell.heard() => self.quiet_until = 0,
                () = env.sleep_until(until) => {}
            }
        }
    }

    /// Gives the messages that are there, at most so many; none, when there are none.
    pub async fn receive_now(&mut self, most: usize) -> Result<Vec<Delivery>> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let now = self.claims.post.engine().env.monotonic_ns();
        if self.bell.rang() || now >= self.quiet_until {
            let found = self.claim(most).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let first = self.line.try_lock().map(|mut line| line.try_recv());
        match first {
            Ok(Ok(message)) => Ok(self.unrecorded(message, most)),
            Ok(Err(TryRecvError::Empty | TryRecvError::Disconnected)) | Err(_) => Ok(Vec::new()),
        }
    }

    /// Takes what else is on the line.
    fn unrecorded(&self, first: Message, most: usize) -> Vec<Delivery> {
        let mut found = Vec::with_capacity(most.min(256));
        found.push(Delivery::unrecorded(first, &self.claims.post));
        if let Ok(mut line) = self.line.try_lock() {
            while found.len() < most
                && let Ok(message) = line.try_recv()
            {
                found.push(Delivery::unrecorded(message, &self.claims.post));
            }
        }
        found
    }

    async fn claim(&mut self, most: usize) -> Result<Vec<Delivery>> {
        let engine = self.claims.post.engine().clone();
        loop {
            if self.coming.is_none() {
                let now = engine.env.now_ms();
                let due = engine.store.next_due(std::slice::from_ref(&self.claims.queue)).await?;
                if due.is_none_or(|due| due > now) {
                    let nap = due.map_or(limits::POLL_MS, |due| due.saturating_sub(now));
                    let nap_ns = nap.clamp(1, limits::POLL_MS).unsigned_abs() * 1_000_000;
                    self.quiet_until = engine.env.monotonic_ns().saturating_add(nap_ns);
                    return Ok(Vec::new());
                }
                self.coming = Some(Claims::begin(&self.claims, most));
            }
            let Some(coming) = &mut self.coming else { continue };
            let come = coming.await;
            self.coming = None;
            let Some(mut found) = come.map_err(|_| closed())?? else { return Ok(Vec::new()) };
            // One that was begun for somebody who wanted more: the rest goes back.
            found.truncate(most);
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }

    /// Acknowledges messages together: they are done, and never delivered again.
    ///
    /// # Errors
    /// `FU0310` when one was held for too long or settled before; then none is acknowledged.
    pub async fn acknowledge(&self, deliveries: Vec<Delivery>) -> Result<()> {
        let marks: Vec<Mark> =
            deliveries.into_iter().filter_map(|given| given.settle(How::Done)).collect();
        if marks.is_empty() {
            return Ok(());
        }
        self.claims.post.write(Vec::new(), marks).await.map(|_| ())
    }

    /// Counts the parcels that lie in it, up to a number, those included that somebody holds.
    pub async fn waiting(&self, most: usize) -> Result<usize> {
        Ok(self.claims.post.store().entries(&self.claims.queue, 0, most).await?.len())
    }

    /// Lists messages that were delivered too often, at most so many.
    pub async fn dead(&self, most: usize) -> Result<Vec<Message>> {
        let mut found = Vec::new();
        for entry in self.claims.post.store().entries(&dead(&self.claims.name), 0, most).await? {
            for item in Parcel::decode(&entry.body)?.items {
                found.push(load(self.claims.post.store(), &item.message).await?);
            }
        }
        Ok(found)
    }

    /// Puts messages that were delivered too often back into the mailbox, as new ones. Gives how many.
    pub async fn revive(&self, most: usize) -> Result<usize> {
        let mut count = 0;
        let mut ops = Vec::new();
        for entry in self.claims.post.store().entries(&dead(&self.claims.name), 0, most).await? {
            let parcel = Parcel { before: 0, origin: 0, ..Parcel::decode(&entry.body)? };
            count += parcel.items.len();
            let (body, blobs) = (parcel.encode()?, parcel.blobs());
            let (queue, priority) = (self.claims.queue.clone(), entry.priority);
            let anew = crate::model::Enqueue { queue, priority, body, blobs, ..Default::default() };
            ops.extend([Op::Enqueue(anew), Op::Complete(entry.ticket())]);
        }
        if count > 0 {
            let now = self.claims.post.engine().env.now_ms();
            self.claims.post.store().commit(Batch { now, ops }).await?;
        }
        Ok(count)
    }

    /// Deletes the messages that were delivered too often.
    pub async fn forget_dead(&self) -> Result<()> {
        self.change(Op::Purge(dead(&self.claims.name))).await
    }
}

/// Reads a stored message.
pub(super) async fn load(store: &Arc<dyn Store>, stored: &Payload) -> Result<Message> {
    let bytes = match stored {
        Payload::Inline(_, bytes) => bytes.clone(),
        Payload::Blob(_, digest, _) => store.blob(*digest).await?.ok_or_else(|| {
            Error::new(Code::Codec, format!("the bytes of a message are gone: blob {digest}"))
        })?,
    };
    Message::from_json(&bytes)
        .map_err(|error| Error::new(Code::Codec, "a stored message cannot be read").because(error))
}
