//! The one writer of a process: what many send and acknowledge at the same time goes into one batch.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::{mpsc, oneshot};

use super::clerk::Clerk;
use super::ids::Ids;
use super::job::{Job, Mark, Out};
use super::line::Lines;
use super::options::Sent;
use super::request::Waiters;
use super::settle::Held;
use super::words::Message;
use crate::contract::Store;
use crate::error::{Code, Error, Result};
use crate::model::limits;
use crate::run::engine::Shared;
use crate::run::session;

/// Sends and settles for one engine. Cheap to clone.
#[derive(Clone)]
pub struct Post(Arc<Inner>);

struct Inner {
    common: Arc<Common>,
    sends: mpsc::Sender<Job>,
    notes: mpsc::UnboundedSender<Note>,
    ear: tokio::sync::OnceCell<()>,
    /// Keeps the engine at work for as long as somebody receives.
    _keep: Box<dyn Any + Send + Sync>,
}

/// What the writer and those who hand work to it share.
pub(super) struct Common {
    pub engine: Arc<Shared>,
    pub ids: Ids,
    pub lines: Lines,
    pub waiters: Waiters,
}

/// What is noted without waiting: at most one for each message that is held.
pub(super) enum Note {
    /// Settle deliveries.
    Job(Job),
    /// Look after a parcel, and give back at this monotonic time what nobody acknowledged.
    Watch(u64, Weak<Held>),
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Post of {:?}", self.0.common.engine)
    }
}

impl Post {
    /// Begins to write for an engine, which `keep` keeps at work.
    pub(crate) fn new(engine: &Arc<Shared>, keep: Box<dyn Any + Send + Sync>) -> Self {
        let (sends, jobs) = mpsc::channel(limits::POST_JOBS);
        let (notes, settled) = mpsc::unbounded_channel();
        let ids = Ids::new(engine.env.random());
        let common = Arc::new(Common {
            engine: engine.clone(),
            ids,
            lines: Lines::default(),
            waiters: Waiters::default(),
        });
        let clerk = Clerk::new(common.clone(), jobs, settled);
        engine.env.spawn(Box::pin(async move { clerk.work().await }));
        Self(Arc::new(Inner {
            common,
            sends,
            notes,
            ear: tokio::sync::OnceCell::new(),
            _keep: keep,
        }))
    }

    pub(super) fn engine(&self) -> &Arc<Shared> {
        &self.0.common.engine
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.engine().store
    }

    pub(super) fn common(&self) -> &Arc<Common> {
        &self.0.common
    }

    pub(super) fn ear(&self) -> &tokio::sync::OnceCell<()> {
        &self.0.ear
    }

    /// Opens the engine's session, under which messages are held.
    pub(super) async fn opened(&self) -> Result<()> {
        session::open(self.engine()).await
    }

    /// Gives a message its name and its time.
    pub(super) fn stamp(&self, message: &mut Message) -> bool {
        let now = self.engine().env.now_ms();
        let named = message.id.is_some();
        if !named {
            message.id = Some(self.0.common.ids.next(now));
        }
        message.timestamp = now;
        named
    }

    /// Sends a message: when this returns, it is recorded and lies in the mailboxes of its recipients.
    ///
    /// # Errors
    /// `FU0104` when there is no such mailbox, `FU0106` when it is full; the store's.
    pub async fn send(&self, message: Message) -> Result<Sent> {
        let mut sent = self.send_all(vec![message]).await?;
        sent.pop().ok_or_else(gone)
    }

    /// Sends messages together: all of them or none.
    ///
    /// # Errors
    /// As [`Post::send`].
    pub async fn send_all(&self, messages: Vec<Message>) -> Result<Vec<Sent>> {
        self.opened().await?;
        let mut outs = Vec::with_capacity(messages.len());
        for mut message in messages {
            let named = self.stamp(&mut message);
            outs.push(Out::new(message, named)?);
        }
        self.write(outs, Vec::new()).await
    }

    /// Has something written, and waits until it is.
    pub(super) async fn write(&self, outs: Vec<Out>, marks: Vec<Mark>) -> Result<Vec<Sent>> {
        let (done, answer) = oneshot::channel();
        let job = Job { outs, marks, done: Some(done) };
        let handed = if job.outs.is_empty() {
            self.0.notes.send(Note::Job(job)).is_ok()
        } else {
            self.0.sends.send(job).await.is_ok()
        };
        if !handed {
            return Err(gone());
        }
        answer.await.map_err(|_| gone())?
    }

    /// Has something noted; nobody waits for it.
    pub(super) fn note(&self, note: Note) {
        // When the writer is gone, the leases end with their session.
        let _gone = self.0.notes.send(note);
    }
}

fn gone() -> Error {
    Error::new(Code::Closed, "the engine was closed").hint("open it again")
}
