//! Clocks, tasks and threads of the real world.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::contract::Env;

use super::Os;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Awaits on a thread that Tokio knows nothing of.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn sleep_never_ends_early() {
    let os = Os::new().unwrap();
    for ms in [0, 1, 7] {
        let until = os.monotonic_ns() + ms * 1_000_000 + 1;
        block_on(os.sleep_until(until));
        assert!(os.monotonic_ns() >= until);
    }
    block_on(os.sleep_until(0));
}

#[test]
fn a_task_runs_and_is_aborted_but_not_by_a_drop() {
    let os = Os::new().unwrap();
    let (sender, received) = mpsc::channel();
    let later = os.sleep_until(os.monotonic_ns() + 20_000_000);
    let tell = sender.clone();
    drop(os.spawn(Box::pin(async move {
        later.await;
        tell.send("dropped").unwrap();
    })));
    assert_eq!(received.recv(), Ok("dropped"));

    let endless = os.sleep_until(u64::MAX);
    let task = os.spawn(Box::pin(async move {
        let _sender = sender;
        endless.await;
    }));
    task.abort();
    assert!(received.recv().is_err(), "the aborted task has let go of its end");
}

#[test]
fn jobs_run_on_threads() {
    let os = Os::new().unwrap();
    let (sender, received) = mpsc::channel();
    let name = || thread::current().name().unwrap_or_default().to_owned();
    let tell = sender.clone();
    os.dedicated("wri\0ter", Box::new(move || tell.send(name()).unwrap()));
    assert_eq!(received.recv().unwrap(), "writer");
    os.blocking(Box::new(move || sender.send(name()).unwrap()));
    assert_eq!(received.recv().unwrap(), "fusion");
}

#[tokio::test]
async fn nothing_blocks_the_only_thread() {
    assert!(!Os::new().unwrap().in_place(&mut || panic!("it blocked")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_task_may_block_where_others_go_on() {
    let os = Os::new().unwrap();
    let (said, heard) = std::sync::mpsc::channel();
    let other = os.clone();
    let (done, ended) = tokio::sync::oneshot::channel();
    os.spawn(Box::pin(async move {
        let mut got = None;
        let also = other.spawn(Box::pin(async move { said.send(7).unwrap() }));
        assert!(other.in_place(&mut || got = heard.recv().ok()));
        drop(also);
        done.send(got).unwrap();
    }));
    assert_eq!(ended.await.unwrap(), Some(7));
}

#[tokio::test]
async fn the_callers_runtime_is_used() {
    let os = Os::new().unwrap();
    assert_eq!(os.handle().id(), tokio::runtime::Handle::current().id());
    assert!(Os::current().is_some());
    let own = Os::with_own_runtime().unwrap();
    assert_ne!(own.handle().id(), os.handle().id());
    drop(own);
}

#[test]
fn without_a_runtime_there_is_no_current_one() {
    assert!(Os::current().is_none());
}

#[test]
fn clocks_and_randomness_are_those_of_the_machine() {
    let os = Os::new().unwrap();
    assert!(os.now_ms() > 1_700_000_000_000);
    let first = os.monotonic_ns();
    assert!(os.monotonic_ns() >= first);
    let mut drawn: Vec<u64> = (0..1000).map(|_| os.random()).collect();
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 1000);
}
