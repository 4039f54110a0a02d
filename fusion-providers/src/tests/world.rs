//! A world with a virtual clock, and the executor that moves it.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use fusion_core::contract::{
    BoxFuture, Call, Env, Exec, Exit, Job, Peers, Provider, Stop, Stopped, Task,
};
use fusion_core::model::Failure;
use fusion_core::model::chat::{Answer, Fault, Request};

use crate::Scripted;

pub(crate) struct World {
    now_ns: AtomicU64,
    random: AtomicU64,
    sleepers: Mutex<BTreeMap<(u64, u64), Waker>>,
    tasks: Mutex<Vec<BoxFuture<'static, ()>>>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

struct Sleep(Arc<World>, u64, u64);

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut sleepers = self.0.sleepers.lock().unwrap();
        if self.0.now_ns.load(Ordering::SeqCst) >= self.1 {
            sleepers.remove(&(self.1, self.2));
            return Poll::Ready(());
        }
        sleepers.insert((self.1, self.2), cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.0.sleepers.lock().unwrap().remove(&(self.1, self.2));
    }
}

impl Peers for World {
    fn identity(&self) -> String {
        "world".into()
    }

    fn is_dead(&self, _identity: &str) -> bool {
        false
    }
}

/// The world behind an [`Arc`], as sleeping needs it.
#[derive(Debug, Clone)]
pub(crate) struct Shared(pub(crate) Arc<World>);

impl Peers for Shared {
    fn identity(&self) -> String {
        self.0.identity()
    }

    fn is_dead(&self, identity: &str) -> bool {
        self.0.is_dead(identity)
    }
}

impl Env for Shared {
    fn now_ms(&self) -> i64 {
        1_700_000_000_000 + i64::try_from(self.monotonic_ns() / 1_000_000).unwrap()
    }

    fn monotonic_ns(&self) -> u64 {
        self.0.now_ns.load(Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        // SplitMix64.
        let seed = self.0.random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn sleep_until(&self, monotonic_ns: u64) -> BoxFuture<'static, ()> {
        let id = self.0.random.fetch_add(1, Ordering::SeqCst);
        Box::pin(Sleep(self.0.clone(), monotonic_ns, id))
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Task {
        self.0.tasks.lock().unwrap().push(future);
        Task::new(|| {})
    }

    fn blocking(&self, job: Job) {
        job();
    }

    fn in_place(&self, job: &mut dyn FnMut()) -> bool {
        job();
        true
    }

    fn dedicated(&self, _name: &str, job: Job) {
        job();
    }

    fn exec(&self, _exec: Exec, _stop: Stop) -> BoxFuture<'static, Result<Exit, Failure>> {
        Box::pin(async { Err(Failure::error("no programs here")) })
    }
}

struct Unpark(Thread, AtomicU64);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.unpark();
    }
}

/// Makes a world at its beginning.
pub(crate) fn world() -> Shared {
    Shared(Arc::new(World {
        now_ns: AtomicU64::new(1_000_000_000),
        random: AtomicU64::new(42),
        sleepers: Mutex::default(),
        tasks: Mutex::default(),
    }))
}

impl Shared {
    /// Makes a call in this world.
    pub(crate) fn call(&self) -> Call {
        Call::new(Arc::new(self.clone()))
    }

    /// Milliseconds since the world's beginning.
    pub(crate) fn now(&self) -> u64 {
        self.monotonic_ns() / 1_000_000 - 1_000
    }

    /// Runs a future and all that it spawns; the clock moves to the next sleeper when nothing else can be done.
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let unpark = Arc::new(Unpark(std::thread::current(), AtomicU64::new(0)));
        let waker = Waker::from(unpark.clone());
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            let woken = unpark.1.load(Ordering::SeqCst);
            self.tasks(&mut cx);
            if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
                self.tasks(&mut cx);
                return value;
            }
            if unpark.1.load(Ordering::SeqCst) != woken {
                continue;
            }
            let next = self.0.sleepers.lock().unwrap().keys().next().map(|(at, _)| *at);
            match next.filter(|at| *at < u64::MAX) {
                Some(at) => {
                    self.0.now_ns.fetch_max(at, Ordering::SeqCst);
                    // Who still waits after that says so again; who was forgotten holds nobody up.
                    let mut sleepers = self.0.sleepers.lock().unwrap();
                    let later = sleepers.split_off(&(at + 1, 0));
                    let due = std::mem::replace(&mut *sleepers, later);
                    drop(sleepers);
                    due.into_values().for_each(Waker::wake);
                }
                None => panic!("everybody waits, and nobody for the clock"),
            }
        }
    }

    fn tasks(&self, cx: &mut Context<'_>) {
        let mut tasks = std::mem::take(&mut *self.0.tasks.lock().unwrap());
        tasks.retain_mut(|task| task.as_mut().poll(cx).is_pending());
        self.0.tasks.lock().unwrap().extend(tasks);
    }
}

/// A wish to end that comes at a moment.
#[derive(Debug)]
pub(crate) struct StopAt(pub(crate) Shared, pub(crate) u64);

impl Stopped for StopAt {
    fn is_set(&self) -> bool {
        self.0.now() >= self.1
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        self.0.sleep_until((self.1 + 1_000) * 1_000_000)
    }
}

/// A small question.
pub(crate) fn question() -> Request {
    Request::new("m").user("hello")
}

/// Lets a future begin, and leaves it where it waits.
pub(crate) fn begin<F: Future>(future: Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

/// A provider as a name opens it: it has a model for requests that name none, and a place.
#[derive(Debug)]
pub(super) struct Opened(pub(super) Scripted, pub(super) &'static str, pub(super) &'static str);

#[async_trait::async_trait]
impl Provider for Opened {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn model(&self) -> &str {
        self.1
    }

    fn place(&self) -> &str {
        self.2
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        self.0.complete(call, request).await
    }
}
