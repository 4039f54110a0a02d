//! The guard: a little process that outlives us and ends our programs if we are killed.
//!
//! It is one `/bin/sh` per world, started with the first program. It reads on a pipe which programs run. When we end,
//! however we end, the kernel closes the pipe; then the guard asks the groups and descendants of what still runs to end,
//! and kills them a second later. It is not our child, so a host that waits for its children never meets it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::Pid;

/// What the guard runs.
const SCRIPT: &str = include_str!("guard.sh");

/// Our end of the guard.
#[derive(Default)]
pub(super) struct Guard(Mutex<State>);

#[derive(Default)]
struct State {
    link: Option<Link>,
    living: BTreeSet<i32>,
    /// It could not be started; nobody tries again.
    missing: bool,
}

struct Link {
    pipe: ChildStdin,
    /// What a full pipe did not take yet.
    unsent: Vec<u8>,
    /// The process that started it; a fork needs a guard of its own.
    owner: u32,
}

impl Guard {
    /// Starts the guard if it does not run.
    pub(super) fn prepare(&self) {
        self.lock().open();
    }

    /// Tells the guard which program is about to be started: it must not outlive us either when we end before
    /// [`Guard::add`]. Nothing is told of one that belongs to no run.
    pub(super) fn announce(&self, environment: &BTreeMap<String, String>) -> Option<Announced<'_>> {
        let part = |name: &str| {
            let text = environment.get(name)?;
            let is_word = |sign: char| sign.is_ascii_graphic() && !"*?,\\".contains(sign);
            (!text.is_empty() && text.chars().all(is_word)).then_some(text)
        };
        let key = part("FUSION_IDEMPOTENCY_KEY")?;
        let mark = format!("{key},{},{}", part("FUSION_EPOCH")?, part("FUSION_ATTEMPT")?);
        self.lock().send("?", &mark);
        Some(Announced { guard: self, mark })
    }

    /// Tells the guard that the program that leads this group runs.
    pub(super) fn add(&self, leader: Pid) {
        let mut state = self.lock();
        state.living.insert(leader.as_raw_pid());
        state.tell("+", leader);
    }

    /// Tells the guard that it ended.
    pub(super) fn remove(&self, leader: Pid) {
        let mut state = self.lock();
        state.living.remove(&leader.as_raw_pid());
        state.tell("-", leader);
    }

    #[cfg(test)]
    pub(super) fn pipe_inode(&self) -> Option<u64> {
        let state = self.lock();
        Some(rustix::fs::fstat(&state.link.as_ref()?.pipe).ok()?.st_ino)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A program that is being started; as soon as this is dropped the guard forgets it.
pub(super) struct Announced<'g> {
    guard: &'g Guard,
    mark: String,
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        self.guard.lock().send("!", &self.mark);
    }
}

impl State {
    fn tell(&mut self, verb: &str, leader: Pid) {
        self.send(verb, &leader.as_raw_pid().to_string());
    }

    fn send(&mut self, verb: &str, what: &str) {
        let Some(link) = &mut self.link else { return };
        link.unsent.extend_from_slice(format!("{verb} {what}\n").as_bytes());
        if link.send().is_err() {
            // Someone killed the guard: the next one learns of all that runs.
            self.link = None;
            self.open();
        }
    }

    fn open(&mut self) {
        let owner = std::process::id();
        if self.missing || self.link.as_ref().is_some_and(|link| link.owner == owner) {
            return;
        }
        if self.link.take().is_some() {
            self.living.clear();
        }
        match Link::open(owner, &self.living) {
            Ok(link) => self.link = Some(link),
            Err(error) => {
                self.missing = true;
                tracing::warn!(%error, "no guard: commands go on if this process is killed");
            }
        }
    }
}

impl Link {
    /// The first shell ends at once and leaves the guard behind, which so is nobody's child.
    #[expect(clippy::disallowed_methods, reason = "the guard is a part of `Env::exec`")]
    fn open(owner: u32, living: &BTreeSet<i32>) -> io::Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "eval \"$SCRIPT\"", "fusion-guard"])
            .env_clear()
            .env("SCRIPT", SCRIPT)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let pipe = shell.stdin.take().ok_or_else(|| io::Error::other("no pipe to the guard"))?;
        if !shell.wait()?.success() {
            return Err(io::Error::other("the shell of the guard failed"));
        }
        let flags = fcntl_getfl(pipe.as_fd())?;
        fcntl_setfl(pipe.as_fd(), flags | OFlags::NONBLOCK)?;
        let mut unsent = Vec::new();
        for pid in living {
            unsent.extend_from_slice(
                format!(
                    "+ {pid}
"
                )
                .as_bytes(),
            );
        }
        let mut link = Self { pipe, unsent, owner };
        link.send()?;
        Ok(link)
    }

    fn send(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.pipe.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written.min(self.unsent.len()))),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Guard")
            .field("runs", &state.link.is_some())
            .field("living", &state.living)
            .finish_non_exhaustive()
    }
}
