//! Things that stay open between questions, by number.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fusion_core::error::{Code, Error, Result};

/// Things by number, from 1.
#[derive(Debug)]
pub(super) struct Numbered<T>(Mutex<(u64, BTreeMap<u64, T>)>);

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(Mutex::new((0, BTreeMap::new())))
    }
}

impl<T> Numbered<T> {
    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, T>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one and gives its number.
    pub(super) fn keep(&self, one: T) -> u64 {
        let mut all = self.lock();
        all.0 += 1;
        let number = all.0;
        all.1.insert(number, one);
        number
    }

    /// Takes one out.
    pub(super) fn take(&self, number: u64) -> Option<T> {
        self.lock().1.remove(&number)
    }
}

impl<T: Clone> Numbered<T> {
    /// Gives one.
    ///
    /// # Errors
    /// `FU0105` when it was closed.
    pub(super) fn get(&self, number: u64, what: &str) -> Result<T> {
        let found = self.lock().1.get(&number).cloned();
        found.ok_or_else(|| Error::new(Code::NotApplicable, format!("the {what} was closed")))
    }
}
