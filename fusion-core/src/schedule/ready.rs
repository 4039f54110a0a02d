//! The keys that can start, in the order in which they shall.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

use crate::model::Key;

/// The keys that can start: by priority, then in the order in which they became ready.
#[derive(Debug, Clone, Default)]
pub(super) struct Ready {
    plain: VecDeque<Key>,
    special: BTreeMap<(Reverse<i32>, u64), Key>,
    count: u64,
}

impl Ready {
    pub(super) fn push(&mut self, key: Key, priority: i32) {
        if priority == 0 {
            self.plain.push_back(key);
        } else {
            self.count += 1;
            self.special.insert((Reverse(priority), self.count), key);
        }
    }

    pub(super) fn pop(&mut self) -> Option<Key> {
        let urgent =
            self.special.first_key_value().is_some_and(|((Reverse(priority), _), _)| *priority > 0);
        if !urgent && let Some(key) = self.plain.pop_front() {
            return Some(key);
        }
        self.special.pop_first().map(|(_, key)| key)
    }

    /// Gives the keys in no particular order.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.plain.iter().chain(self.special.values()).copied()
    }

    pub(super) fn clear(&mut self) {
        self.plain.clear();
        self.special.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.special.is_empty()
    }
}
