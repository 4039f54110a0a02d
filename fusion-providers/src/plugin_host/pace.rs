//! How soon a plugin answers: one that needs less than it takes to wake a thread is waited for without sleeping.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use fusion_core::contract::Env;

use super::pending::{Came, Pending};

/// How long a call is looked at again and again, in nanoseconds: about what falling asleep and being woken takes.
const LOOK_NS: u64 = 60_000;
/// An answer within this time, the time to wake who slept included, is a soon one.
const SOON_NS: u64 = 2 * LOOK_NS;
/// How often the processor is told to pause between two looks, so that the plugin's thread gets at the call.
const PAUSES: u32 = 16;

/// With one processor, whoever looks again and again keeps the plugin from answering.
static HAS_SEVERAL: LazyLock<bool> =
    LazyLock::new(|| std::thread::available_parallelism().is_ok_and(|count| count.get() > 1));

/// What is known of how soon an opened plugin answers.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The last answer that somebody slept for came soon.
    is_soon: AtomicBool,
    /// How many calls are under way: of several, each would keep a thread from the others.
    calls: AtomicUsize,
}

impl Pace {
    /// A call begins.
    pub(super) fn begin(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// A call is over.
    pub(super) fn end(&self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// Looks at the only call again and again for a while, if answers came soon before.
    pub(super) fn look(&self, pending: &Pending, env: &dyn Env) -> Poll<Came> {
        let is_worth_it = self.is_soon.load(Ordering::Relaxed)
            && self.calls.load(Ordering::Relaxed) == 1
            && *HAS_SEVERAL;
        if !is_worth_it {
            return Poll::Pending;
        }
        let from = env.monotonic_ns();
        while env.monotonic_ns().saturating_sub(from) < LOOK_NS {
            for _ in 0..PAUSES {
                std::hint::spin_loop();
            }
            if let Poll::Ready(came) = pending.poll(&Context::from_waker(Waker::noop())) {
                return Poll::Ready(came);
            }
        }
        self.is_soon.store(false, Ordering::Relaxed);
        Poll::Pending
    }

    /// Takes note of how long somebody slept for what came, in nanoseconds.
    pub(super) fn slept(&self, ns: u64) {
        self.is_soon.store(ns < SOON_NS, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use fusion_core::contract::Call;
    use fusion_core::run::Os;

    use super::*;

    #[tokio::test]
    async fn only_the_one_call_of_a_quick_plugin_is_waited_for_awake() {
        let pace = Pace::default();
        let env = Os::current().unwrap();
        let pending = Pending::new(Call::new(env.clone()), None);
        let is_there = || pace.look(&pending, env.as_ref()).is_ready();
        let is_soon = || pace.is_soon.load(Ordering::Relaxed);
        drop(pending.complete(Ok(b"x".to_vec())));
        pace.begin();
        assert!(!is_there(), "nothing is known of it");
        pace.slept(SOON_NS);
        assert!(!is_there(), "it is slow");
        pace.slept(SOON_NS - 1);
        pace.begin();
        assert!(!is_there(), "two calls are under way");
        pace.end();
        assert_eq!(is_there(), *HAS_SEVERAL);
        assert!(is_soon());
        let silent = Pending::new(Call::new(env.clone()), None);
        assert!(pace.look(&silent, env.as_ref()).is_pending());
        assert_eq!(is_soon(), !*HAS_SEVERAL, "it was waited for in vain");
    }
}
