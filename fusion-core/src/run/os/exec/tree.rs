//! Who descends from a program, and how all of them are ended.

use std::collections::BTreeMap;

use rustix::process::{Pid, Signal, kill_process_group};

use super::super::process::{self, Process};

/// How often a tree that keeps growing while it is killed is killed anew.
const KILL_ROUNDS: u32 = 50;

/// The variables that a program was started with and that only its descendants share.
///
/// Empty unless they name a run (`FUSION_RUN_ID`), and when we ourselves were started with the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Mark(Vec<Vec<u8>>);

impl Mark {
    pub(super) fn of(environment: &BTreeMap<String, String>) -> Self {
        if !environment.contains_key("FUSION_RUN_ID") {
            return Self::default();
        }
        let ours = environment.iter().filter(|(name, _)| name.starts_with("FUSION_"));
        Self(ours.map(|(name, value)| format!("{name}={value}").into_bytes()).collect())
    }

    fn is_on(&self, pid: i32) -> bool {
        !self.0.is_empty() && process::has_variables(pid, &self.0)
    }
}

/// A program and its descendants. The program must not have been waited for, so that its pid is still its own, or is known to be gone.
#[derive(Debug)]
pub(super) struct Tree {
    root: Pid,
    /// The program was waited for: its pid may be another's, its group is that of its descendants while one of them is in it.
    gone: bool,
    mark: Mark,
    /// Every member ever seen, by pid, with the moment of its start.
    seen: BTreeMap<i32, u64>,
}

impl Tree {
    pub(super) fn of(root: Pid, mark: Mark) -> Self {
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        let mark = if mark.is_on(own) { Mark::default() } else { mark };
        Self { root, gone: false, mark, seen: BTreeMap::new() }
    }

    /// What a program has left that was waited for.
    pub(super) fn left(root: Pid, mark: Mark) -> Self {
        Self { gone: true, ..Self::of(root, mark) }
    }

    /// Asks all members to end.
    pub(super) fn terminate(&mut self) {
        let living = self.living();
        self.signal(&living, Signal::TERM);
        // One that was stopped would only learn of it when it goes on.
        self.signal(&living, Signal::CONT);
    }

    /// Tells whether a member lives; one that only waits to be noticed by its parent does not.
    pub(super) fn lives(&mut self) -> bool {
        !self.living().is_empty()
    }

    /// Kills all members, and those that they start in the meantime.
    pub(super) fn kill(mut self) {
        for _ in 0..KILL_ROUNDS {
            let living = self.living();
            self.signal(&living, Signal::KILL);
            let known = self.seen.len();
            if self.living().is_empty() || self.seen.len() == known {
                break;
            }
        }
    }

    /// The group at once, then one by one those that left it.
    fn signal(&self, living: &[Process], signal: Signal) {
        if !self.gone || living.iter().any(|member| member.group == self.root.as_raw_pid()) {
            let _: rustix::io::Result<()> = kill_process_group(self.root, signal);
        }
        for member in living.iter().filter(|member| member.group != self.root.as_raw_pid()) {
            send(member, signal);
        }
    }

    fn living(&mut self) -> Vec<Process> {
        let own = i32::try_from(std::process::id()).unwrap_or_default();
        let mut rest = process::list();
        rest.retain(|process| process.pid > 1 && process.pid != own);
        for process in &rest {
            // A pid that was given to another process ties nobody to us any more.
            if self.seen.get(&process.pid).is_some_and(|start| *start != process.start) {
                self.seen.remove(&process.pid);
            }
        }
        let mut members = Vec::new();
        loop {
            let (found, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|process| self.is_tied(process));
            rest = others;
            if found.is_empty() {
                break;
            }
            self.seen.extend(found.iter().map(|process| (process.pid, process.start)));
            members.extend(found);
        }
        for process in rest.into_iter().filter(|process| self.mark.is_on(process.pid)) {
            self.seen.insert(process.pid, process.start);
            members.push(process);
        }
        members.retain(|process| !process.ended);
        members
    }

    fn is_tied(&self, process: &Process) -> bool {
        let root = self.root.as_raw_pid();
        if self.gone && process.pid == root {
            return false;
        }
        let known = |pid: i32| pid == root || self.seen.contains_key(&pid);
        process.pid == root
            || self.seen.get(&process.pid) == Some(&process.start)
            || known(process.parent)
            || known(process.group)
            || known(process.session)
    }
}

/// Kills exactly this process.
pub(super) fn send_kill(process: &Process) {
    send(process, Signal::KILL);
}

/// Sends a signal to exactly this process, never to a later one with its pid.
#[cfg(target_os = "linux")]
fn send(process: &Process, signal: Signal) {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    let Some(pid) = Pid::from_raw(process.pid) else { return };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    if process::read(process.pid).is_some_and(|now| now.start == process.start) {
        let _: rustix::io::Result<()> = pidfd_send_signal(handle, signal);
    }
}

/// Elsewhere there is no list of processes either, so nobody is ever named here.
#[cfg(not(target_os = "linux"))]
fn send(_process: &Process, _signal: Signal) {}
