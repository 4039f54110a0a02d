//! Entries with leases, and the orders in which they are looked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{Digest, Entry, SessionId};

/// An entry and what only the store needs to know of it.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) entry: Entry,
    pub(super) place: Place,
    pub(super) ephemeral: bool,
    /// Whether others wait for its place: it rings when it goes.
    pub(super) scarce: bool,
    /// The queue that somebody woke it into while it was held.
    pub(super) woken: Option<Arc<str>>,
    pub(super) blobs: Vec<Digest>,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It can be claimed.
    Ready,
    /// It can be claimed when it is due.
    Later,
    /// A session has it.
    Held,
}

/// All entries of the store.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: BTreeMap<u64, Slot>,
    dedup: BTreeMap<Arc<str>, u64>,
    lines: BTreeMap<Arc<str>, Line>,
    held: BTreeMap<SessionId, BTreeSet<u64>>,
    streams: BTreeMap<Arc<str>, usize>,
    pub(super) last: u64,
}

/// The entries of one queue.
#[derive(Debug, Default)]
struct Line {
    ready: BTreeSet<(Reverse<i32>, i64, u64)>,
    later: BTreeSet<(i64, u64)>,
    held: BTreeSet<u64>,
}

impl Line {
    fn len(&self) -> usize {
        self.ready.len() + self.later.len() + self.held.len()
    }

    fn ids(&self) -> impl Iterator<Item = u64> {
        let ready = self.ready.iter().map(|(.., id)| *id);
        ready.chain(self.later.iter().map(|(_, id)| *id)).chain(self.held.iter().copied())
    }
}

impl Table {
    pub(super) fn get(&self, id: u64) -> Option<&Slot> {
        self.slots.get(&id)
    }

    pub(super) fn find(&self, dedup: &str) -> Option<&Slot> {
        self.dedup.get(dedup).and_then(|id| self.slots.get(id))
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Counts the entries of a queue.
    pub(super) fn count(&self, queue: &str) -> usize {
        self.lines.get(queue).map_or(0, Line::len)
    }

    /// Gives every entry of a queue, in the order in which they would be claimed.
    pub(super) fn ids(&self, queue: &str) -> Vec<u64> {
        self.lines.get(queue).map_or_else(Vec::new, |line| line.ids().collect())
    }

    /// Gives what a session holds.
    pub(super) fn of(&self, session: SessionId) -> Vec<u64> {
        self.held.get(&session).map_or_else(Vec::new, |ids| ids.iter().copied().collect())
    }

    /// Tells whether an entry points at a stream.
    pub(super) fn points_at(&self, stream: &str) -> bool {
        self.streams.contains_key(stream)
    }

    /// Gives the entries that became due without being claimable yet.
    pub(super) fn due(&self, queue: &str, now: i64) -> Vec<u64> {
        let later = self.lines.get(queue).map(|line| &line.later);
        later
            .into_iter()
            .flat_map(|later| later.range(..=(now, u64::MAX)))
            .map(|(_, id)| *id)
            .collect()
    }

    /// Gives the first claimable entries of these queues.
    pub(super) fn ready(&self, queues: &[Arc<str>], limit: usize) -> Vec<u64> {
        let lines = queues.iter().filter_map(|queue| self.lines.get(queue));
        let mut first: Vec<_> = lines.flat_map(|line| line.ready.iter().take(limit)).collect();
        first.sort_unstable();
        first.dedup();
        first.into_iter().take(limit).map(|(.., id)| *id).collect()
    }

    /// Tells when the first unclaimed entry of a queue is due.
    pub(super) fn next_due(&self, queue: &str) -> Option<i64> {
        let line = self.lines.get(queue)?;
        let ready = line.ready.first().map(|(_, due, _)| *due);
        let later = line.later.first().map(|(due, _)| *due);
        [ready, later].into_iter().flatten().min()
    }

    /// Lists entries of a queue: as they would be claimed, or by id after one.
    pub(super) fn list(&self, queue: &str, after: u64, limit: usize) -> Vec<Entry> {
        let mut ids = self.ids(queue);
        if after > 0 {
            ids.retain(|id| *id > after);
            ids.sort_unstable();
        }
        let slots = ids.iter().filter_map(|id| self.slots.get(id));
        slots.take(limit).map(|slot| slot.entry.clone()).collect()
    }

    /// Writes or removes an entry, in every order, and gives what was there.
    pub(super) fn set(&mut self, id: u64, slot: Option<Slot>) -> Option<Slot> {
        let before = self.slots.remove(&id);
        if let Some(before) = &before {
            self.unlink(before);
        }
        if let Some(slot) = slot {
            self.link(&slot);
            self.slots.insert(id, slot);
        }
        before
    }

    fn link(&mut self, slot: &Slot) {
        let entry = &slot.entry;
        if let Some(dedup) = &entry.dedup {
            self.dedup.insert(dedup.clone(), entry.id);
        }
        if let Some(session) = entry.session {
            self.held.entry(session).or_default().insert(entry.id);
        }
        if let Some(stream) = &entry.stream {
            *self.streams.entry(stream.clone()).or_default() += 1;
        }
        let line = self.lines.entry(entry.queue.clone()).or_default();
        match slot.place {
            Place::Ready => line.ready.insert((Reverse(entry.priority), entry.due, entry.id)),
            Place::Later => line.later.insert((entry.due, entry.id)),
            Place::Held => line.held.insert(entry.id),
        };
    }

    fn unlink(&mut self, slot: &Slot) {
        let entry = &slot.entry;
        if let Some(dedup) = &entry.dedup {
            self.dedup.remove(dedup);
        }
        if let Some(session) = entry.session
            && let Some(ids) = self.held.get_mut(&session)
        {
            ids.remove(&entry.id);
            if ids.is_empty() {
                self.held.remove(&session);
            }
        }
        if let Some(stream) = &entry.stream
            && let Some(count) = self.streams.get_mut(stream)
        {
            *count -= 1;
            if *count == 0 {
                self.streams.remove(stream);
            }
        }
        let Some(line) = self.lines.get_mut(&entry.queue) else { return };
        match slot.place {
            Place::Ready => line.ready.remove(&(Reverse(entry.priority), entry.due, entry.id)),
            Place::Later => line.later.remove(&(entry.due, entry.id)),
            Place::Held => line.held.remove(&entry.id),
        };
        if line.len() == 0 {
            self.lines.remove(&entry.queue);
        }
    }
}
