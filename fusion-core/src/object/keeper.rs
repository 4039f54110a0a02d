//! The objects that are at work in this process, and what wakes those that are not.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use tokio::sync::{Notify, mpsc};

use super::activation::Activation;
use super::ask::Ask;
use super::inbox::{self, Waiters};
use super::kind::Object;
use super::names::{Name, parked, queue};
use crate::error::{Code, Result};
use crate::model::{Batch, Claim, Op, limits};
use crate::run::engine::Shared;
use crate::run::session;

type Active = HashMap<Arc<str>, mpsc::Sender<Ask>, BuildHasherDefault<DefaultHasher>>;

/// What all objects of one process share.
pub(super) struct Keeper {
    pub engine: Arc<Shared>,
    pub waiters: Waiters,
    kinds: RwLock<BTreeMap<Arc<str>, Arc<dyn Object>>>,
    active: Mutex<Active>,
    idle_ms: AtomicU64,
    /// How many activations have not ended.
    live: AtomicUsize,
    ended: Notify,
    /// The engine is about to close: nothing begins any more.
    rests: AtomicBool,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("active", &self.count()).finish_non_exhaustive()
    }
}

impl Keeper {
    pub(super) fn new(engine: Arc<Shared>) -> Self {
        Self {
            engine,
            waiters: Waiters::default(),
            kinds: RwLock::default(),
            active: Mutex::default(),
            idle_ms: AtomicU64::new(limits::OBJECT_IDLE_MS),
            live: AtomicUsize::new(0),
            ended: Notify::new(),
            rests: AtomicBool::new(false),
        }
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self) -> usize {
        self.active().len()
    }

    pub(super) fn idle_ms(&self) -> u64 {
        self.idle_ms.load(Ordering::Relaxed)
    }

    pub(super) fn set_idle_ms(&self, idle_ms: u64) {
        self.idle_ms.store(idle_ms, Ordering::Relaxed);
    }

    pub(super) fn add(&self, code: Arc<dyn Object>) {
        let kind = Arc::from(code.kind());
        self.kinds.write().unwrap_or_else(PoisonError::into_inner).insert(kind, code);
        self.engine.store.bus().ring("objects");
    }

    pub(super) fn code(&self, kind: &str) -> Option<Arc<dyn Object>> {
        self.kinds.read().unwrap_or_else(PoisonError::into_inner).get(kind).cloned()
    }

    fn queues(&self) -> Vec<Arc<str>> {
        let kinds = self.kinds.read().unwrap_or_else(PoisonError::into_inner);
        kinds.keys().map(|kind| queue(kind)).collect()
    }

    /// Finds the activation of an object, or begins one. Nothing, when there is no code for it here.
    pub(super) fn open(self: &Arc<Self>, name: &Name) -> Option<mpsc::Sender<Ask>> {
        let code = self.code(&name.kind)?;
        let mut active = self.active();
        if let Some(asks) = active.get(&name.stream) {
            return Some(asks.clone());
        }
        // Under the lock: whoever lets all go sees it, or it sees that they are let go.
        if self.rests.load(Ordering::Relaxed) {
            return None;
        }
        self.live.fetch_add(1, Ordering::Relaxed);
        let (send, asks) = mpsc::channel(limits::INBOX_MESSAGES);
        active.insert(name.stream.clone(), send.clone());
        drop(active);
        let activation = Activation { keeper: self.clone(), code, name: name.clone(), asks };
        self.engine.env.spawn(Box::pin(async move { activation.live().await }));
        Some(send)
    }

    pub(super) fn forget(&self, name: &Name) {
        self.active().remove(&name.stream);
    }

    /// Notes that an activation has ended.
    pub(super) fn ended(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
        self.ended.notify_waiters();
    }

    /// Lets all objects go, and begins no other: each is told, and leaves a snapshot. Waits for them for a moment.
    pub(super) async fn rest(&self) {
        {
            let mut active = self.active();
            self.rests.store(true, Ordering::Relaxed);
            active.clear();
        }
        let env = &self.engine.env;
        let until = env.monotonic_ns().saturating_add(limits::OBJECT_FAREWELL_MS * 1_000_000);
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            ended.as_mut().enable();
            if self.live.load(Ordering::Relaxed) == 0 || env.monotonic_ns() >= until {
                return;
            }
            tokio::select! {
                biased;
                () = ended => {}
                () = env.sleep_until(until) => {}
            }
        }
    }

    /// Gives objects that were parked to the code that came.
    pub(super) async fn unpark(&self, kind: &str) -> Result<()> {
        let engine = &self.engine;
        loop {
            let entries = engine.store.entries(&parked(kind), 0, 256).await?;
            if entries.is_empty() {
                return Ok(());
            }
            let now = engine.env.now_ms();
            for entry in entries {
                let Some(name) = entry.stream.as_deref().and_then(Name::of_stream) else {
                    continue;
                };
                let ops = vec![Op::Complete(entry.ticket()), Op::Enqueue(name.entry(None, now))];
                match engine.store.commit(Batch { now, ops }).await {
                    Err(error) if error.code() == Code::Fenced => {}
                    other => drop(other?),
                }
            }
        }
    }

    /// Takes up the objects that something woke.
    async fn claim(self: &Arc<Self>) -> Result<usize> {
        let engine = &self.engine;
        let queues = self.queues();
        if self.rests.load(Ordering::Relaxed) {
            return Ok(0);
        }
        let room = limits::OBJECTS_ACTIVE.saturating_sub(self.count());
        let now = engine.env.now_ms();
        let due = engine.store.next_due(&queues).await?;
        if room == 0 || due.is_none_or(|due| due > now) {
            return Ok(0);
        }
        let claim =
            Claim { queues, limit: room.min(limits::CLAIM_ENTRIES), session: engine.session };
        let batch = Batch { now, ops: vec![Op::Claim(claim)] };
        let claimed = engine.store.commit(batch).await?.claimed;
        for entry in &claimed {
            if let Some(name) = entry.stream.as_deref().and_then(Name::of_stream) {
                // It finds that this process has it.
                drop(self.open(&name));
            } else {
                tracing::error!(entry = entry.id, "a queue entry names no object");
            }
        }
        Ok(claimed.len())
    }

    async fn nap(&self) -> i64 {
        match self.engine.store.next_due(&self.queues()).await {
            Ok(Some(due)) => due.saturating_sub(self.engine.env.now_ms()),
            _ => limits::POLL_MS,
        }
    }
}

/// Works until the engine is closed: takes up what was woken, and takes in answers.
pub(super) async fn work(keeper: Weak<Keeper>) {
    let Some((bus, answers)) = keeper.upgrade().map(|keeper| {
        let answers = super::names::answers(keeper.engine.session);
        (keeper.engine.store.bus(), format!("queue/{answers}"))
    }) else {
        return;
    };
    let mut bell = bus.listen(&["queue/objects/*", "objects", &answers]);
    loop {
        let Some(keeper) = keeper.upgrade().filter(|keeper| !keeper.engine.is_closed()) else {
            return;
        };
        let engine = keeper.engine.clone();
        if !keeper.waiters.lock().is_empty()
            && let Err(error) = inbox::hear(&engine, &keeper.waiters).await
        {
            tracing::warn!(%error, "answers of objects could not be taken in");
        }
        // The dead are looked for by whoever works; one that only has objects does it here.
        if let Err(error) = session::reap(&engine).await {
            tracing::warn!(%error, "dead sessions could not be looked for");
        }
        match keeper.claim().await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) if error.code() == Code::Fenced => {
                // A process that is taken for dead finds it out here, and the engine is closed.
                drop(session::confirm(&engine).await);
                continue;
            }
            Err(error) => tracing::warn!(%error, "no object could be claimed"),
        }
        let nap_ms = keeper.nap().await.clamp(1, limits::REAP_MS).unsigned_abs();
        drop(keeper);
        let wake = engine.env.monotonic_ns() + nap_ms * 1_000_000;
        tokio::select! {
            biased;
            () = bell.heard() => {}
            () = engine.env.sleep_until(wake) => {}
        }
    }
}
