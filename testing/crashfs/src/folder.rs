//! The entries of all folders: which name leads to which file, for the programs and for the disk.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::rng::Rng;

/// The number of one file; a name that is deleted and made again leads to another one.
pub(crate) type Inode = u64;

/// What a name led to after a change that no sync has made sure yet.
#[derive(Debug)]
struct Change {
    name: Arc<str>,
    target: Option<Inode>,
}

/// All names of a disk.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    durable: BTreeMap<Arc<str>, Inode>,
    current: BTreeMap<Arc<str>, Inode>,
    pending: Vec<Change>,
}

impl Folder {
    pub(crate) fn find(&self, name: &str) -> Option<Inode> {
        self.current.get(name).copied()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Arc<str>, Inode)> {
        self.current.iter().map(|(name, inode)| (name, *inode))
    }

    pub(crate) fn create(&mut self, name: &Arc<str>, inode: Inode) {
        self.current.insert(Arc::clone(name), inode);
        self.pending.push(Change { name: Arc::clone(name), target: Some(inode) });
    }

    pub(crate) fn delete(&mut self, name: &str) {
        if let Some((name, _)) = self.current.remove_entry(name) {
            self.pending.push(Change { name, target: None });
        }
    }

    /// Puts an entry on the disk at once.
    pub(crate) fn store(&mut self, name: &Arc<str>, inode: Inode) {
        self.create(name, inode);
        self.sync_entry(name, inode);
    }

    /// Makes the entry of one file sure, if the name still leads to it.
    pub(crate) fn sync_entry(&mut self, name: &str, inode: Inode) {
        if self.find(name) == Some(inode) {
            self.sync_where(|other| other == name);
        }
    }

    /// Makes every entry of the folder of `name` sure.
    pub(crate) fn sync_parent(&mut self, name: &str) {
        let parent = parent(name);
        self.sync_where(|other| self::parent(other) == parent);
    }

    fn sync_where(&mut self, picks: impl Fn(&str) -> bool) {
        for change in self.pending.extract_if(.., |change| picks(&change.name)) {
            bind(&mut self.durable, &change.name, change.target);
        }
    }

    /// Leaves each name in any of the states it had since its folder was synced.
    pub(crate) fn lose_power(&mut self, rng: &mut Rng) {
        let mut states: BTreeMap<Arc<str>, Vec<Option<Inode>>> = BTreeMap::new();
        for change in self.pending.drain(..) {
            states.entry(change.name).or_default().push(change.target);
        }
        for (name, targets) in states {
            let count = u64::try_from(targets.len()).unwrap_or(u64::MAX);
            let pick = usize::try_from(rng.below(count.saturating_add(1))).unwrap_or(0);
            // The last number stands for "as the disk had it", so nothing is to be done.
            if let Some(target) = targets.get(pick) {
                bind(&mut self.durable, &name, *target);
            }
        }
        self.current.clone_from(&self.durable);
    }

    /// Lists the files that some name leads to, or may lead to after a loss of power.
    pub(crate) fn reachable(&self) -> BTreeSet<Inode> {
        let pending = self.pending.iter().filter_map(|change| change.target);
        self.current.values().chain(self.durable.values()).copied().chain(pending).collect()
    }
}

fn bind(entries: &mut BTreeMap<Arc<str>, Inode>, name: &Arc<str>, target: Option<Inode>) {
    match target {
        Some(inode) => entries.insert(Arc::clone(name), inode),
        None => entries.remove(name),
    };
}

fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}
