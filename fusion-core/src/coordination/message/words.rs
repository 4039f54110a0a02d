//! The words of a message.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::topic::Topic;
use crate::error::{Code, Error, Result};
use crate::model::{Payload, limits};

/// Who a message goes to. As text: `bob`, `capability/review`, `topic/build.done`, `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// One agent, by its name.
    Agent(Arc<str>),
    /// One of the agents that say they have a capability; each time another one.
    Capability(Arc<str>),
    /// All who subscribed to a topic.
    Topic(Topic),
    /// Every agent that has a mailbox when it is sent, but for the sender.
    All,
}

impl Recipient {
    /// Reads the text form.
    ///
    /// # Errors
    /// `FU0102` when a name is empty, longer than 128 bytes, or has a space, a control character, `/` or `*`.
    pub fn read(text: &str) -> Result<Self> {
        if text == "*" {
            return Ok(Self::All);
        }
        if let Some(topic) = text.strip_prefix("topic/") {
            return Topic::new(topic).map(Self::Topic);
        }
        match text.strip_prefix("capability/") {
            Some(name) => checked(name).map(Self::Capability),
            None => checked(text).map(Self::Agent),
        }
    }

    #[cfg(feature = "engine")]
    /// Names the channel in whose stream the messages are kept: `@bob`, the topic, or `*`. A message to a capability is kept
    /// with those of the agent that got it.
    pub(crate) fn channel(&self) -> Option<Arc<str>> {
        match self {
            Self::Agent(name) => Some(direct(name)),
            Self::Capability(_) => None,
            Self::Topic(topic) => Some(topic.name()),
            Self::All => Some("*".into()),
        }
    }
}

/// Names the channel of what is said to one agent.
#[cfg(feature = "engine")]
pub(crate) fn direct(agent: &str) -> Arc<str> {
    format!("@{agent}").into()
}

/// Takes a name of an agent or a capability.
pub(crate) fn checked(name: &str) -> Result<Arc<str>> {
    let fits = |c: char| !(c.is_whitespace() || c.is_control() || matches!(c, '/' | '*'));
    if name.is_empty() || name.len() > limits::NAME_BYTES || !name.chars().all(fits) {
        let short: String = name.chars().take(60).collect();
        return Err(Error::new(Code::InvalidId, format!("`{short}` is no name of an agent"))
            .hint("use 1 to 128 bytes without spaces, control characters, `/` and `*`"));
    }
    Ok(name.into())
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(name) => f.write_str(name),
            Self::Capability(name) => write!(f, "capability/{name}"),
            Self::Topic(topic) => write!(f, "topic/{topic}"),
            Self::All => f.write_str("*"),
        }
    }
}

/// Something that goes along with a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attachment {
    /// What it is called.
    pub name: String,
    /// Its media type (RFC 6838), such as `text/markdown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What it is: a text, any JSON value, or bytes as base64 text (RFC 4648).
    pub content: Value,
}

/// One message: who says what to whom. Cheap to clone but for metadata and attachments.
///
/// ```
/// use fusion_core::coordination::Message;
///
/// let message = Message::new("alice", "bob", "question", &"what is next?").unwrap();
/// assert_eq!(message.recipient.to_string(), "bob");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its name, unique in the store: a UUIDv7 that is given when it is sent, unless the sender names it. One that was
    /// named is delivered once however often it is sent.
    pub id: Option<Arc<str>>,
    /// Who says it.
    pub sender: Arc<str>,
    /// To whom.
    pub recipient: Recipient,
    /// What kind of message it is: a word of the sender's and the recipient's.
    pub message_type: Arc<str>,
    /// What it says: JSON.
    pub content: Payload,
    /// When it was sent, in milliseconds since 1970; given when it is sent.
    pub timestamp: i64,
    /// The message that this one answers.
    pub reply_to: Option<Arc<str>>,
    /// Further words about it, by name.
    pub metadata: Map<String, Value>,
    /// What goes along with it.
    pub attachments: Vec<Attachment>,
    /// Higher is delivered first; 0 is usual. From -1,000,000,000 to 1,000,000,000.
    pub priority: i32,
    /// Not delivered before this time, in milliseconds since 1970.
    pub not_before: Option<i64>,
    /// Not delivered after this time, in milliseconds since 1970.
    pub expires: Option<i64>,
}

/// The highest and, negated, the lowest priority: the store keeps two of its own beside each.
pub(crate) const PRIORITY: i32 = 1_000_000_000;

impl Message {
    /// Makes a message of a sender, a recipient in its text form, a type and a content.
    ///
    /// # Errors
    /// `FU0102` when a name does not fit, `FU0101` when the content cannot be JSON.
    pub fn new<T: Serialize + ?Sized>(
        sender: &str,
        recipient: &str,
        message_type: &str,
        content: &T,
    ) -> Result<Self> {
        let content = Payload::json(content).map_err(|error| {
            Error::new(Code::InvalidInput, "the content of the message cannot be JSON")
                .because(error)
        })?;
        Ok(Self::of(checked(sender)?, Recipient::read(recipient)?, typed(message_type)?, content))
    }

    /// Makes a message of parts that were checked before: for those who send many.
    pub fn of(
        sender: Arc<str>,
        recipient: Recipient,
        message_type: Arc<str>,
        content: Payload,
    ) -> Self {
        Self {
            id: None,
            sender,
            recipient,
            message_type,
            content,
            timestamp: 0,
            reply_to: None,
            metadata: Map::new(),
            attachments: Vec::new(),
            priority: 0,
            not_before: None,
            expires: None,
        }
    }

    /// Names the message, so that sending it again delivers nothing new.
    ///
    /// # Errors
    /// `FU0102` when the name does not fit.
    pub fn named(mut self, id: &str) -> Result<Self> {
        self.id = Some(checked(id)?);
        Ok(self)
    }

    /// Says which message this one answers.
    #[must_use]
    pub fn answers(mut self, id: impl Into<Arc<str>>) -> Self {
        self.reply_to = Some(id.into());
        self
    }

    /// Adds a word about it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Adds something that goes along.
    #[must_use]
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Sets the time after which it is not delivered any more, in milliseconds since 1970.
    #[must_use]
    pub fn expires(mut self, at: i64) -> Self {
        self.expires = Some(at);
        self
    }

    /// Sets the time before which it is not delivered, in milliseconds since 1970.
    #[must_use]
    pub fn not_before(mut self, at: i64) -> Self {
        self.not_before = Some(at);
        self
    }

    /// Sets how soon it comes among others; higher first.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority.clamp(-PRIORITY, PRIORITY);
        self
    }

    /// Gives its name; empty before it is sent.
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Tells whether nobody may get it any more.
    pub fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Takes the type of a message.
pub(crate) fn typed(word: &str) -> Result<Arc<str>> {
    if word.is_empty() || word.len() > limits::NAME_BYTES || word.chars().any(char::is_control) {
        return Err(Error::new(Code::InvalidId, "the type of the message does not fit")
            .hint("use 1 to 128 bytes without control characters"));
    }
    Ok(word.into())
}
