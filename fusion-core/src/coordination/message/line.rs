//! Messages within the process that nothing records: as fast as memory, and gone with the process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use tokio::sync::mpsc;

use super::post::{Common, Post};
use super::words::{Message, Recipient};
use crate::error::{Code, Error, Result};
use crate::model::limits;

/// The receiving end, shared by all who receive for an agent here.
pub(super) type End = Arc<tokio::sync::Mutex<mpsc::Receiver<Message>>>;

/// The mailboxes that are open in this process.
#[derive(Debug, Default)]
pub(super) struct Lines(RwLock<BTreeMap<Arc<str>, Open>>);

#[derive(Debug)]
struct Open {
    sender: mpsc::Sender<Message>,
    end: Weak<tokio::sync::Mutex<mpsc::Receiver<Message>>>,
}

impl Lines {
    /// Gives the receiving end of an agent's line.
    pub(super) fn open(&self, agent: &Arc<str>) -> End {
        let mut lines = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(end) = lines.get(agent).and_then(|open| open.end.upgrade()) {
            return end;
        }
        lines.retain(|_, open| open.end.strong_count() > 0);
        let (sender, receiver) = mpsc::channel(limits::LINE_MESSAGES);
        let end = Arc::new(tokio::sync::Mutex::new(receiver));
        lines.insert(agent.clone(), Open { sender, end: Arc::downgrade(&end) });
        end
    }

    fn find(&self, agent: &str) -> Result<mpsc::Sender<Message>> {
        let lines = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let open = lines.get(agent).filter(|open| open.end.strong_count() > 0);
        open.map(|open| open.sender.clone()).ok_or_else(|| closed(agent))
    }
}

fn closed(agent: &str) -> Error {
    Error::new(Code::RunNotFound, format!("no mailbox `{agent}` is open in this process"))
        .hint("messages that nothing records stay in one process; `send` reaches all")
}

/// A way to one mailbox that is open in this process. What is sent here is not recorded: it is gone when the process ends,
/// and nobody has to acknowledge it.
#[derive(Clone)]
pub struct Line {
    sender: mpsc::Sender<Message>,
    common: Arc<Common>,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl Post {
    /// Finds the way to a mailbox of this process.
    ///
    /// # Errors
    /// `FU0104` when none is open here.
    pub fn line(&self, agent: &str) -> Result<Line> {
        let sender = self.common().lines.find(agent)?;
        Ok(Line { sender, common: self.common().clone() })
    }

    /// Sends a message to a mailbox of this process without recording it.
    ///
    /// # Errors
    /// `FU0104` when none is open here, `FU0101` when the recipient is no agent.
    pub async fn send_unrecorded(&self, message: Message) -> Result<()> {
        let Recipient::Agent(name) = &message.recipient else {
            return Err(Error::new(
                Code::InvalidInput,
                format!("a message to `{}` cannot go unrecorded", message.recipient),
            )
            .hint("only one agent can get it; `send` reaches topics, capabilities and all"));
        };
        self.line(name)?.send(message).await
    }
}

impl Line {
    fn stamp(&self, message: &mut Message) {
        let now = self.common.engine.env.now_ms();
        message.timestamp = now;
        message.id.get_or_insert_with(|| self.common.ids.next(now));
    }

    /// Sends a message, and waits while the mailbox has too many.
    ///
    /// # Errors
    /// `FU0104` when the mailbox was closed.
    pub async fn send(&self, mut message: Message) -> Result<()> {
        self.stamp(&mut message);
        self.sender.send(message).await.map_err(|lost| closed(&lost.0.recipient.to_string()))
    }

    /// Sends a message, unless the mailbox has too many.
    ///
    /// # Errors
    /// `FU0104` when the mailbox was closed, `FU0106` when it is full.
    pub fn try_send(&self, mut message: Message) -> Result<()> {
        self.stamp(&mut message);
        self.sender.try_send(message).map_err(|lost| match lost {
            mpsc::error::TrySendError::Closed(lost) => closed(&lost.recipient.to_string()),
            mpsc::error::TrySendError::Full(lost) => {
                let text = format!(
                    "the line to `{}` holds {} messages and takes no more",
                    lost.recipient,
                    limits::LINE_MESSAGES
                );
                Error::new(Code::Limit, text).hint("try again later, or use `send`, which waits")
            }
        })
    }

    /// Counts the messages that nobody received yet.
    pub fn waiting(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }
}
