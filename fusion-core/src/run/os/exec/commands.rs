//! The course of one program, from waiting for a free place to its [`Exit`].

use std::fmt;
use std::future::pending;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::pin::{Pin, pin};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::FusedFuture;
use rustix::io::Errno;
use rustix::process::Pid;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::contract::{Exec, Exit, Guarded, Stop};
use crate::model::{Class, Failure, limits};

use super::super::clock::Clock;
use super::explain;
use super::find;
use super::guard::Guard;
use super::leftover;
use super::pump::{Head, Tail, Told, drain, feed};
use super::start::Running;
use super::tree::Tree;

/// How often a program whose file is still open for writing is tried again.
const BUSY_TRIES: u32 = 5;
/// The pause between two such tries, in milliseconds.
const BUSY_MS: u64 = 10;
/// The longest pause between two looks at whether a program has ended, in milliseconds.
const LOOK_MS: u64 = 100;

/// All programs that a world runs.
pub(in super::super) struct Commands {
    handle: Handle,
    clock: Clock,
    places: Arc<Semaphore>,
    guard: Arc<Guard>,
}

impl Commands {
    pub(in super::super) fn new(handle: Handle, clock: Clock) -> Arc<Self> {
        let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let places = Arc::new(Semaphore::new(cpus * limits::COMMANDS_PER_CPU));
        Arc::new(Self { handle, clock, places, guard: Arc::default() })
    }

    /// Lets a program that was not started here end with this process.
    pub(in super::super) fn guard(&self, leader: u32) -> Guarded {
        let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) else {
            return Guarded::default();
        };
        self.guard.prepare();
        self.guard.add(pid);
        let guard = Arc::downgrade(&self.guard);
        Guarded::new(move || {
            if let Some(guard) = guard.upgrade() {
                guard.remove(pid);
            }
        })
    }

    /// Runs one program to its end, natural or not.
    pub(in super::super) async fn run(
        self: Arc<Self>,
        exec: Exec,
        stop: Stop,
    ) -> Result<Exit, Failure> {
        let _place = tokio::select! {
            biased;
            () = stop.wait() => return Err(stopped(&exec)),
            place = Arc::clone(&self.places).acquire_owned() => place,
        };
        let started_ns = self.clock.monotonic_ns();
        let mut running = self.start(&exec).await?;
        stop.alive();
        let (mut head, mut tail) = (Head::new(exec.stdout_limit), Tail::new(exec.stderr_limit));
        let (stdin, stdout, stderr) =
            (running.child.stdin.take(), running.child.stdout.take(), running.child.stderr.take());
        let status = {
            let told = exec.heard.as_ref();
            let (mut out, mut err) = (Told(&mut head, &*stop, told), Told(&mut tail, &*stop, None));
            let pump = async {
                tokio::join!(
                    feed(stdin, exec.stdin.clone()),
                    drain(stdout, &mut out),
                    drain(stderr, &mut err)
                );
            };
            let mut pump = pin!(pump.fuse());
            let status = self.wait(&mut running, &exec, &stop, pump.as_mut()).await;
            if exec.leaves_nothing {
                tokio::select! {
                    biased;
                    () = self.clear(running.left(), exec.grace_ms) => {}
                    () = forever(pump.as_mut()) => {}
                }
            }
            if !pump.is_terminated() {
                tokio::select! {
                    biased;
                    () = pump => {}
                    () = stop.wait() => {}
                    () = self.pause(limits::DRAIN_MS) => {}
                }
            }
            status.map_err(|error| lost(&exec, &error))?
        };
        let duration_ms = self.clock.monotonic_ns().saturating_sub(started_ns) / 1_000_000;
        let (stdout_bytes, stderr_bytes) = (head.total, tail.total);
        let (stdout, stderr) = (head.into_bytes(), tail.into_bytes());
        let (code, signal) = (status.code(), status.signal());
        Ok(Exit { code, signal, stdout, stdout_bytes, stderr, stderr_bytes, duration_ms })
    }

    async fn start(&self, exec: &Exec) -> Result<Running, Failure> {
        let program = find::find(exec)?;
        let killed = leftover::sweep(&exec.env);
        if killed > 0 {
            tracing::warn!(program = program.name, killed, "an earlier attempt still ran; killed");
        }
        let mut tries = 0;
        loop {
            match Running::start(exec, &program, Arc::clone(&self.guard), &self.handle) {
                Ok(running) => return Ok(running),
                Err(error) => {
                    let busy = error.raw_os_error() == Some(Errno::TXTBSY.raw_os_error());
                    tries += 1;
                    if !busy || tries == BUSY_TRIES {
                        return Err(explain::refused(exec, &program, &error));
                    }
                }
            }
            self.pause(BUSY_MS).await;
        }
    }

    /// Waits for the end of the program, which comes by itself or is brought about by `stop`.
    async fn wait(
        &self,
        running: &mut Running,
        exec: &Exec,
        stop: &Stop,
        mut pump: Pin<&mut (impl FusedFuture<Output = ()> + Send)>,
    ) -> io::Result<ExitStatus> {
        tokio::select! {
            biased;
            () = stop.wait() => {}
            status = running.wait() => return status,
            () = forever(pump.as_mut()) => {}
        }
        tokio::select! {
            biased;
            () = self.end(running, exec.grace_ms) => {}
            () = forever(pump) => {}
        }
        // One that gave itself to another user, or hangs in the kernel, does not obey.
        tokio::select! {
            biased;
            status = running.wait() => status,
            () = self.pause(limits::UNKILLABLE_MS) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Asks the program and its descendants to end, and kills what is left after the grace.
    async fn end(&self, running: &Running, grace_ms: u64) {
        self.fell(running.tree(), || running.has_ended(), grace_ms).await;
    }

    /// The same for what a program has left.
    async fn clear(&self, mut tree: Tree, grace_ms: u64) {
        if tree.lives() {
            self.fell(tree, || true, grace_ms).await;
        }
    }

    async fn fell(&self, mut tree: Tree, has_ended: impl Fn() -> bool, grace_ms: u64) {
        tree.terminate();
        let started_ns = self.clock.monotonic_ns();
        let mut look_ms = 1;
        while !has_ended() || tree.lives() {
            let spent_ms = self.clock.monotonic_ns().saturating_sub(started_ns) / 1_000_000;
            let left_ms = grace_ms.saturating_sub(spent_ms);
            if left_ms == 0 {
                break;
            }
            self.pause(look_ms.min(left_ms)).await;
            look_ms = (look_ms * 2).min(LOOK_MS);
        }
        tree.kill();
    }

    #[expect(clippy::disallowed_methods, reason = "a part of `Env::exec`")]
    fn pause(&self, ms: u64) -> tokio::time::Sleep {
        let _here = self.handle.enter();
        tokio::time::sleep(Duration::from_millis(ms))
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commands")
            .field("places_free", &self.places.available_permits())
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

/// Polls to the end and then waits for someone else to be ready.
async fn forever(pump: Pin<&mut (impl FusedFuture<Output = ()> + Send)>) {
    if !pump.is_terminated() {
        pump.await;
    }
    pending::<()>().await;
}

fn name(exec: &Exec) -> &str {
    exec.argv.first().map_or("", String::as_str)
}

fn stopped(exec: &Exec) -> Failure {
    Failure::new(Class::CANCELLED, format!("stopped before `{}` was started", name(exec)))
}

/// It does not end, or someone else in this process waited for it.
fn lost(exec: &Exec, error: &io::Error) -> Failure {
    let name = name(exec);
    if error.kind() == io::ErrorKind::TimedOut {
        let why = "it was killed and still runs; does it belong to another user, or wait for a lost disk?";
        return Failure::error(format!("cannot end `{name}`: {why}"));
    }
    let why = "nobody knows how it ended; does the host program wait for all its children, or ignore SIGCHLD?";
    Failure::error(format!("cannot wait for `{name}`: {error}; {why}"))
}
