//! [`Workspace`]: the folder of one agent.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use serde_json::json;

use super::place::{Root, wrong};
use super::quota::{Quota, Usage, measure_in};
use super::sandbox::{Command, Output, Policy, Sandbox};
use crate::contract::Stop;
use crate::error::{Code, Error, Result};

/// How long the list of commands grows before it is put aside, in bytes.
const LOG_BYTES: u64 = 1 << 20;
const LOG: &str = "logs/commands.jsonl";
const LOG_BEFORE: &str = "logs/commands.1.jsonl";
const QUOTA: &str = "quota.json";

/// The folder of one agent, mode 0700: `projects/` to work in, `.agent/` for what the engine keeps of the agent, `logs/`.
///
/// Everything in it is reached from the folder as it was opened: no `..`, no full path, no link, and no folder that is swapped in the
/// last moment leads out. Commands may change `projects/` and nothing else. Cheap to clone.
#[derive(Clone)]
pub struct Workspace {
    pub(super) agent: Arc<str>,
    pub(super) root: Arc<Root>,
    pub(super) dir: Arc<Dir>,
    pub(super) kept: Arc<Dir>,
    pub(super) quota: Quota,
}

/// A turn in a workspace; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "closing it ends the turn")] std::fs::File);

impl Workspace {
    pub(super) const PARTS: [&'static str; 3] = [".agent", "projects", "logs"];

    pub(super) fn open(root: &Arc<Root>, agent: &str) -> Result<Self> {
        let failed = |error| wrong(&format!("the workspace of `{agent}`"), error);
        let dir = root.agents.open_dir(agent).map_err(failed)?;
        let kept = super::place::make(&root.kept, agent).map_err(failed)?;
        let quota = match kept.read_to_string(QUOTA) {
            Ok(text) => serde_json::from_str(&text).map_err(|error| failed(error.into()))?,
            Err(_) => Quota::default(),
        };
        let (dir, kept) = (Arc::new(dir), Arc::new(kept));
        Ok(Self { agent: agent.into(), root: root.clone(), dir, kept, quota })
    }

    /// Gives the name of the agent.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// Gives where the folder is.
    pub fn path(&self) -> PathBuf {
        self.root.path.join("agents").join(&*self.agent)
    }

    /// Gives the folder to work in.
    pub fn projects(&self) -> PathBuf {
        self.path().join("projects")
    }

    /// Gives what the workspace may hold.
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// Says what the workspace may hold, from now on and for everybody.
    ///
    /// # Errors
    /// `FU0601` when it cannot be written.
    pub fn limited(mut self, quota: Quota) -> Result<Self> {
        let text = json!(quota).to_string();
        self.kept.write(QUOTA, text).map_err(|error| self.failed(error))?;
        self.quota = quota;
        Ok(self)
    }

    /// Measures what the workspace holds: it is walked through.
    ///
    /// # Errors
    /// `FU0601` when it cannot be read.
    pub fn usage(&self) -> Result<Usage> {
        let mut usage = measure_in(&self.dir).map_err(|error| self.failed(error))?;
        usage.files = usage.files.saturating_sub(Self::PARTS.len() as u64);
        Ok(usage)
    }

    /// Runs a command in `projects/`, which is all that it may change; it is noted in `logs/commands.jsonl`.
    ///
    /// # Errors
    /// As [`Sandbox::run`]; `FU0601` while the workspace is restored or removed.
    pub async fn run(
        &self,
        sandbox: &Sandbox,
        argv: impl IntoIterator<Item = impl Into<String>>,
        policy: &Policy,
        stop: Stop,
    ) -> Result<Output> {
        let command = Command {
            argv: argv.into_iter().map(Into::into).collect(),
            cwd: self.projects(),
            writable: vec![self.projects()],
            ..Command::default()
        };
        self.run_command(sandbox, command, policy, stop).await
    }

    /// Runs a command with all that belongs to it. Its folders are those of the workspace, whatever it names.
    ///
    /// # Errors
    /// As [`Workspace::run`].
    pub async fn run_command(
        &self,
        sandbox: &Sandbox,
        command: Command,
        policy: &Policy,
        stop: Stop,
    ) -> Result<Output> {
        let _turn = self.turn(FlockOperation::NonBlockingLockShared)?;
        let (all, inner) = (self.usage()?, self.dir.open_dir("projects"));
        let inner =
            inner.and_then(|inner| measure_in(&inner)).map_err(|error| self.failed(error))?;
        // What the other folders hold is taken off.
        let quota = Quota {
            bytes: self.quota.bytes.saturating_sub(all.bytes.saturating_sub(inner.bytes)),
            files: self.quota.files.saturating_sub(all.files.saturating_sub(inner.files)),
        };
        let projects = self.projects();
        let cwd = if command.cwd.starts_with(&projects) { command.cwd } else { projects.clone() };
        let argv = command.argv.clone();
        let command = Command { cwd, writable: vec![projects], quota: Some(quota), ..command };
        let output = sandbox.run(command, policy, stop).await;
        self.note(&argv, &output);
        output
    }

    /// Notes a command. What cannot be noted has happened all the same.
    fn note(&self, argv: &[String], output: &Result<Output>) {
        let line = match output {
            Ok(output) => json!({
                "argv": argv, "code": output.code, "signal": output.signal, "ms": output.duration_ms,
                "ended": output.ended.as_ref().map(|ended| format!("{ended:?}")), "level": output.level.name(),
            }),
            Err(error) => json!({"argv": argv, "error": error.to_string()}),
        };
        let mut options = OpenOptions::new();
        options.create(true).append(true).mode(0o600);
        let noted = self.dir.open_with(LOG, &options).and_then(|mut file| {
            use std::io::Write as _;
            file.write_all(format!("{line}\n").as_bytes())?;
            if file.metadata()?.len() > LOG_BYTES {
                self.dir.rename(LOG, &self.dir, LOG_BEFORE)?;
            }
            Ok(())
        });
        if let Err(error) = noted {
            tracing::warn!(%error, agent = &*self.agent, "a command could not be noted");
        }
    }

    /// Removes the workspace with its snapshots. Nobody may be at work in it.
    ///
    /// # Errors
    /// `FU0601` while a command runs in it, or when it cannot be removed.
    pub fn destroy(self) -> Result<()> {
        let turn = self.turn(FlockOperation::NonBlockingLockExclusive)?;
        let failed = |error| wrong(&format!("the workspace of `{}`", self.agent), error);
        unlock(&self.dir).map_err(failed)?;
        self.root.agents.remove_dir_all(&*self.agent).map_err(failed)?;
        self.root.kept.remove_dir_all(&*self.agent).map_err(failed)?;
        drop(turn);
        super::snapshot::sweep(&self.root).map_err(failed)
    }

    /// Waits for nobody: who wants the workspace for himself while others work in it is told so.
    pub(super) fn turn(&self, how: FlockOperation) -> Result<Turn> {
        let mut options = OpenOptions::new();
        options.create(true).write(true).mode(0o600);
        let file = self.kept.open_with("lock", &options).map_err(|error| self.failed(error))?;
        let file = file.into_std();
        match rustix::fs::flock(&file, how) {
            Ok(()) => Ok(Turn(file)),
            Err(Errno::WOULDBLOCK) => Err(Error::new(
                Code::Workspace,
                format!("somebody is at work in the workspace of `{}`", self.agent),
            )
            .hint("wait until its commands have ended, or stop its agent")),
            Err(error) => Err(self.failed(error.into())),
        }
    }

    pub(super) fn failed(&self, error: io::Error) -> Error {
        wrong(&format!("the workspace of `{}`", self.agent), error)
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "workspace {}", self.path().display())
    }
}

/// Makes folders that were locked to everybody accessible to their owner again.
fn unlock(dir: &Dir) -> io::Result<()> {
    use cap_std::fs::PermissionsExt as _;
    for entry in dir.entries()? {
        let entry = entry?;
        let about = entry.metadata()?;
        if !about.is_dir() {
            continue;
        }
        if about.permissions().mode() & 0o700 != 0o700 {
            let open = cap_std::fs::Permissions::from_std(
                std::os::unix::fs::PermissionsExt::from_mode(0o700),
            );
            dir.set_permissions(Path::new(&entry.file_name()), open)?;
        }
        unlock(&entry.open_dir()?)?;
    }
    Ok(())
}
