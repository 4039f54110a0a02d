//! What a world saw from outside the disk: what was acknowledged, which bodies ran, and everything that is wrong.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use super::ledger::Ledger;
use super::machine::{Machine, Owner, lock};
use super::mirror::Mirror;
use super::team::Seen;

/// How many lines of the trace are kept.
const TRACE_LINES: usize = 400;

/// How often things happened in a world, by name.
pub(super) type Counts = BTreeMap<&'static str, u64>;

/// The witness's notes.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) mirror: Mirror,
    pub(super) ledger: Ledger,
    pub(super) seen: Seen,
    pub(super) counts: Counts,
    wrong: Vec<String>,
    trace: VecDeque<String>,
}

impl Notes {
    /// Notes that something happened once more.
    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

/// The witness of a world; shared by everything in it.
pub(super) struct Witness {
    pub(super) machine: Arc<Machine>,
    notes: Mutex<Notes>,
    /// Whether lines are kept: they cost more than all the rest.
    verbose: bool,
}

impl Witness {
    pub(super) fn new(machine: Arc<Machine>, verbose: bool) -> Arc<Self> {
        Arc::new(Self { machine, notes: Mutex::default(), verbose })
    }

    pub(super) fn notes(&self) -> MutexGuard<'_, Notes> {
        lock(&self.notes)
    }

    /// Writes a line of the trace.
    pub(super) fn say(&self, owner: Owner, line: impl FnOnce() -> String) {
        if !self.verbose {
            return;
        }
        let ms = self.machine.elapsed_ms();
        let line = format!("{ms:>9} ms  p{owner}  {}", line());
        let mut notes = self.notes();
        if notes.trace.len() >= TRACE_LINES {
            notes.trace.pop_front();
        }
        notes.trace.push_back(line);
    }

    /// Notes that something happened once more.
    pub(super) fn count(&self, what: &'static str) {
        self.notes().count(what);
    }

    /// Notes what must never be.
    pub(super) fn accuse(&self, what: impl IntoIterator<Item = String>) {
        let mut notes = self.notes();
        notes.wrong.extend(what);
    }

    /// Tells the first thing that must never be, if there was one.
    pub(super) fn first_wrong(&self) -> Option<String> {
        self.notes().wrong.first().cloned()
    }

    pub(super) fn trace(&self) -> Vec<String> {
        self.notes().trace.iter().cloned().collect()
    }
}
