//! The queue of bodies that block: Python threads take them one by one, and stay attached as long as there are more.
//!
//! The threads themselves are Python's (`_threads.py`), so that no frame of ours is below a body that the interpreter
//! ends at its own end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusion_core::run::Pace;
use pyo3::prelude::*;

use crate::calls::{Call, Calls, Reply};
use crate::context::Attempt;
use crate::reports::Reports;
use crate::value;

/// How long a thread stays without work before it ends.
const IDLE: Duration = Duration::from_secs(30);

/// How long calls may wait before another thread is started, and how often that is looked at.
const LATE: Duration = Duration::from_millis(2);
/// How many looks without any work there are before the one who looks sleeps.
const LOOKS: u32 = 100;

/// What the engine wants of the Python side besides threads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Want {
    /// A loop for bodies.
    Loop,
    /// A look at the loops: whether they still run.
    Look,
}

/// What is needed.
enum Short {
    /// So many threads more.
    Threads(usize),
    Want(Want),
    /// Nothing any more.
    Closed,
}

#[derive(Default)]
struct Queue {
    calls: VecDeque<Call>,
    closed: bool,
    /// How many threads sleep.
    asleep: usize,
    /// A thread without work looks for some: the first call is for it.
    looks: bool,
}

/// The queue, as the engine's threads see it.
pub(crate) struct Bodies {
    queue: Mutex<Queue>,
    bell: Condvar,
    /// How soon calls follow each other.
    following: Arc<Pace>,
    /// How soon bodies end.
    pub(crate) ending: Arc<Pace>,
    /// How many calls wait, for those who look.
    waiting: AtomicUsize,
    /// When a thread was last without work, in nanoseconds.
    idle: AtomicU64,
    /// How many calls were taken: when it stands still and calls wait, all threads are busy.
    taken: AtomicU64,
    /// How many threads there are.
    threads: AtomicUsize,
    /// How many threads have a body that the engine has given up.
    lost: AtomicUsize,
    /// Somebody waits for a loop.
    wants_loop: AtomicBool,
    /// Somebody doubts that the loop runs on which his body is.
    wants_look: AtomicBool,
    /// Whoever starts threads sleeps.
    asleep: AtomicBool,
    alarm: Condvar,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            queue: Mutex::default(),
            bell: Condvar::new(),
            following: Pace::new(),
            ending: Pace::new(),
            waiting: AtomicUsize::new(0),
            idle: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            threads: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            wants_loop: AtomicBool::new(false),
            wants_look: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            alarm: Condvar::new(),
        }
    }
}

impl Bodies {
    /// Adds a call; `false` when the pool is closed.
    pub(crate) fn push(&self, call: Call) -> bool {
        let mut queue = self.queue();
        if queue.closed {
            return false;
        }
        queue.calls.push_back(call);
        self.waiting.store(queue.calls.len(), Ordering::Release);
        // To ring costs a call of the system, whether somebody hears it or not.
        let rings = queue.asleep > 0 && queue.calls.len() > usize::from(queue.looks);
        drop(queue);
        if rings {
            self.bell.notify_one();
        }
        if self.asleep.swap(false, Ordering::AcqRel) {
            self.alarm.notify_one();
        }
        true
    }

    /// Gives up a call: takes it back if no thread has taken it, or notes that the thread may never come back.
    pub(crate) fn give_up(&self, token: u64) {
        let mut queue = self.queue();
        let before = queue.calls.len();
        queue.calls.retain(|call| call.token != token);
        self.waiting.store(queue.calls.len(), Ordering::Release);
        let taken_back = queue.calls.len() < before;
        drop(queue);
        if !taken_back {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that a thread is back whose body was given up.
    pub(crate) fn found(&self) {
        // The body may have ended while it was given up, which then was never noted.
        let _ = self
            .lost
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |lost| lost.checked_sub(1));
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let mut queue = self.queue();
        queue.closed = true;
        queue.calls.clear();
        self.waiting.store(0, Ordering::Release);
        drop(queue);
        self.bell.notify_all();
        self.alarm.notify_all();
    }

    fn try_next(&self) -> Option<Call> {
        self.pop(&mut self.queue())
    }

    fn pop(&self, queue: &mut Queue) -> Option<Call> {
        let call = queue.calls.pop_front();
        self.waiting.store(queue.calls.len(), Ordering::Release);
        call
    }

    /// Waits for a call; none when the pool is closed or nothing came for long.
    fn next(&self) -> Option<Call> {
        self.idle.store(self.following.now(), Ordering::Relaxed);
        let mut queue = self.queue();
        if !queue.looks && queue.calls.is_empty() {
            queue.looks = true;
            drop(queue);
            let is_there = || (self.waiting.load(Ordering::Acquire) > 0).then_some(());
            self.following.begin().look(is_there);
            queue = self.queue();
            queue.looks = false;
        }
        if queue.calls.is_empty() {
            queue.asleep += 1;
            let waited = self
                .bell
                .wait_timeout_while(queue, IDLE, |queue| queue.calls.is_empty() && !queue.closed);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            queue.asleep -= 1;
            self.following.slept(self.idle.load(Ordering::Relaxed));
        }
        self.pop(&mut queue)
    }

    fn flag(&self, want: Want) -> &AtomicBool {
        match want {
            Want::Loop => &self.wants_loop,
            Want::Look => &self.wants_look,
        }
    }

    /// Asks for something.
    pub(crate) fn want(&self, want: Want) {
        if self.flag(want).swap(true, Ordering::AcqRel) {
            return;
        }
        self.asleep.store(false, Ordering::Release);
        drop(self.queue());
        self.alarm.notify_one();
    }

    /// Waits until calls wait that none of the threads takes, or somebody wants something else.
    fn short(&self, most: usize) -> Short {
        let (mut quiet, mut seen) = (0, self.taken.load(Ordering::Relaxed));
        loop {
            let queue = self.queue();
            if queue.closed {
                return Short::Closed;
            }
            let asked = |want: &Want| self.flag(*want).swap(false, Ordering::AcqRel);
            if let Some(want) = [Want::Loop, Want::Look].into_iter().find(asked) {
                return Short::Want(want);
            }
            if !queue.calls.is_empty() && self.threads.load(Ordering::Acquire) == 0 {
                return Short::Threads(1);
            }
            let queue = if quiet < LOOKS {
                let waited = self.alarm.wait_timeout(queue, LATE);
                waited.unwrap_or_else(PoisonError::into_inner).0
            } else if queue.calls.is_empty() {
                self.asleep.store(true, Ordering::Release);
                self.alarm.wait(queue).unwrap_or_else(PoisonError::into_inner)
            } else {
                queue
            };
            let (waiting, taken) = (queue.calls.len(), self.taken.load(Ordering::Relaxed));
            drop(queue);
            // Those that end do so while nothing waits, so what is counted here is there.
            let threads = self.threads.load(Ordering::Acquire);
            let most = most + self.lost.load(Ordering::Relaxed);
            if waiting > 0 && taken == seen && quiet > 0 && threads < most {
                // As many again as there are: many bodies that block get their threads in a few steps.
                return Short::Threads(threads.clamp(1, most - threads));
            }
            quiet = if taken == seen && waiting == 0 { quiet + 1 } else { 1 };
            seen = taken;
        }
    }
}

/// What a thread takes: the number, the step's place, the input, the attempt, the context variables.
type Taken<'py> = (u64, usize, Bound<'py, PyAny>, Attempt, Option<Py<PyAny>>);

/// The Python side of the queue.
#[pyclass(frozen, module = "fusion_kit._native")]
pub(crate) struct Pool {
    pub(crate) bodies: Arc<Bodies>,
    pub(crate) calls: Arc<Calls>,
}

#[pymethods]
impl Pool {
    /// Waits for a body to enter: its number, the step's place, the input, the attempt; `None` when the thread shall end.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Taken<'py>>> {
        loop {
            let next = match self.bodies.try_next() {
                Some(call) => Some(call),
                None => py.detach(|| self.bodies.next()),
            };
            let Some(call) = next else { return Ok(None) };
            self.bodies.taken.fetch_add(1, Ordering::Relaxed);
            match value::read_payload(py, &call.input) {
                Ok(input) => {
                    let attempt = Attempt::new(call.context, self.calls.clone());
                    let vars = call.vars.map(|vars| vars.clone_ref(py));
                    return Ok(Some((call.token, call.body, input, attempt, vars)));
                }
                Err(error) => {
                    let class = fusion_core::model::Class::DECODE;
                    let failure = fusion_core::model::Failure::new(class, error.to_string());
                    self.calls.answer(call.token, Reply::Done(Err(failure)));
                }
            }
        }
    }

    /// Where the bodies say how they ended.
    fn reports(&self) -> Reports {
        Reports { calls: self.calls.clone(), bodies: Some(self.bodies.clone()) }
    }

    /// Waits until something is needed: so many `"thread"`s, a `"loop"`, a `"look"`; `None` when the pool was closed.
    fn short(&self, py: Python<'_>, most: usize) -> Option<(&'static str, usize)> {
        match py.detach(|| self.bodies.short(most)) {
            Short::Threads(count) => Some(("thread", count)),
            Short::Want(Want::Loop) => Some(("loop", 1)),
            Short::Want(Want::Look) => Some(("look", 1)),
            Short::Closed => None,
        }
    }

    /// Notes that there is a thread more.
    fn begun(&self) {
        self.bodies.threads.fetch_add(1, Ordering::AcqRel);
    }

    /// Notes that a thread ends.
    fn ended(&self) {
        self.bodies.threads.fetch_sub(1, Ordering::AcqRel);
    }

    /// Lets all threads end that wait for work, and takes no more.
    fn close(&self) {
        self.bodies.close();
    }
}
