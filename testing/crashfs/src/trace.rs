//! The log of the last operations, in words, for the message of a failing test.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::faults::Crash;
use crate::rng::mix;

/// How many operations the log keeps.
const KEPT: usize = 256;

/// An operation that changes the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Write { offset: usize, len: usize },
    Truncate { len: usize },
    Sync,
    Delete,
}

impl Action {
    fn numbers(self) -> (u64, usize, usize) {
        match self {
            Self::Create => (1, 0, 0),
            Self::Write { offset, len } => (2, offset, len),
            Self::Truncate { len } => (3, 0, len),
            Self::Sync => (4, 0, 0),
            Self::Delete => (5, 0, 0),
        }
    }
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Failed,
    Full,
    Lied,
    Crashed(Crash),
}

#[derive(Debug)]
enum Event {
    Op { number: u64, action: Action, path: Arc<str>, outcome: Outcome },
    Crash(Crash),
    Restart(Crash),
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, action, path, outcome) = match self {
            Self::Op { number, action, path, outcome } => (number, action, path, outcome),
            Self::Crash(kind) => return write!(out, "       crash: {kind:?}"),
            Self::Restart(kind) => return write!(out, "       restart after {kind:?}"),
        };
        write!(out, "{number:>6} ")?;
        match action {
            Action::Create => write!(out, "create {path}"),
            Action::Write { offset, len } => write!(out, "write {path} {offset}+{len}"),
            Action::Truncate { len } => write!(out, "truncate {path} to {len}"),
            Action::Sync => write!(out, "sync {path}"),
            Action::Delete => write!(out, "delete {path}"),
        }?;
        match outcome {
            Outcome::Done => Ok(()),
            Outcome::Failed => write!(out, ": I/O error"),
            Outcome::Full => write!(out, ": disk full"),
            Outcome::Lied => write!(out, ": said yes, did nothing"),
            Outcome::Crashed(kind) => write!(out, ": crash: {kind:?}"),
        }
    }
}

/// The log and a fingerprint of everything that was ever in it.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    events: VecDeque<Event>,
    fingerprint: u64,
}

impl Trace {
    pub(crate) fn op(&mut self, number: u64, action: Action, path: &Arc<str>, outcome: Outcome) {
        let (kind, offset, len) = action.numbers();
        for part in [number, kind, offset as u64, len as u64] {
            self.fingerprint = mix(self.fingerprint ^ part).rotate_left(7);
        }
        for byte in path.bytes() {
            self.fingerprint = mix(self.fingerprint ^ u64::from(byte));
        }
        self.push(Event::Op { number, action, path: Arc::clone(path), outcome });
    }

    /// Corrects the end of the operation that was logged last.
    pub(crate) fn amend(&mut self, new: Outcome) {
        if let Some(Event::Op { outcome, .. }) = self.events.back_mut() {
            *outcome = new;
        }
    }

    pub(crate) fn crash(&mut self, kind: Crash) {
        self.push(Event::Crash(kind));
    }

    pub(crate) fn restart(&mut self, kind: Crash) {
        self.push(Event::Restart(kind));
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.events.iter().map(Event::to_string).collect()
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn push(&mut self, event: Event) {
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}
