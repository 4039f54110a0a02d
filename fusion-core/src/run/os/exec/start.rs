//! A started program. Dropping it before it was waited for kills it with all its descendants.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use crate::contract::Exec;

use super::find::Program;
use super::guard::Guard;
use super::tree::{Mark, Tree};

/// A program that runs, or has ended and was not waited for.
pub(super) struct Running {
    pub(super) child: Child,
    pid: Pid,
    guard: Arc<Guard>,
    mark: Mark,
    waited: bool,
}

impl Running {
    /// Starts a program in a process group of its own, with the given environment and nothing else.
    #[expect(clippy::disallowed_methods, reason = "this is what `Env::exec` is made of")]
    pub(super) fn start(
        exec: &Exec,
        program: &Program<'_>,
        guard: Arc<Guard>,
        handle: &Handle,
    ) -> io::Result<Self> {
        let _here = handle.enter();
        guard.prepare();
        let mut command = Command::new(&program.path);
        command.arg0(program.name).args(program.arguments).env_clear().envs(&exec.env);
        if let Some(cwd) = &exec.cwd {
            command.current_dir(cwd);
        }
        command.stdin(if exec.stdin.is_empty() { Stdio::null() } else { Stdio::piped() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let announced = guard.announce(&exec.env);
        let child = command.spawn()?;
        let pid = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
            .ok_or_else(|| io::Error::other("the started program has no process id"))?;
        guard.add(pid);
        drop(announced);
        Ok(Self { child, pid, guard, mark: Mark::of(&exec.env), waited: false })
    }

    /// Waits for its end and lets go of it.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.waited = true;
        self.guard.remove(self.pid);
        Ok(status)
    }

    /// Tells whether it has ended; it is not let go of, so its pid stays its own.
    pub(super) fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(self.pid), options), Ok(None))
    }

    /// Everything that descends from it. Only good until [`Running::wait`] has returned.
    pub(super) fn tree(&self) -> Tree {
        Tree::of(self.pid, self.mark.clone())
    }

    /// What it has left, once [`Running::wait`] has returned.
    pub(super) fn left(&self) -> Tree {
        Tree::left(self.pid, self.mark.clone())
    }
}

impl Drop for Running {
    /// The kernel does not give the pid away before someone waits, and nobody did: the group is surely ours.
    fn drop(&mut self) {
        if !self.waited {
            self.tree().kill();
            self.guard.remove(self.pid);
        }
    }
}
