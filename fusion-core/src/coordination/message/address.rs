//! Who a message goes to: mailboxes and subscriptions are documents of the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;

use super::options::MailboxOptions;
use super::topic::Topic;
use super::words::Recipient;
use crate::contract::Store;
use crate::coordination::kept::documents;
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Document, Op, limits};

/// The kinds of the documents.
const MAILBOX: &str = "mailbox";
const SUBSCRIPTION: &str = "subscription";
const TOPIC: &str = "topic";
/// The tag of subscriptions to patterns.
const PATTERNS: &str = "*";

/// What is known of mailboxes, for as long as a lost hint may stay unnoticed.
#[derive(Debug, Default)]
pub(super) struct Directory {
    known: BTreeMap<Arc<str>, (u32, i64)>,
    topics: BTreeSet<Arc<str>>,
    turn: usize,
}

impl Directory {
    /// Finds the mailboxes that a message goes to, each with how many parcels it takes.
    ///
    /// # Errors
    /// `FU0104` when there is no such mailbox, or none with the capability.
    pub(super) async fn resolve(
        &mut self,
        store: &dyn Store,
        (sender, recipient): (&str, &Recipient),
        now: i64,
    ) -> Result<Vec<(Arc<str>, u32)>> {
        match recipient {
            Recipient::Agent(name) => match self.capacity(store, name, now).await? {
                Some(capacity) => Ok(vec![(name.clone(), capacity)]),
                None => Err(nobody(name)),
            },
            Recipient::Capability(wanted) => {
                let all = mailboxes(store).await?;
                let able: Vec<_> = all
                    .into_iter()
                    .filter(|(_, options)| options.capabilities.iter().any(|one| **one == **wanted))
                    .collect();
                self.turn = self.turn.wrapping_add(1);
                let chosen = self.turn.checked_rem(able.len()).and_then(|at| able.get(at));
                match chosen {
                    Some((name, options)) => Ok(vec![(name.clone(), options.capacity)]),
                    None => Err(Error::new(
                        Code::RunNotFound,
                        format!("no mailbox has the capability `{wanted}`"),
                    )
                    .hint("open one with this capability first")),
                }
            }
            Recipient::Topic(topic) => {
                let mut found = Vec::new();
                for name in subscribers(store, topic).await? {
                    if let Some(capacity) = self.capacity(store, &name, now).await? {
                        found.push((name, capacity));
                    }
                }
                Ok(found)
            }
            Recipient::All => {
                let all = mailboxes(store).await?.into_iter();
                let others = all.filter(|(name, _)| **name != *sender);
                Ok(others.map(|(name, options)| (name, options.capacity)).collect())
            }
        }
    }

    pub(super) async fn capacity(
        &mut self,
        store: &dyn Store,
        name: &Arc<str>,
        now: i64,
    ) -> Result<Option<u32>> {
        if let Some((capacity, until)) = self.known.get(name)
            && (now..=now.saturating_add(limits::POLL_MS)).contains(until)
        {
            return Ok(Some(*capacity));
        }
        let Some(document) = store.get(MAILBOX, name).await? else {
            self.known.remove(name);
            return Ok(None);
        };
        let capacity = options(&document)?.capacity;
        self.known.insert(name.clone(), (capacity, now.saturating_add(limits::POLL_MS)));
        Ok(Some(capacity))
    }

    /// Forgets what may have changed.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.topics.clear();
    }

    /// Makes the operation that lists a topic, the first time that this process writes to it.
    pub(super) fn list(&mut self, topic: &Topic) -> Option<Op> {
        if !self.topics.insert(topic.name()) {
            return None;
        }
        Some(Op::Put(document(TOPIC, &topic.name(), "", Bytes::new()), None))
    }
}

fn nobody(name: &str) -> Error {
    Error::new(Code::RunNotFound, format!("there is no mailbox `{name}` in this store"))
        .hint("whoever receives opens it first: `fusion.mailbox(NAME)`")
}

fn document(kind: &str, id: &str, tag: &str, body: Bytes) -> Document {
    Document { kind: kind.into(), id: id.into(), version: 0, at: 0, tag: tag.into(), body }
}

fn options(document: &Document) -> Result<MailboxOptions> {
    serde_json::from_slice(&document.body).map_err(|e| {
        Error::new(Code::Codec, format!("the mailbox `{}` cannot be read", document.id)).because(e)
    })
}

/// Lists all mailboxes with what they are set to, by name.
pub(super) async fn mailboxes(store: &dyn Store) -> Result<Vec<(Arc<str>, MailboxOptions)>> {
    let mut found = Vec::new();
    for document in documents(store, MAILBOX, None).await? {
        found.push((document.id.clone(), options(&document)?));
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

/// Reads what a mailbox is set to.
pub(super) async fn mailbox(store: &dyn Store, name: &str) -> Result<Option<MailboxOptions>> {
    store.get(MAILBOX, name).await?.map(|found| options(&found)).transpose()
}

/// Makes the operation that makes a mailbox, or sets it to something else.
pub(super) fn open(name: &str, options: &MailboxOptions) -> Result<Op> {
    let body = serde_json::to_vec(options)
        .map_err(|e| Error::new(Code::Internal, "a mailbox cannot be encoded").because(e))?;
    Ok(Op::Put(document(MAILBOX, name, "open", body.into()), None))
}

/// Makes the operations that remove a mailbox, what lies in it and what it subscribed to.
pub(super) async fn remove(store: &dyn Store, name: &str, queue: Arc<str>) -> Result<Batch> {
    let mut ops = vec![Op::Delete(MAILBOX.into(), name.into()), Op::Purge(queue)];
    let mine = documents(store, SUBSCRIPTION, None).await?.into_iter();
    let mine = mine.filter(|found| found.body == name.as_bytes());
    ops.extend(mine.map(|found| Op::Delete(SUBSCRIPTION.into(), found.id)));
    Ok(Batch { now: 0, ops })
}

fn subscription(name: &str, topic: &Topic) -> Arc<str> {
    format!("{topic} {name}").into()
}

/// Makes the operation that subscribes a mailbox to topics.
pub(super) fn subscribe(name: &str, topic: &Topic) -> Op {
    let text = topic.to_string();
    let tag = if topic.is_pattern() { PATTERNS } else { text.as_str() };
    let body = Bytes::copy_from_slice(name.as_bytes());
    Op::Put(document(SUBSCRIPTION, &subscription(name, topic), tag, body), None)
}

/// Makes the operation that ends a subscription.
pub(super) fn unsubscribe(name: &str, topic: &Topic) -> Op {
    Op::Delete(SUBSCRIPTION.into(), subscription(name, topic))
}

/// Lists who subscribed to a topic, each once, by name.
async fn subscribers(store: &dyn Store, topic: &Topic) -> Result<Vec<Arc<str>>> {
    let mut found = documents(store, SUBSCRIPTION, Some(&topic.to_string())).await?;
    let patterns = documents(store, SUBSCRIPTION, Some(PATTERNS)).await?.into_iter();
    found.extend(patterns.filter(|one| {
        let pattern = one.id.split(' ').next().and_then(|text| Topic::pattern(text).ok());
        pattern.is_some_and(|pattern| pattern.takes(topic))
    }));
    let mut names: Vec<Arc<str>> =
        found.iter().map(|one| String::from_utf8_lossy(&one.body).into()).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Lists the topics that were ever written to.
pub(super) async fn topics(store: &dyn Store) -> Result<Vec<Topic>> {
    let found = documents(store, TOPIC, None).await?;
    found.iter().map(|one| Topic::new(&one.id)).collect()
}
