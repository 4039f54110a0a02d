//! The way onto one asyncio loop: everything for it is gathered, and the loop is woken once for all of it.
//!
//! The engine's threads only push and write a byte; they never attach to the interpreter. The loop's thread takes all
//! that has come in one go, and looks for a moment whether more comes. No lock is held while Python code runs.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fusion_core::run::Pace;
use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio::sync::Notify;

use crate::calls::{Call, Calls, Reply};
use crate::context::Attempt;
use crate::operation::Made;
use crate::reports::Reports;
use crate::value;

/// How many jobs a loop takes before its other tasks get their turn.
const JOBS_PER_TURN: usize = 256;
/// How long a loop takes jobs as they come before its other tasks get their turn, in nanoseconds.
const TURN_NS: u64 = 1_000_000;
/// How long a loop that cancels its tasks may take to end: as long as they may take to clean up.
const MOMENT: Duration = Duration::from_secs(5);

/// Something for the loop to do.
pub(crate) enum Job {
    /// Enter a body.
    Call(Call, Arc<Calls>),
    /// Cancel the task of a body.
    Cancel(u64),
    /// Give a future what it waits for.
    Resolve(Py<PyAny>, Made),
}

/// What the engine's threads know of a loop.
pub(crate) struct Way {
    jobs: Mutex<Vec<Job>>,
    /// A byte was written and not yet read.
    woken: AtomicBool,
    bell: UnixStream,
    ear: UnixStream,
    dead: AtomicBool,
    died: Notify,
    /// The loop does not run. It may again: then it says so.
    still: AtomicBool,
    /// How many jobs wait, for the loop when it looks.
    waiting: AtomicUsize,
    /// How soon bodies follow each other.
    following: Arc<Pace>,
    /// How soon bodies end.
    pub(crate) ending: Arc<Pace>,
    /// When the loop was last rung for, and when it last had no job left, in nanoseconds.
    rung: AtomicU64,
    idle: AtomicU64,
}

impl Way {
    fn new() -> std::io::Result<Self> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Self {
            jobs: Mutex::default(),
            woken: AtomicBool::new(false),
            bell,
            ear,
            dead: AtomicBool::new(false),
            died: Notify::new(),
            still: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            following: Pace::new(),
            ending: Pace::new(),
            rung: AtomicU64::new(0),
            idle: AtomicU64::new(0),
        })
    }

    /// Adds a job; gives it back when the loop has ended, and a body also when the loop stands still.
    pub(crate) fn push(&self, job: Job) -> Result<(), Job> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_dead() || (matches!(job, Job::Call(..)) && !self.takes_bodies()) {
            return Err(job);
        }
        jobs.push(job);
        self.waiting.store(jobs.len(), Ordering::Release);
        drop(jobs);
        self.wake();
        Ok(())
    }

    fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    /// Tells whether bodies can be entered on the loop.
    pub(crate) fn takes_bodies(&self) -> bool {
        !self.is_dead() && !self.still.load(Ordering::Acquire)
    }

    /// Waits until the loop has ended.
    pub(crate) async fn end(&self) {
        loop {
            let mut died = std::pin::pin!(self.died.notified());
            died.as_mut().enable();
            if self.is_dead() {
                return;
            }
            died.await;
        }
    }

    /// Tells whether the loop ends within a moment.
    pub(crate) async fn ends_soon(&self) -> bool {
        tokio::time::timeout(MOMENT, self.end()).await.is_ok()
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            // A full pipe wakes as well as one byte more would.
            let _ = (&self.bell).write(&[1]);
        }
    }

    /// Takes what has come, as much as fits one turn of the loop.
    fn take(&self) -> Vec<Job> {
        let mut bytes = [0; 64];
        let _ = (&self.ear).read(&mut bytes);
        // Before the jobs are taken: whoever adds one from here on wakes the loop again.
        self.woken.store(false, Ordering::Release);
        self.still.store(false, Ordering::Release);
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() <= JOBS_PER_TURN {
            self.waiting.store(0, Ordering::Release);
            return std::mem::take(&mut jobs);
        }
        let later = jobs.split_off(JOBS_PER_TURN);
        self.waiting.store(later.len(), Ordering::Release);
        let now = std::mem::replace(&mut *jobs, later);
        drop(jobs);
        self.wake();
        now
    }

    /// Takes note that the loop was rung for.
    fn hear(&self) {
        self.following.slept(self.idle.load(Ordering::Relaxed));
        self.rung.store(self.following.now(), Ordering::Relaxed);
    }

    /// Looks for a moment whether there is more to do. Else, or when the loop's other tasks are to have their turn, whoever
    /// brings something wakes the loop.
    fn look(&self) -> bool {
        let now = self.following.now();
        self.idle.store(now, Ordering::Relaxed);
        // Nobody needs to wake who looks.
        self.woken.store(true, Ordering::Release);
        let has_time = now.saturating_sub(self.rung.load(Ordering::Relaxed)) < TURN_NS;
        let is_there = || (self.waiting.load(Ordering::Acquire) > 0).then_some(());
        if has_time && (is_there().is_some() || self.following.begin().look(is_there).is_some()) {
            return true;
        }
        self.woken.store(false, Ordering::Release);
        // Who brought something until here has not woken the loop; who brings it from here on does.
        if !self.jobs.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            self.wake();
        }
        false
    }

    fn die(&self) -> Vec<Job> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        self.dead.store(true, Ordering::Release);
        let left = std::mem::take(&mut *jobs);
        self.waiting.store(0, Ordering::Release);
        drop(jobs);
        self.died.notify_waiters();
        left
    }

    /// Notes that the loop stands still, and gives back the bodies that it has not entered.
    fn rest(&self) -> Vec<Job> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        self.still.store(true, Ordering::Release);
        let all = std::mem::take(&mut *jobs);
        let (calls, others) = all.into_iter().partition(|job| matches!(job, Job::Call(..)));
        *jobs = others;
        self.waiting.store(jobs.len(), Ordering::Release);
        calls
    }
}

/// Lets bodies be entered elsewhere.
fn give_back(jobs: Vec<Job>) {
    for job in jobs {
        if let Job::Call(call, of) = job {
            of.answer(call.token, Reply::Back);
        }
    }
}

/// The Python side of a way onto a loop.
#[pyclass(frozen, module = "fusion_kit._native")]
pub(crate) struct Lane {
    pub(crate) way: Arc<Way>,
}

/// What a body is entered with: the engine's calls, the number, the step's place, the input, the attempt, and
/// the context variables.
type Entered<'py> = (Reports, u64, usize, Bound<'py, PyAny>, Attempt, Option<Py<PyAny>>);

/// Bodies to enter, bodies to cancel, futures to resolve.
type Jobs<'py> = (Bound<'py, PyList>, Bound<'py, PyList>, Bound<'py, PyList>);

#[pymethods]
impl Lane {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self { way: Arc::new(Way::new()?) })
    }

    /// The descriptor that becomes readable when there is something to take.
    fn fileno(&self) -> i32 {
        self.way.ear.as_raw_fd()
    }

    /// Takes what has come when the loop was rung for: bodies to enter, bodies to cancel, futures to resolve.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Jobs<'py>> {
        self.way.hear();
        self.made(py)
    }

    /// Looks for a moment whether more comes, and takes it. One call, so that nothing interrupts it in between.
    fn take_more<'py>(&self, py: Python<'py>) -> PyResult<Option<Jobs<'py>>> {
        if py.detach(|| self.way.look()) { self.made(py).map(Some) } else { Ok(None) }
    }

    /// Says that the loop ends: what waits for it goes elsewhere.
    fn close(&self) {
        give_back(self.way.die());
    }

    /// Says that the loop does not run: bodies that it has not entered go elsewhere.
    fn rest(&self) {
        give_back(self.way.rest());
    }

    /// Says that the loop runs; `False` when it has ended.
    fn awake(&self) -> bool {
        self.way.still.store(false, Ordering::Release);
        !self.way.is_dead()
    }

    /// Whether the loop has ended.
    #[getter]
    fn closed(&self) -> bool {
        self.way.is_dead()
    }
}

impl Lane {
    /// Makes Python's of what has come.
    fn made<'py>(&self, py: Python<'py>) -> PyResult<Jobs<'py>> {
        let (calls, cancels, solved) = (PyList::empty(py), PyList::empty(py), PyList::empty(py));
        for job in self.way.take() {
            match job {
                Job::Call(call, of) => match entered(py, call, &of) {
                    Ok(entered) => calls.append(entered)?,
                    Err((token, failure)) => {
                        of.answer(token, Reply::Done(Err(failure)));
                    }
                },
                Job::Cancel(token) => cancels.append(token)?,
                Job::Resolve(future, made) => {
                    let (is_value, value) = match made(py) {
                        Ok(value) => (true, value),
                        Err(error) => (false, error.into_value(py).into_any()),
                    };
                    solved.append((future, is_value, value))?;
                }
            }
        }
        Ok((calls, cancels, solved))
    }
}

fn entered<'py>(
    py: Python<'py>,
    call: Call,
    of: &Arc<Calls>,
) -> Result<Entered<'py>, (u64, fusion_core::model::Failure)> {
    let token = call.token;
    match value::read_payload(py, &call.input) {
        Ok(input) => {
            let attempt = Attempt::new(call.context, of.clone());
            let reports = Reports { calls: of.clone(), bodies: None };
            let vars = call.vars.map(|vars| vars.clone_ref(py));
            Ok((reports, token, call.body, input, attempt, vars))
        }
        Err(error) => {
            let class = fusion_core::model::Class::DECODE;
            Err((token, fusion_core::model::Failure::new(class, error.to_string())))
        }
    }
}
