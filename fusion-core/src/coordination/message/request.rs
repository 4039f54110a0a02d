//! Messages whose answer somebody waits for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::oneshot;

use super::job::Out;
use super::mailbox::load;
use super::parcel::Parcel;
use super::post::{Common, Post};
use super::words::Message;
use super::write::answers;
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Op, limits};

/// How many answers are taken in at once.
const PAGE: usize = 256;

/// Who waits for which answer in this process.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<BTreeMap<Arc<str>, oneshot::Sender<Message>>>);

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, oneshot::Sender<Message>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether somebody waits for the answer to a message.
    pub(super) fn has(&self, asked: Option<&str>) -> bool {
        asked.is_some_and(|asked| self.lock().contains_key(asked))
    }

    /// Hands an answer to whoever waits for it; `false` when nobody does.
    pub(super) fn answer(&self, message: &Message) -> bool {
        let waiter = message.reply_to.as_ref().and_then(|asked| self.lock().remove(asked));
        waiter.is_some_and(|waiter| waiter.send(message.clone()).is_ok())
    }
}

/// Somebody who waits; when he goes, nobody does.
struct Waiting<'a>(&'a Waiters, Arc<str>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

impl Post {
    /// Sends a message and waits for its answer, at most so many milliseconds. An answer that comes later goes into the
    /// sender's mailbox.
    ///
    /// # Errors
    /// `FU0404` when no answer came in time; those of [`Post::send`].
    pub async fn request(&self, mut message: Message, timeout_ms: u64) -> Result<Message> {
        self.opened().await?;
        self.listen().await;
        let engine = self.engine().clone();
        let wake = engine.env.monotonic_ns().saturating_add(timeout_ms.saturating_mul(1_000_000));
        let named = self.stamp(&mut message);
        let (recipient, id) = (message.recipient.clone(), Arc::<str>::from(message.id()));
        let mut out = Out::new(message, named)?;
        out.asker = Some(engine.session);
        let (send, answer) = oneshot::channel();
        self.common().waiters.lock().insert(id.clone(), send);
        let waiting = Waiting(&self.common().waiters, id);
        self.write(vec![out], Vec::new()).await?;
        tokio::select! {
            biased;
            answer = answer => answer.map_err(|_| late(&recipient.to_string(), timeout_ms)),
            () = engine.env.sleep_until(wake) => {
                drop(waiting);
                Err(late(&recipient.to_string(), timeout_ms))
            }
        }
    }

    /// Begins to take in the answers of other processes.
    async fn listen(&self) {
        let begin = || async {
            let common = Arc::downgrade(self.common());
            let engine = self.engine();
            let bell = format!("queue/{}", answers(engine.session));
            let mut bell = engine.store.bus().listen(&[&bell]);
            let (env, post) = (engine.env.clone(), common);
            let work = async move {
                loop {
                    let nap = env.monotonic_ns() + limits::POLL_MS.unsigned_abs() * 1_000_000;
                    tokio::select! {
                        biased;
                        () = bell.heard() => {}
                        () = env.sleep_until(nap) => {}
                    }
                    if !hear(&post).await {
                        return;
                    }
                }
            };
            self.engine().env.spawn(Box::pin(work));
        };
        self.ear().get_or_init(begin).await;
    }
}

/// Hands out the answers that came; `false` when the engine is gone.
async fn hear(common: &Weak<Common>) -> bool {
    let Some(common) = common.upgrade() else { return false };
    let engine = &common.engine;
    if engine.is_closed() {
        return false;
    }
    if common.waiters.lock().is_empty() {
        return true;
    }
    match take(&common).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "answers could not be taken in");
            error.code() != Code::Closed
        }
    }
}

async fn take(common: &Common) -> Result<()> {
    let engine = &common.engine;
    let queue = answers(engine.session);
    loop {
        let entries = engine.store.entries(&queue, 0, PAGE).await?;
        if entries.is_empty() {
            return Ok(());
        }
        let mut ops = Vec::new();
        let mut came = Vec::new();
        for entry in &entries {
            ops.push(Op::Complete(entry.ticket()));
            for item in Parcel::decode(&entry.body)?.items {
                came.push(load(&engine.store, &item.message).await?);
            }
        }
        engine.store.commit(Batch { now: engine.env.now_ms(), ops }).await?;
        for message in came {
            if !common.waiters.answer(&message) {
                tracing::debug!(id = message.id(), "an answer came too late; its channel has it");
            }
        }
    }
}

fn late(recipient: &str, timeout_ms: u64) -> Error {
    let text = format!("no answer of `{recipient}` came within {timeout_ms} ms");
    Error::new(Code::WaitTimeout, text)
        .hint("the message is still in its mailbox: an answer will go to the sender's")
}
