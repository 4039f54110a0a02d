//! One worker process after another: started, killed, started again.

use std::fs::File;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::disk::Disk;
use crate::Fault;
use crate::worker::Orders;

/// How a look at a worker ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It works.
    Alive,
    /// It was killed, by itself after its line.
    Dead,
    /// It has seen the end of all runs.
    Done,
}

/// A worker process.
#[derive(Debug)]
pub(super) struct Slot {
    child: Child,
    /// Where it writes its acknowledgements.
    pub output: PathBuf,
    errors: PathBuf,
    kill_at: Option<Instant>,
    /// Whose power is cut before the worker is killed.
    disk: Option<Arc<Disk>>,
}

impl Slot {
    /// Starts a worker; with `delay` it is killed that long after.
    #[expect(
        clippy::disallowed_methods,
        reason = "the harness starts real processes and waits in real time"
    )]
    pub(super) fn start(
        program: &Path,
        orders: &Orders,
        output: PathBuf,
        delay: Option<Duration>,
    ) -> Result<Self, Fault> {
        let errors = output.with_extension("err");
        let child = Command::new(program)
            .arg("worker")
            .args(orders.to_args())
            .stdin(Stdio::null())
            .stdout(File::create(&output)?)
            .stderr(File::create(&errors)?)
            .env("RUST_BACKTRACE", "1")
            .spawn()?;
        Ok(Self {
            child,
            output,
            errors,
            kill_at: delay.map(|delay| Instant::now() + delay),
            disk: None,
        })
    }

    /// Lets the worker be killed by a power cut of the disk that holds its store.
    pub(super) fn on(mut self, disk: Option<Arc<Disk>>) -> Self {
        self.disk = disk;
        self
    }

    /// Looks at the worker, and kills it when its time has come.
    ///
    /// # Errors
    /// When it ended otherwise than it should.
    #[expect(clippy::disallowed_methods, reason = "the harness waits in real time")]
    pub(super) fn look(&mut self) -> Result<Look, Fault> {
        if self.kill_at.is_some_and(|at| at <= Instant::now()) {
            if let Some(disk) = &self.disk {
                self.freeze()?;
                disk.cut()?;
            }
            self.kill()?;
            return Ok(Look::Dead);
        }
        match self.child.try_wait()? {
            None => Ok(Look::Alive),
            Some(status) if status.success() => Ok(Look::Done),
            Some(status) if status.signal() == Some(9) => Ok(Look::Dead),
            Some(status) => {
                Err(format!("a worker ended with {status}: {}", self.complaints()).into())
            }
        }
    }

    /// Stops the worker with SIGSTOP until none of its threads can do or say anything more: nobody outlives a power cut,
    /// not even by a line. A thread that is in the midst of a flush stays there.
    fn freeze(&self) -> Result<(), Fault> {
        let id = self.child.id();
        let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) else { return Ok(()) };
        kill_process(pid, Signal::STOP)?;
        let is_active = |stat: &str| {
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest.starts_with(['R', 'S']));
            state.unwrap_or(false)
        };
        loop {
            let tasks = std::fs::read_dir(format!("/proc/{id}/task"))?;
            let stats =
                tasks.flatten().map(|task| std::fs::read_to_string(task.path().join("stat")));
            if !stats.flatten().any(|stat| is_active(&stat)) {
                return Ok(());
            }
        }
    }

    /// Kills the worker with SIGKILL and waits until it is gone.
    pub(super) fn kill(&mut self) -> Result<(), Fault> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Gives what it complained about.
    ///
    /// # Errors
    /// When it panicked.
    pub(super) fn check_complaints(&self) -> Result<(), Fault> {
        let text = self.complaints();
        if text.contains("panicked") {
            Err(format!("a worker panicked: {text}").into())
        } else {
            Ok(())
        }
    }

    fn complaints(&self) -> String {
        std::fs::read_to_string(&self.errors).unwrap_or_default()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // It may be over already; a failed trial must leave nobody behind.
        let _ = self.kill();
    }
}
