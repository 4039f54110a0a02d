//! The virtual machine under a world: one thread, a clock that moves only when nothing else can, tasks that die with
//! their process.
//!
//! Which of several ready tasks goes on next is drawn from the seed, so that a world explores orders of events and still
//! repeats bit by bit.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::rng::{Rng, mix};
use crate::contract::BoxFuture;

/// The wall clock when a world begins, in milliseconds since 1970.
const FIRST_MS: i64 = 1_700_000_000_000;

/// Who a task belongs to: an incarnation of a process.
pub(super) type Owner = u32;

struct Slot {
    owner: Owner,
    /// Absent while it is polled.
    future: Option<BoxFuture<'static, ()>>,
    bell: Arc<Bell>,
}

/// Wakes one task.
struct Bell {
    task: u64,
    queued: AtomicBool,
    ready: Arc<Mutex<Vec<u64>>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            lock(&self.ready).push(self.task);
        }
    }
}

struct Inner {
    now_ns: u64,
    /// What the wall clock is ahead of the monotonic one, in milliseconds.
    ahead_ms: i64,
    /// The latest that the wall clock ever showed, in milliseconds since 1970.
    latest_ms: i64,
    tasks: BTreeMap<u64, Slot>,
    timers: BTreeMap<(u64, u64), Waker>,
    stalled: BTreeMap<Owner, u64>,
    /// Processes that ended: what the drop of their tasks would start never starts.
    dead: BTreeSet<Owner>,
    last: u64,
    order: Rng,
    polls: u64,
    fingerprint: u64,
}

/// What a step did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    /// A task went on.
    Ran,
    /// A task of this process panicked with this message.
    Panicked(Owner, String),
    /// Nothing can go on before this time of the monotonic clock, if ever.
    Idle(Option<u64>),
}

/// The machine; shared by everything in a world.
pub(super) struct Machine {
    inner: Mutex<Inner>,
    ready: Arc<Mutex<Vec<u64>>>,
}

impl Machine {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        let inner = Inner {
            now_ns: 1_000_000_000,
            ahead_ms: FIRST_MS,
            latest_ms: FIRST_MS,
            tasks: BTreeMap::new(),
            timers: BTreeMap::new(),
            stalled: BTreeMap::new(),
            dead: BTreeSet::new(),
            last: 0,
            order: Rng::new(seed, "order"),
            polls: 0,
            fingerprint: seed,
        };
        Arc::new(Self { inner: Mutex::new(inner), ready: Arc::default() })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.inner().now_ns
    }

    /// Gives the virtual time since the world began, in milliseconds.
    pub(super) fn elapsed_ms(&self) -> u64 {
        self.inner().now_ns.saturating_sub(1_000_000_000) / 1_000_000
    }

    pub(super) fn wall_ms(&self) -> i64 {
        let mut inner = self.inner();
        let now_ms = i64::try_from(inner.now_ns / 1_000_000).unwrap_or(i64::MAX);
        let wall_ms = inner.ahead_ms.saturating_add(now_ms);
        inner.latest_ms = inner.latest_ms.max(wall_ms);
        wall_ms
    }

    /// Gives the latest time that anybody ever read from the wall clock.
    pub(super) fn latest_ms(&self) -> i64 {
        self.inner().latest_ms
    }

    /// Sets how far the wall clock is from where it would be without jumps, in milliseconds.
    pub(super) fn set_jump(&self, ms: i64) {
        self.inner().ahead_ms = FIRST_MS.saturating_add(ms);
    }

    pub(super) fn polls(&self) -> u64 {
        self.inner().polls
    }

    /// Counts a call that does not wait as a step: a loop of such calls would never come to its end.
    pub(super) fn spend(&self) -> u64 {
        let mut inner = self.inner();
        inner.polls += 1;
        inner.polls
    }

    /// Gives a hash over everything that happened so far.
    pub(super) fn fingerprint(&self) -> u64 {
        self.inner().fingerprint
    }

    /// Adds something that happened to the fingerprint.
    pub(super) fn note(&self, what: u64) {
        let mut inner = self.inner();
        inner.fingerprint = mix(inner.fingerprint ^ what).rotate_left(9);
    }

    /// Adds a task; gives its number.
    pub(super) fn spawn(&self, owner: Owner, future: BoxFuture<'static, ()>) -> u64 {
        let mut inner = self.inner();
        inner.last += 1;
        let task = inner.last;
        if inner.dead.contains(&owner) {
            drop(inner);
            drop(future);
            return task;
        }
        let bell =
            Arc::new(Bell { task, queued: AtomicBool::new(true), ready: self.ready.clone() });
        inner.tasks.insert(task, Slot { owner, future: Some(future), bell });
        drop(inner);
        lock(&self.ready).push(task);
        task
    }

    /// Drops a task.
    pub(super) fn abort(&self, task: u64) {
        let slot = self.inner().tasks.remove(&task);
        drop(slot);
    }

    /// Drops all tasks of a process.
    pub(super) fn kill(&self, owner: Owner) {
        let mut inner = self.inner();
        inner.stalled.remove(&owner);
        inner.dead.insert(owner);
        let dead: Vec<u64> =
            inner.tasks.iter().filter(|(_, slot)| slot.owner == owner).map(|(id, _)| *id).collect();
        let slots: Vec<Option<Slot>> = dead.iter().map(|id| inner.tasks.remove(id)).collect();
        // Futures may call back while they are dropped.
        drop(inner);
        drop(slots);
    }

    /// Lets nothing of a process go on until a time of the monotonic clock, in nanoseconds.
    pub(super) fn stall(&self, owner: Owner, until_ns: u64) {
        self.inner().stalled.insert(owner, until_ns);
    }

    /// Tells whether a process stands still.
    pub(super) fn is_stalled(&self, owner: Owner) -> bool {
        let inner = self.inner();
        inner.stalled.get(&owner).is_some_and(|until| *until > inner.now_ns)
    }

    /// Lets all processes go on.
    pub(super) fn resume_all(&self) {
        self.inner().stalled.clear();
    }

    /// Moves the clock; timers up to that time ring.
    pub(super) fn advance(&self, to_ns: u64) {
        let mut inner = self.inner();
        inner.now_ns = inner.now_ns.max(to_ns);
        let now = inner.now_ns;
        inner.stalled.retain(|_, until| *until > now);
        let later = inner.timers.split_off(&(now.saturating_add(1), 0));
        let due = std::mem::replace(&mut inner.timers, later);
        drop(inner);
        due.into_values().for_each(Waker::wake);
    }

    /// Lets one ready task go on.
    pub(super) fn step(&self) -> Stepped {
        let Some(task) = self.choose() else { return Stepped::Idle(self.next_time()) };
        let taken = {
            let mut inner = self.inner();
            inner.polls += 1;
            let (now, polls) = (inner.now_ns, inner.polls);
            inner.fingerprint =
                mix(inner.fingerprint ^ task ^ now.rotate_left(20)).rotate_left(7) ^ polls;
            inner.tasks.get_mut(&task).and_then(|slot| {
                slot.bell.queued.store(false, Ordering::Release);
                Some((slot.owner, slot.future.take()?, slot.bell.clone()))
            })
        };
        let Some((owner, mut future, bell)) = taken else { return Stepped::Ran };
        let waker = Waker::from(bell);
        let mut context = Context::from_waker(&waker);
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| {
            Pin::as_mut(&mut future).poll(&mut context)
        }));
        match polled {
            Ok(Poll::Pending) => {
                if let Some(slot) = self.inner().tasks.get_mut(&task) {
                    slot.future = Some(future);
                    return Stepped::Ran;
                }
                // It was aborted by itself: what it holds is dropped here, outside the lock.
                drop(future);
                Stepped::Ran
            }
            Ok(Poll::Ready(())) => {
                self.abort(task);
                Stepped::Ran
            }
            Err(panic) => {
                self.abort(task);
                let text = panic
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned());
                Stepped::Panicked(owner, text.unwrap_or_else(|| "no message".to_owned()))
            }
        }
    }

    /// Draws one of the tasks that are ready and do not stand still.
    fn choose(&self) -> Option<u64> {
        let mut inner = self.inner();
        let mut ready = lock(&self.ready);
        ready.retain(|task| inner.tasks.contains_key(task));
        if inner.stalled.is_empty() {
            if ready.is_empty() {
                return None;
            }
            let at = inner.order.index(ready.len());
            return Some(ready.swap_remove(at));
        }
        let free: Vec<usize> = (0..ready.len())
            .filter(|at| {
                let slot = ready.get(*at).and_then(|task| inner.tasks.get(task));
                slot.is_some_and(|slot| !inner.stalled.contains_key(&slot.owner))
            })
            .collect();
        let at = inner.order.pick(&free).copied()?;
        Some(ready.swap_remove(at))
    }

    /// Tells when the next timer rings or the next process goes on.
    fn next_time(&self) -> Option<u64> {
        let inner = self.inner();
        let timer = inner.timers.keys().next().map(|(at, _)| *at);
        let resumed = inner.stalled.values().min().copied();
        timer.into_iter().chain(resumed).min()
    }

    fn add_timer(&self, at_ns: u64, waker: Waker) -> (u64, u64) {
        let mut inner = self.inner();
        inner.last += 1;
        let key = (at_ns, inner.last);
        inner.timers.insert(key, waker);
        key
    }

    fn drop_timer(&self, key: (u64, u64)) {
        let waker = self.inner().timers.remove(&key);
        drop(waker);
    }
}

/// A wait for the monotonic clock.
pub(super) struct Sleep {
    pub(super) machine: Arc<Machine>,
    pub(super) until_ns: u64,
    timer: Option<(u64, u64)>,
    asked: bool,
}

impl Sleep {
    pub(super) fn new(machine: Arc<Machine>, until_ns: u64) -> Self {
        Self { machine, until_ns, timer: None, asked: false }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some(timer) = self.timer.take() {
            self.machine.drop_timer(timer);
        }
        // Even a wait that is over already lets others go first: whoever waits for the past in a loop is seen.
        if self.machine.now_ns() >= self.until_ns && std::mem::replace(&mut self.asked, true) {
            return Poll::Ready(());
        }
        self.asked = true;
        let timer = self.machine.add_timer(self.until_ns, context.waker().clone());
        self.timer = Some(timer);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.take() {
            self.machine.drop_timer(timer);
        }
    }
}

/// Lets others go first, once.
pub(super) async fn give_way() {
    let mut gave = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut gave, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Locks what stays whole even if somebody panicked.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
