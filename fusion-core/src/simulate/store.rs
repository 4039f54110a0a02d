//! The store of one simulated process: the real one, watched, slowed down, and cut off by the seed.

use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;

use super::bus::Hints;
use super::env::{World, sleep_ms};
use super::machine::{Owner, give_way, lock};
use super::rng::Rng;
use super::witness::Witness;
use super::world::POLLS_MOST;
use crate::contract::{Blobs, Bus, Journal, Queue, Records, Status, Store};
use crate::error::{Code, Result};
use crate::model::{Batch, Digest, Document, Entry, Head, Op, Page, Receipt, SessionId, Stamped};

/// When a process dies by its own write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fall {
    /// After so many more commits.
    pub(super) commits: u64,
    /// Before the commit, or after it and before anybody hears of it.
    pub(super) before: bool,
}

/// What the world does to one process's store.
pub(super) struct Tap {
    /// Whether calls take time.
    pub(super) slow: bool,
    pub(super) hints: Hints,
    state: Mutex<State>,
}

struct State {
    random: Rng,
    fall: Option<Fall>,
    fallen: bool,
    failed: bool,
    wrote: bool,
}

impl Tap {
    pub(super) fn new(random: Rng, slow: bool, hints: Hints) -> Arc<Self> {
        let state = State { random, fall: None, fallen: false, failed: false, wrote: false };
        Arc::new(Self { slow, hints, state: Mutex::new(state) })
    }

    /// Lets the process die by its own write.
    pub(super) fn arm(&self, fall: Fall) {
        lock(&self.state).fall = Some(fall);
    }

    /// Tells whether it did.
    pub(super) fn has_fallen(&self) -> bool {
        lock(&self.state).fallen
    }

    /// Says that the process has to end.
    pub(super) fn fail(&self) {
        lock(&self.state).failed = true;
    }

    /// Tells whether the store failed under it: then the process ends itself.
    pub(super) fn has_failed(&self) -> bool {
        lock(&self.state).failed
    }

    /// Tells whether it wrote since the last time that was asked.
    pub(super) fn wrote(&self) -> bool {
        std::mem::take(&mut lock(&self.state).wrote)
    }

    /// Counts a commit; tells whether the process dies before or after it.
    fn falls(&self) -> Option<Fall> {
        let mut state = lock(&self.state);
        let fall = state.fall.as_mut()?;
        fall.commits = fall.commits.saturating_sub(1);
        if fall.commits > 0 {
            return None;
        }
        state.fall.take()
    }

    async fn die(&self) {
        lock(&self.state).fallen = true;
        std::future::pending::<()>().await;
    }

    /// Takes its time, by the seed.
    async fn linger(&self, world: &World) {
        if world.machine.spend() > POLLS_MOST {
            // The world has taken too many steps: it is about to be stopped.
            std::future::pending::<()>().await;
        }
        if !self.slow {
            return;
        }
        let (drawn, ms) = {
            let mut state = lock(&self.state);
            (state.random.below(100), state.random.between(1, 40))
        };
        match drawn {
            0..40 => {}
            40..85 => give_way().await,
            85..99 => sleep_ms(&world.machine, ms).await,
            _ => sleep_ms(&world.machine, ms * 30).await,
        }
    }
}

/// The store of one process.
pub(super) struct Watched {
    pub(super) inner: Arc<dyn Store>,
    pub(super) world: Arc<World>,
    pub(super) witness: Arc<Witness>,
    pub(super) tap: Arc<Tap>,
}

impl Watched {
    fn heard<T>(&self, answer: Result<T>) -> Result<T> {
        if let Err(error) = &answer
            && error.code() == Code::StoreFailed
        {
            self.tap.fail();
        }
        answer
    }

    fn note(&self, now: i64, ops: &[Op], answer: &Result<Receipt>) {
        let owner = self.world.owner;
        self.witness.say(owner, || match answer {
            Ok(receipt) => format!("commit {} {}", words(ops), gained(receipt)),
            Err(error) => format!("commit refused, {}: {}", error.code(), words(ops)),
        });
        let mut notes = self.witness.notes();
        notes.count(if answer.is_ok() { "commits" } else { "refused commits" });
        notes.mirror.latest_ms = self.world.machine.latest_ms();
        let wrong = notes.mirror.committed(now, ops, answer);
        drop(notes);
        self.witness.accuse(wrong);
        lock(&self.tap.state).wrote |= answer.is_ok();
    }
}

/// Names the stream that a process writes to.
fn told(owner: Owner, op: &Op) -> Option<(Owner, Arc<str>)> {
    match op {
        Op::Append(append) => Some((owner, append.stream.clone())),
        _ => None,
    }
}

fn gained(receipt: &Receipt) -> String {
    let claimed: Vec<String> = receipt
        .claimed
        .iter()
        .map(|entry| format!("{}@{}", entry.stream.as_deref().unwrap_or("-"), entry.epoch))
        .collect();
    if claimed.is_empty() { String::new() } else { format!("=> {}", claimed.join(" ")) }
}

/// Writes operations in a line.
fn words(ops: &[Op]) -> String {
    let one = |op: &Op| match op {
        Op::Append(append) => {
            let records: Vec<String> = append.records.iter().map(short).collect();
            format!("{}@{}+{}[{}]", append.stream, append.epoch, append.expect, records.join(", "))
        }
        Op::Enqueue(new) => format!("+{}", new.queue),
        Op::Claim(_) => "claim".to_owned(),
        Op::Complete(ticket) => format!("done#{}", ticket.entry),
        Op::Release(release) => format!("release#{} until {}", release.ticket.entry, release.due),
        Op::Purge(queue) => format!("purge {queue}"),
        Op::Vacant(queue) => format!("vacant {queue}"),
        Op::Beat(_) => "beat".to_owned(),
        Op::Reap(named) => format!("reap {}", named.len()),
        Op::Put(document, _) => format!("put {}/{}:{}", document.kind, document.id, document.tag),
        Op::Bury(..) | Op::Delete(..) | Op::Blob(..) | Op::Drop(_) => "other".to_owned(),
    };
    ops.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn short(record: &crate::model::Record) -> String {
    let text = format!("{record:?}");
    text.chars().take(90).collect()
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store of {:?}", self.world)
    }
}

#[async_trait]
impl Journal for Watched {
    async fn head(&self, stream: &str) -> Result<Option<Head>> {
        self.tap.linger(&self.world).await;
        self.heard(self.inner.head(stream).await)
    }

    async fn read(&self, stream: &str, after: u64, limit: usize) -> Result<Vec<Stamped>> {
        self.tap.linger(&self.world).await;
        self.heard(self.inner.read(stream, after, limit).await)
    }
}

#[async_trait]
impl Queue for Watched {
    async fn entry(&self, dedup: &str) -> Result<Option<Entry>> {
        self.tap.linger(&self.world).await;
        self.heard(self.inner.entry(dedup).await)
    }

    async fn entries(&self, queue: &str, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.tap.linger(&self.world).await;
        self.heard(self.inner.entries(queue, after, limit).await)
    }

    async fn next_due(&self, queues: &[Arc<str>]) -> Result<Option<i64>> {
        self.tap.linger(&self.world).await;
        self.heard(self.inner.next_due(queues).await)
    }

    async fn sessions(&self) -> Result<Vec<(SessionId, i64, String)>> {
        self.tap.linger(&self.world).await;
        self.heard(self.inner.sessions().await)
    }
}

#[async_trait]
impl Records for Watched {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Document>> {
        self.tap.linger(&self.world).await;
        self.heard(self.inner.get(kind, id).await)
    }

    async fn list(
        &self,
        kind: &str,
        tag: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<Document>> {
        self.heard(self.inner.list(kind, tag, after, limit).await)
    }
}

#[async_trait]
impl Blobs for Watched {
    async fn blob(&self, digest: Digest) -> Result<Option<Bytes>> {
        self.tap.linger(&self.world).await;
        self.heard(self.inner.blob(digest).await)
    }
}

#[async_trait]
impl Store for Watched {
    async fn commit(&self, batch: Batch) -> Result<Receipt> {
        self.tap.linger(&self.world).await;
        let fall = self.tap.falls();
        if fall.is_some_and(|fall| fall.before) {
            self.tap.die().await;
        }
        let (now, ops) = (batch.now, batch.ops.clone());
        let answer = self.inner.commit(batch).await;
        self.note(now, &ops, &answer);
        let answer = self.heard(answer);
        if fall.is_some() {
            self.tap.die().await;
        }
        if self.tap.slow {
            let telling: Vec<_> = ops.iter().filter_map(|op| told(self.world.owner, op)).collect();
            self.witness.notes().ledger.untold.extend(telling.iter().cloned());
            self.tap.linger(&self.world).await;
            self.witness.notes().ledger.untold.retain(|one| !telling.contains(one));
        }
        if answer.is_err() {
            let heard_ms = self.world.machine.elapsed_ms();
            self.witness.notes().ledger.refused(&ops, heard_ms);
        }
        answer
    }

    fn bus(&self) -> Arc<dyn Bus> {
        self.tap.hints.over(self.inner.bus())
    }

    async fn status(&self, deep: bool) -> Result<Status> {
        self.heard(self.inner.status(deep).await)
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}
