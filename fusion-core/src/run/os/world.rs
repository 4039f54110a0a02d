//! [`Os`]: the machine as the engine sees it.

use std::fmt;
use std::future::pending;
use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

use crate::contract::{BoxFuture, Env, Exec, Exit, Guarded, Job, Peers, Stop, Task};
use crate::model::Failure;

use super::clock::Clock;
use super::exec::Commands;
use super::{identity, random};

/// The real world, with Tokio beneath it.
///
/// A host program that runs Tokio is a good home: [`Os::new`] uses its runtime. Otherwise a runtime is started and ends
/// with the last owner of the `Os`. Futures of an `Os` may be awaited anywhere, also outside of Tokio.
///
/// ```
/// use fusion_core::contract::{Env, Peers};
/// use fusion_core::run::Os;
///
/// let os = Os::new()?;
/// assert!(!os.is_dead(&os.identity()));
/// assert_ne!(os.random(), os.random());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Os {
    clock: Clock,
    handle: Handle,
    own: Option<Runtime>,
    commands: Arc<Commands>,
}

impl Os {
    /// Makes a world on the caller's Tokio runtime, or on one of its own when the caller has none.
    ///
    /// Fails when the machine gives no threads or no event queue for a runtime.
    pub fn new() -> io::Result<Arc<Self>> {
        Self::current().map_or_else(Self::with_own_runtime, Ok)
    }

    /// Makes a world on the caller's Tokio runtime; none when the caller has none.
    pub fn current() -> Option<Arc<Self>> {
        Handle::try_current().ok().map(Self::with_runtime)
    }

    /// Makes a world on a Tokio runtime, which must have time and I/O enabled and outlive the engine.
    pub fn with_runtime(handle: Handle) -> Arc<Self> {
        Self::make(handle, None)
    }

    /// Makes a world with a runtime of its own: a worker thread for each CPU.
    pub fn with_own_runtime() -> io::Result<Arc<Self>> {
        let runtime = Builder::new_multi_thread().enable_all().thread_name("fusion").build()?;
        Ok(Self::make(runtime.handle().clone(), Some(runtime)))
    }

    /// Gives the runtime, for callers that wait for a future from a plain thread (`handle().block_on(…)`).
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    fn make(handle: Handle, own: Option<Runtime>) -> Arc<Self> {
        let clock = Clock::new();
        let commands = Commands::new(handle.clone(), clock);
        Arc::new(Self { clock, handle, own, commands })
    }
}

impl Env for Os {
    fn now_ms(&self) -> i64 {
        Clock::now_ms()
    }

    fn monotonic_ns(&self) -> u64 {
        self.clock.monotonic_ns()
    }

    fn random(&self) -> u64 {
        random::random(self.clock)
    }

    fn sleep_until(&self, monotonic_ns: u64) -> BoxFuture<'static, ()> {
        // Made here, the timer belongs to our runtime wherever it is awaited.
        let _here = self.handle.enter();
        match self.clock.moment(monotonic_ns) {
            Some(moment) => Box::pin(tokio::time::sleep_until(moment.into())),
            None => Box::pin(pending()),
        }
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) -> Task {
        let task = self.handle.spawn(future).abort_handle();
        Task::new(move || task.abort())
    }

    fn blocking(&self, job: Job) {
        self.handle.spawn_blocking(job);
    }

    fn in_place(&self, job: &mut dyn FnMut()) -> bool {
        // Other tasks of this thread go on in another one; a runtime of one thread has none to give.
        let has_others = self.handle.runtime_flavor() == RuntimeFlavor::MultiThread;
        if has_others {
            tokio::task::block_in_place(job);
        }
        has_others
    }

    fn dedicated(&self, name: &str, job: Job) {
        // The job stays ours until a thread has taken it, so that it is not lost with a thread that cannot be made.
        let shared = Arc::new(std::sync::Mutex::new(Some(job)));
        let taken = Arc::clone(&shared);
        let run = move |slot: &std::sync::Mutex<Option<Job>>| {
            let job = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            if let Some(job) = job {
                job();
            }
        };
        let thread = std::thread::Builder::new().name(name.replace('\0', ""));
        if thread.spawn(move || run(&taken)).is_err() {
            self.handle.spawn_blocking(move || run(&shared));
        }
    }

    fn exec(&self, exec: Exec, stop: Stop) -> BoxFuture<'static, Result<Exit, Failure>> {
        Box::pin(Arc::clone(&self.commands).run(exec, stop))
    }
}

impl Peers for Os {
    fn identity(&self) -> String {
        identity::identity()
    }

    fn is_dead(&self, identity: &str) -> bool {
        identity::is_dead(identity)
    }

    fn guard(&self, leader: u32) -> Guarded {
        self.commands.guard(leader)
    }
}

impl Drop for Os {
    /// The last owner may be a task, where waiting for a runtime to end is forbidden; so nobody waits.
    fn drop(&mut self) {
        if let Some(runtime) = self.own.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Os")
            .field("own_runtime", &self.own.is_some())
            .field("commands", &self.commands)
            .finish_non_exhaustive()
    }
}
