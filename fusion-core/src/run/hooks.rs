//! What one attempt of a body holds of the driver: memo, heartbeat, the wish to end.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::engine::Shared;
use super::note::Note;
use super::wish::Flag;
use crate::contract::{About, Attempt, BoxFuture, Stopped};
use crate::graph::Program;
use crate::model::{Class, Failure, Input, Key, Payload, RunId};
use crate::schedule::State;

/// What bodies of a key saved, by name.
pub(super) type Memos = BTreeMap<String, Payload>;

/// What all bodies of one run share.
pub(super) struct Common {
    pub engine: Arc<Shared>,
    pub run: RunId,
    pub program: Arc<Program>,
    pub epoch: u64,
    /// When the run began, in milliseconds since 1970, as its journal has it: tells runs of the same id apart that live
    /// in different stores.
    pub began: i64,
    /// Boxed: a channel keeps room for many, and most runs send none.
    pub notes: mpsc::UnboundedSender<Box<Note>>,
    /// Somebody paused the run: its bodies stand still at their next memo.
    pub held: AtomicBool,
}

/// One attempt, seen from inside.
pub(super) struct Hooks {
    pub of: Arc<Common>,
    pub key: Key,
    pub attempt: u16,
    /// How often the node ran again after a success, and the round of its loop: parts of the idempotency key.
    pub life: (u32, u32),
    pub feedback: Option<Box<Failure>>,
    pub memos: Mutex<Memos>,
    pub stop: Flag,
    /// The body looks whether it shall end: it is given time for that.
    pub listens: AtomicBool,
    /// The monotonic time of the last sign of life, in nanoseconds.
    pub beat: AtomicU64,
}

/// The wish to end of one attempt, as `Env::exec` takes it.
pub(super) struct StopOf(pub Arc<Hooks>);

impl fmt::Debug for StopOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stop of {:?}", self.0)
    }
}

impl Stopped for StopOf {
    fn is_set(&self) -> bool {
        self.0.stop.is_set()
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        let hooks = self.0.clone();
        Box::pin(async move { hooks.stop.wait().await })
    }

    fn alive(&self) {
        self.0.beat(None);
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} attempt {}", self.of.run, self.of.program.key_text(self.key), self.attempt)
    }
}

impl Hooks {
    /// Makes what an attempt holds, with what earlier ones saved.
    pub(super) fn new(of: Arc<Common>, which: (Key, u16), state: &State, memos: Memos) -> Self {
        let mut hooks = Self {
            of,
            key: which.0,
            attempt: which.1,
            life: (0, 0),
            feedback: None,
            memos: Mutex::new(memos),
            stop: Flag::default(),
            listens: AtomicBool::new(false),
            beat: AtomicU64::new(0),
        };
        hooks.look_up(state);
        hooks
    }

    /// Makes it that of another attempt, for which nothing was saved.
    pub(super) fn renew(&mut self, which: (Key, u16), state: &State) {
        (self.key, self.attempt) = which;
        *self.memos.get_mut().unwrap_or_else(PoisonError::into_inner) = Memos::new();
        self.stop = Flag::default();
        (*self.listens.get_mut(), *self.beat.get_mut()) = (false, 0);
        self.look_up(state);
    }

    /// Stands still while the run is paused, unless the body shall end.
    async fn stand_still(&self) {
        let is_held = || self.of.held.load(Ordering::Acquire) && !self.stop.is_set();
        if !is_held() {
            return;
        }
        let engine = &self.of.engine;
        let mut bell = engine.store.bus().listen(&[&format!("stream/{}", self.of.run.stream())]);
        while is_held() && !engine.is_closed() {
            self.beat(None);
            tokio::select! {
                biased;
                () = self.stop.wait() => {}
                () = bell.heard() => {}
                () = engine.poll_pause() => {}
            }
        }
        self.beat(None);
    }

    fn look_up(&mut self, state: &State) {
        self.life = (state.life(self.key), state.rounds(self.key.node).0);
        self.feedback = state.failure(self.key).cloned().map(Box::new);
    }

    /// Gives a text that is the same for all attempts of the key.
    pub(super) fn idempotency_key(&self) -> String {
        let text =
            format!("{}:{}:{}", self.of.run, self.of.began, self.of.program.key_text(self.key));
        match self.life {
            (0, 0) => text,
            (life, round) => format!("{text}@{round}#{life}"),
        }
    }
}

#[async_trait]
impl Attempt for Hooks {
    fn about(&self) -> About {
        About {
            run: self.of.run.clone(),
            node: self.of.program.key_text(self.key),
            attempt: self.attempt,
            epoch: self.of.epoch,
            idempotency_key: self.idempotency_key(),
            feedback: self.feedback.as_deref().cloned(),
        }
    }

    fn recall(&self, name: &str) -> Option<Payload> {
        self.memos.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    async fn save(&self, name: &str, value: Payload) -> Result<(), Failure> {
        let value = value.bounded(&format!("the result saved as `{name}` has"))?;
        let (reply, saved) = oneshot::channel();
        let input = Input::Memo(self.key, name.to_owned(), value.clone());
        let gone = || Failure::new(Class::CANCELLED, "the run has another owner now");
        self.of.notes.send(Box::new(Note::Asked(input, reply))).map_err(|_| gone())?;
        saved.await.map_err(|_| gone())?;
        self.memos.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value);
        self.beat(None);
        self.stand_still().await;
        Ok(())
    }

    fn beat(&self, progress: Option<Value>) {
        self.beat.store(self.of.engine.env.monotonic_ns(), Ordering::Relaxed);
        if let Some(progress) = progress {
            self.of.engine.set_progress(&self.of.run, self.of.program.key_text(self.key), progress);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.listens.store(true, Ordering::Relaxed);
        self.stop.is_set()
    }

    async fn cancelled(&self) {
        self.listens.store(true, Ordering::Relaxed);
        self.stop.wait().await;
    }
}
