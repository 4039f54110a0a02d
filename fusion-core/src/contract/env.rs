//! The one seam to the world. Nothing else in the engine may ask for the time, for randomness, for a task or a program.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::BoxFuture;
use crate::model::Failure;

/// The world: clock, randomness, tasks, programs. (Network clients are providers and live in their own crate.)
///
/// The real one is `run::Os`; the simulator has its own, in which time only moves when nothing else can.
pub trait Env: Peers {
    /// Gives the wall clock in milliseconds since 1970. It may jump; no promise depends on it.
    fn now_ms(&self) -> i64;

    /// Gives a clock that never goes back, in nanoseconds since some moment.
    fn monotonic_ns(&self) -> u64;

    /// Gives 64 random bits, good enough for names that nobody shall guess.
    fn random(&self) -> u64;

    /// Waits until the monotonic clock shows at least this.
    fn sleep_until(&self, monotonic_ns: u64) -> BoxFuture<'static, ()>;

    /// Runs a future on its own.
    fn spawn(&self, future: BoxFuture<'static, ()>) -> Task;

    /// Runs something that blocks, away from the tasks.
    fn blocking(&self, job: Job);

    /// Runs something that blocks in the calling task itself, where that holds up no other task. `false` when it would:
    /// then nothing was done. Only for tasks that [`Env::spawn`] began.
    fn in_place(&self, job: &mut dyn FnMut()) -> bool;

    /// Runs something that blocks for as long as the process lives, on a thread of its own.
    fn dedicated(&self, name: &str, job: Job);

    /// Runs a program to its end. Dropping the future, or setting `stop`, ends the program and all its children.
    ///
    /// A stopped program's exit is told as any other, with what it wrote until then. Failures: class `spawn` when it
    /// could not be started, `cancelled` when `stop` was set before it was, `error` when nobody knows how it ended.
    fn exec(&self, exec: Exec, stop: Stop) -> BoxFuture<'static, Result<Exit, Failure>>;
}

/// The processes of this host: who am I, and who is gone?
pub trait Peers: fmt::Debug + Send + Sync + 'static {
    /// Names this process so that [`Peers::is_dead`] of another process on the host can tell whether it lives.
    fn identity(&self) -> String;

    /// Tells whether the process of this identity has certainly ended. `false` when in doubt or on another host.
    fn is_dead(&self, identity: &str) -> bool;

    /// Lets a program end with this process, however that ends, as those of [`Env::exec`] do: one that was started in another
    /// way because it is talked with, and leads a process group of this number. Until what this returns is dropped, which
    /// has to be when the program has ended. A world that cannot, does nothing.
    fn guard(&self, leader: u32) -> Guarded {
        let _ = leader;
        Guarded::default()
    }
}

/// A program that ends with this process; see [`Peers::guard`].
#[derive(Default)]
pub struct Guarded(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Guarded {
    /// Wraps what lets the program go.
    pub fn new(leave: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(leave)))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if let Some(leave) = self.0.take() {
            leave();
        }
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guarded")
    }
}

/// Something to be done on a thread.
pub type Job = Box<dyn FnOnce() + Send>;

/// A running task; dropping it leaves the task alone.
pub struct Task(Box<dyn FnOnce() + Send + Sync>);

impl Task {
    /// Wraps what ends the task.
    pub fn new(abort: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self(Box::new(abort))
    }

    /// Ends the task at its next point of waiting.
    pub fn abort(self) {
        (self.0)();
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}

/// A wish to end, given by one and seen by many; the other way, the program says that it lives.
pub trait Stopped: fmt::Debug + Send + Sync {
    /// Tells whether it was given.
    fn is_set(&self) -> bool;
    /// Waits until it is given.
    fn wait(&self) -> BoxFuture<'static, ()>;
    /// Takes note that the program began, or has written something. Does nothing when nobody asks for signs of life.
    fn alive(&self) {}
}

/// A shared [`Stopped`].
pub type Stop = Arc<dyn Stopped>;

/// A program to run.
#[derive(Debug, Clone, Default)]
pub struct Exec {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// What it reads.
    pub stdin: Bytes,
    /// Its working directory; the engine's own when absent.
    pub cwd: Option<PathBuf>,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// What is kept of its standard output, in bytes from the start; the rest is read and counted.
    pub stdout_limit: usize,
    /// What is kept of its standard error, in bytes from the end.
    pub stderr_limit: usize,
    /// How long it may take to end after it was asked to, in milliseconds; then it is killed.
    pub grace_ms: u64,
    /// Whether what it leaves running when it ends by itself is ended, too.
    pub leaves_nothing: bool,
    /// Who hears its standard output as it comes, all of it, whatever is kept.
    pub heard: Option<Heard>,
}

/// Hears what a program writes, piece by piece, however the pieces are cut. It is called while [`Env::exec`] is polled, so a
/// caller that does not poll holds the program up.
#[derive(Clone)]
pub struct Heard(Arc<Hear>);

type Hear = dyn Fn(&[u8]) + Send + Sync;

impl Heard {
    /// Makes it of what is to be done with each piece; it must not wait.
    pub fn new(hear: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Hands a piece over.
    pub fn hear(&self, piece: &[u8]) {
        (self.0)(piece);
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heard")
    }
}

/// How a program ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The start of what it wrote.
    pub stdout: Bytes,
    /// How much it wrote in all, in bytes.
    pub stdout_bytes: u64,
    /// The end of its complaints.
    pub stderr: Bytes,
    /// How much it complained in all, in bytes.
    pub stderr_bytes: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}
