//! What was said in a channel, and what is being said.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;

use super::address;
use super::mailbox::load;
use super::post::Post;
use super::topic::Topic;
use super::words::{Message, Recipient};
use super::write::stream;
use crate::contract::Subscription;
use crate::error::Result;
use crate::model::{Payload, Record, Stamped, limits};

/// How many records are read at once.
const PAGE: usize = 1000;

/// One thing that happened in a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Its place in the channel, from 1.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The channel: `@NAME` for what is said to an agent, a topic's name, or `*`.
    pub channel: Arc<str>,
    /// `message.sent`, `message.acknowledged`, `message.released`, `message.expired` or `message.dead`.
    pub name: Arc<str>,
    /// The message's name.
    pub id: Arc<str>,
    /// The message, where it was sent.
    pub message: Option<Message>,
    /// The agent that did something with the message, where it was not sent.
    pub agent: Option<Arc<str>>,
}

/// What was said in one channel, page by page.
#[derive(Debug)]
pub struct History {
    post: Post,
    channel: Arc<str>,
    after: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    message_id: Arc<str>,
    agent: Arc<str>,
}

impl Post {
    /// Reads what was said to a recipient (`bob`, `topic/build.done`, `*`), after a place in the channel, 0 for all.
    ///
    /// # Errors
    /// `FU0102` when it is no recipient; a capability has no channel.
    pub fn history(&self, recipient: &str, after: u64) -> Result<History> {
        let channel = Recipient::read(recipient)?.channel().unwrap_or_else(|| "@".into());
        Ok(History { post: self.clone(), channel, after })
    }

    /// Reads the messages that belong together: the first one, and all that answer one of them, in the channels of these
    /// recipients, by time.
    pub async fn thread(&self, first: &str, recipients: &[&str]) -> Result<Vec<Message>> {
        let mut all = Vec::new();
        for recipient in recipients {
            let mut history = self.history(recipient, 0)?;
            loop {
                let page = history.page(PAGE).await?;
                if page.is_empty() {
                    break;
                }
                all.extend(page.into_iter().filter_map(|said| said.message));
            }
        }
        // Names begin with the time: an answer sorts after what it answers, also within a millisecond of one process.
        all.sort_by(|one, other| (one.timestamp, &one.id).cmp(&(other.timestamp, &other.id)));
        Ok(threaded(first, all))
    }

    /// Follows topics from a place on: all that is published to them, in order, whoever subscribed. Nobody waits for a
    /// follower: it reads from the store, as fast as it can.
    ///
    /// # Errors
    /// `FU0102` when it is no topic and no pattern.
    pub fn follow(&self, topic: &str, after: u64) -> Result<Follow> {
        let pattern = Topic::pattern(topic)?;
        let bell = if pattern.is_pattern() {
            "stream/channel/*".to_owned()
        } else {
            format!("stream/{}", stream(&pattern.name()))
        };
        let bell = self.store().bus().listen(&[&bell]);
        let places = BTreeMap::new();
        Ok(Follow { post: self.clone(), pattern, after, places, waiting: VecDeque::new(), bell })
    }
}

/// Keeps the first message and those that answer one that is kept. Pure.
fn threaded(first: &str, all: Vec<Message>) -> Vec<Message> {
    let mut kept: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut belongs = |message: &Message| {
        let is_one = message.id() == first
            || message.reply_to.as_ref().is_some_and(|asked| kept.contains(asked));
        if is_one && let Some(id) = &message.id {
            kept.insert(id.clone());
        }
        is_one
    };
    all.into_iter().filter(|message| belongs(message)).collect()
}

impl History {
    /// Gives what comes next, at most so many; none at the end. Later calls see what was said meanwhile.
    pub async fn page(&mut self, most: usize) -> Result<Vec<Said>> {
        let page = read(&self.post, &self.channel, self.after, most).await?;
        if let Some(last) = page.last() {
            self.after = last.seq;
        }
        Ok(page)
    }

    /// Gives the messages that come next, at most so many; none at the end.
    pub async fn messages(&mut self, most: usize) -> Result<Vec<Message>> {
        let mut found = Vec::new();
        while found.len() < most {
            let page = self.page(most - found.len()).await?;
            if page.is_empty() {
                break;
            }
            found.extend(page.into_iter().filter_map(|said| said.message));
        }
        Ok(found)
    }
}

async fn read(post: &Post, channel: &Arc<str>, after: u64, most: usize) -> Result<Vec<Said>> {
    let records = post.store().read(&stream(channel), after, most).await?;
    let mut page = Vec::with_capacity(records.len());
    for Stamped { seq, at, record } in records {
        // A channel's stream has nothing else.
        let Record::Event(name, payload) = record else { continue };
        let (id, message, agent) = told(post, &name, &payload).await?;
        let channel = channel.clone();
        page.push(Said { seq, at, channel, name: name.into(), id, message, agent });
    }
    Ok(page)
}

type What = (Arc<str>, Option<Message>, Option<Arc<str>>);

async fn told(post: &Post, name: &str, payload: &Payload) -> Result<What> {
    if name == "message.sent" {
        let message = load(post.store(), payload).await?;
        return Ok((message.id().into(), Some(message), None));
    }
    match payload.decode::<Told>() {
        Ok(told) => Ok((told.message_id, None, Some(told.agent))),
        // A later version may say something else here.
        Err(_) => Ok(("".into(), None, None)),
    }
}

/// What is published to topics, from a place on.
pub struct Follow {
    post: Post,
    pattern: Topic,
    after: u64,
    /// The place in each channel.
    places: BTreeMap<Arc<str>, u64>,
    waiting: VecDeque<Said>,
    bell: Box<dyn Subscription>,
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow").field("topic", &self.pattern).finish_non_exhaustive()
    }
}

impl Follow {
    /// Waits for the next message that is published. Messages of one topic come in order; those of different topics, in no
    /// order among one another.
    pub async fn next(&mut self) -> Result<Said> {
        loop {
            if let Some(said) = self.waiting.pop_front() {
                return Ok(said);
            }
            self.post.engine().check_open()?;
            if self.read().await? {
                continue;
            }
            let env = &self.post.engine().env;
            let until = env.monotonic_ns() + limits::POLL_MS.unsigned_abs() * 1_000_000;
            tokio::select! {
                biased;
                () = self.bell.heard() => {}
                () = env.sleep_until(until) => {}
            }
        }
    }

    /// Reads on; `false` when there is nothing new.
    async fn read(&mut self) -> Result<bool> {
        let mut grew = false;
        for topic in self.topics().await? {
            let channel = topic.name();
            let after = *self.places.entry(channel.clone()).or_insert(self.after);
            let page = read(&self.post, &channel, after, PAGE).await?;
            if let Some(last) = page.last() {
                grew = true;
                self.places.insert(channel, last.seq);
            }
            self.waiting.extend(page.into_iter().filter(|said| said.message.is_some()));
        }
        Ok(grew)
    }

    async fn topics(&self) -> Result<Vec<Topic>> {
        if !self.pattern.is_pattern() {
            return Ok(vec![self.pattern.clone()]);
        }
        let all = address::topics(self.post.store().as_ref()).await?;
        Ok(all.into_iter().filter(|topic| self.pattern.takes(topic)).collect())
    }
}
