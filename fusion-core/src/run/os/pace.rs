//! How soon others answer: who needs less than it takes to wake a thread is waited for without sleeping.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use super::clock::Clock;

/// How long is looked again and again, in nanoseconds: about what falling asleep and being woken takes.
const LOOK_NS: u64 = 60_000;
/// What comes within this time, the time to wake who slept included, comes soon.
const SOON_NS: u64 = 3 * LOOK_NS;
/// How often the processor is told to pause between two looks, so that others get at what is looked at.
const PAUSES: u32 = 16;

/// With one processor, whoever looks again and again keeps the others from answering.
static HAS_SEVERAL: LazyLock<bool> =
    LazyLock::new(|| std::thread::available_parallelism().is_ok_and(|count| count.get() > 1));

/// What is known of how soon another thread or process answers: a plugin, an interpreter of another language.
///
/// To sleep and be woken takes tens of microseconds, often more than the work that is waited for. Who waits therefore
/// looks again and again for at most 60 µs, if the last answer that was slept for came soon and nobody else waits: of
/// several, each would keep a processor from those who work. It costs nothing where answers take longer.
///
/// ```
/// use fusion_core::run::Pace;
///
/// let pace = Pace::new();
/// let wait = pace.begin();
/// let (answer, answered) = std::sync::mpsc::channel();
/// let from = wait.now();
/// answer.send(42).unwrap();
/// let first = wait.look(|| answered.try_recv().ok()).or_else(|| {
///     let slept_for = answered.recv().ok();
///     wait.slept(from);
///     slept_for
/// });
/// assert_eq!(first, Some(42));
/// ```
#[derive(Debug)]
pub struct Pace {
    clock: Clock,
    /// The last answer that somebody slept for came soon.
    is_soon: AtomicBool,
    /// How many wait.
    waiting: AtomicUsize,
}

impl Pace {
    /// Knows nothing yet.
    pub fn new() -> Arc<Self> {
        let (is_soon, waiting) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { clock: Clock::new(), is_soon, waiting })
    }

    /// Somebody waits from here on, until what is given is dropped.
    pub fn begin(self: &Arc<Self>) -> PaceWait {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        PaceWait(self.clone())
    }

    /// Gives a monotonic time, in nanoseconds.
    pub fn now(&self) -> u64 {
        self.clock.monotonic_ns()
    }

    /// Takes note that somebody slept from that time until now for what came.
    pub fn slept(&self, from: u64) {
        let ns = self.now().saturating_sub(from);
        self.is_soon.store(ns < SOON_NS, Ordering::Relaxed);
    }

    /// Tells whether looking is worth it.
    fn is_worth_it(&self) -> bool {
        self.is_soon.load(Ordering::Relaxed)
            && self.waiting.load(Ordering::Relaxed) == 1
            && *HAS_SEVERAL
    }
}

/// Somebody who waits: see [`Pace`].
#[derive(Debug)]
pub struct PaceWait(Arc<Pace>);

impl PaceWait {
    /// Looks again and again for a moment, if that is worth it; `None` when nothing came: then it is time to sleep.
    pub fn look<T>(&self, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        if !self.0.is_worth_it() {
            return None;
        }
        let from = self.0.now();
        while self.0.now().saturating_sub(from) < LOOK_NS {
            for _ in 0..PAUSES {
                std::hint::spin_loop();
            }
            if let Some(came) = look() {
                return Some(came);
            }
        }
        self.0.is_soon.store(false, Ordering::Relaxed);
        None
    }

    /// As [`Pace::now`].
    pub fn now(&self) -> u64 {
        self.0.now()
    }

    /// As [`Pace::slept`].
    pub fn slept(&self, from: u64) {
        self.0.slept(from);
    }
}

impl Drop for PaceWait {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_who_waits_for_what_comes_soon_looks() {
        let pace = Pace::new();
        let is_there = |wait: &PaceWait| wait.look(|| Some(())).is_some();
        let is_soon = || pace.is_soon.load(Ordering::Relaxed);
        let wait = pace.begin();
        assert!(!is_there(&wait), "nothing is known of it");
        while pace.now() < SOON_NS {}
        pace.slept(0);
        assert!(!is_there(&wait), "it is slow");
        pace.slept(pace.now());
        let other = pace.begin();
        assert!(!is_there(&wait), "two wait");
        drop(other);
        assert_eq!(is_there(&wait), *HAS_SEVERAL);
        assert!(is_soon());
        assert_eq!(wait.look(|| None::<()>), None);
        assert_eq!(is_soon(), !*HAS_SEVERAL, "it was looked for in vain");
    }
}
