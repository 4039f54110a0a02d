//! Ends what takes too long or fills its folder.

use std::future::pending;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::super::quota::{Quota, Usage, measure};
use super::end::Ended;
use crate::contract::{BoxFuture, Env, Stop, Stopped};

/// The shortest pause between two looks at a folder, in nanoseconds; a large one is looked at less often.
const PAUSE_NS: u64 = 200_000_000;
/// How much longer the pause is than the look, so that looking takes a twentieth of the time at most.
const RATIO: u64 = 20;

/// What is watched.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) until_ns: u64,
    pub(super) folder: Option<(PathBuf, Quota)>,
}

/// A wish to end: the caller's own, or ours.
#[derive(Debug, Clone)]
pub(super) struct Over {
    pub(super) theirs: Stop,
    pub(super) ours: watch::Receiver<Option<Ended>>,
}

impl Stopped for Over {
    fn is_set(&self) -> bool {
        self.ours.borrow().is_some() || self.theirs.is_set()
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        let (theirs, mut ours) = (self.theirs.wait(), self.ours.clone());
        Box::pin(async move {
            tokio::select! {
                () = theirs => {}
                Ok(_) = ours.wait_for(Option::is_some) => {}
            }
        })
    }

    fn alive(&self) {
        self.theirs.alive();
    }
}

/// Looks until there is a reason to end, says it, and never comes back.
pub(super) async fn watch(
    env: &Arc<dyn Env>,
    watched: &Watched,
    over: watch::Sender<Option<Ended>>,
) {
    let mut pause_ns = PAUSE_NS;
    let ended = loop {
        let now = env.monotonic_ns();
        if now >= watched.until_ns {
            break Ended::Time;
        }
        let next = match watched.folder {
            Some(_) => now.saturating_add(pause_ns).min(watched.until_ns),
            None => watched.until_ns,
        };
        env.sleep_until(next).await;
        let before = env.monotonic_ns();
        if let Some(ended) = full(env, watched).await {
            break ended;
        }
        pause_ns = PAUSE_NS.max(env.monotonic_ns().saturating_sub(before).saturating_mul(RATIO));
    };
    let _ = over.send(Some(ended));
    pending::<()>().await;
}

/// Tells whether the folder holds more than it may.
pub(super) async fn full(env: &Arc<dyn Env>, watched: &Watched) -> Option<Ended> {
    let (folder, quota) = watched.folder.clone()?;
    let (done, found) = oneshot::channel();
    env.blocking(Box::new(move || {
        let _ = done.send(measure(&folder));
    }));
    // A file that is gone while it is looked at is nothing to end a command for.
    let usage: Usage = found.await.ok()?.ok()?;
    quota.exceeded(usage).map(Ended::Quota)
}

/// Nobody asks it to end.
#[derive(Debug)]
pub(super) struct Never;

impl Stopped for Never {
    fn is_set(&self) -> bool {
        false
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        Box::pin(pending())
    }
}
