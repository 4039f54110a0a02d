//! Messages between agents, and what they remember.

use super::Fusion;
use crate::coordination::memory::Memories;
use crate::coordination::{Follow, History, Line, Mailbox, MailboxOptions, Message, Post, Sent};
use crate::error::Result;

impl Fusion {
    /// Gives what agents know beyond one task: facts by key, and their saved states.
    pub fn memories(&self) -> Memories {
        Memories::new(self.store(), self.env())
    }

    /// Gives what sends and receives messages: all of it is there, the usual of it here as well.
    pub fn messages(&self) -> &Post {
        self.post.get_or_init(|| Post::new(self.engine(), Box::new(self.engine().clone())))
    }

    /// Sends a message: when this returns, it is recorded and lies in the mailboxes of its recipients.
    ///
    /// # Errors
    /// `FU0104` when there is no such mailbox, `FU0106` when it is full; the store's.
    pub async fn send(&self, message: Message) -> Result<Sent> {
        self.messages().send(message).await
    }

    /// Sends messages together: all of them or none.
    ///
    /// # Errors
    /// As [`Fusion::send`].
    pub async fn send_all(&self, messages: Vec<Message>) -> Result<Vec<Sent>> {
        self.messages().send_all(messages).await
    }

    /// Sends a message and waits for its answer, at most so many milliseconds.
    ///
    /// # Errors
    /// `FU0404` when no answer came in time; those of [`Fusion::send`].
    pub async fn request(&self, message: Message, timeout_ms: u64) -> Result<Message> {
        self.messages().request(message, timeout_ms).await
    }

    /// Opens an agent's mailbox; the first time, it is made.
    ///
    /// # Errors
    /// `FU0102` when the name does not fit; the store's.
    pub async fn mailbox(&self, name: &str) -> Result<Mailbox> {
        self.messages().mailbox(name).await
    }

    /// Opens an agent's mailbox and sets it.
    ///
    /// # Errors
    /// `FU0101` when a setting is 0, `FU0102` when the name does not fit; the store's.
    pub async fn mailbox_with(&self, name: &str, options: MailboxOptions) -> Result<Mailbox> {
        self.messages().mailbox_with(name, options).await
    }

    /// Finds the way to a mailbox of this process, for messages that nothing records.
    ///
    /// # Errors
    /// `FU0104` when none is open here.
    pub fn line(&self, name: &str) -> Result<Line> {
        self.messages().line(name)
    }

    /// Reads what was said to a recipient, after a place in its channel, 0 for all.
    ///
    /// # Errors
    /// `FU0102` when it is no recipient.
    pub fn history(&self, recipient: &str, after: u64) -> Result<History> {
        self.messages().history(recipient, after)
    }

    /// Follows a topic, or all that a pattern takes, from a place on; 0 for the beginning.
    ///
    /// # Errors
    /// `FU0102` when it is no topic and no pattern.
    pub fn follow(&self, topic: &str, after: u64) -> Result<Follow> {
        self.messages().follow(topic, after)
    }
}
