//! [`Snapshot`]: what a workspace holds at a moment. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Digest;

/// What a workspace holds at a moment: `projects/` and `.agent/`, not its logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The version of its form.
    #[serde(rename = "snapshot")]
    pub(super) version: u32,
    /// Its number, from 1; 0 for what was not kept.
    pub number: u64,
    /// What there is, by its path.
    pub entries: BTreeMap<String, Entry>,
    /// What is not in it: pipes, sockets, devices, names that are no UTF-8, files that cannot be read.
    pub left_out: Vec<String>,
}

/// Something in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A folder.
    Folder {
        /// Who may do what.
        mode: u32,
    },
    /// A file.
    File {
        /// Who may do what. Rights of the owner for others (setuid) are never kept.
        mode: u32,
        /// Its length, in bytes.
        bytes: u64,
        /// Its SHA-256, in hexadecimal.
        hash: String,
        /// By what a later scan knows that it did not change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stamp: Option<Stamp>,
    },
    /// A symbolic link.
    Link {
        /// Where it leads.
        to: String,
    },
}

/// What the kernel says of a file that did not change: inode, and when content and inode changed, in nanoseconds. Nobody can
/// set the last one back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub(super) inode: u64,
    pub(super) mtime_ns: i64,
    pub(super) ctime_ns: i64,
}

/// A path that is different in two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The path.
    pub path: String,
    /// What happened to it.
    pub kind: Changed,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// It came.
    Added,
    /// It went.
    Removed,
    /// It holds something else.
    Content,
    /// Only its mode is another one.
    Mode,
}

impl Snapshot {
    pub(super) fn new(
        number: u64,
        entries: BTreeMap<String, Entry>,
        left_out: Vec<String>,
    ) -> Self {
        Self { version: 1, number, entries, left_out }
    }

    /// Gives the lengths of its files in all, in bytes.
    pub fn bytes(&self) -> u64 {
        self.entries.values().map(Entry::bytes).sum()
    }

    /// Gives the hash of everything in it: the same for the same paths, modes and contents.
    pub fn hash(&self) -> String {
        let mut text = String::new();
        for (path, entry) in &self.entries {
            let line = match entry {
                Entry::Folder { mode } => format!("folder {mode:o} {path:?}\n"),
                Entry::File { mode, hash, .. } => format!("file {mode:o} {hash} {path:?}\n"),
                Entry::Link { to } => format!("link {to:?} {path:?}\n"),
            };
            text.push_str(&line);
        }
        Digest::of(text.as_bytes()).to_string()
    }

    /// Gives what is different in a later one, by path.
    pub fn diff(&self, later: &Self) -> Vec<Change> {
        let mut all = BTreeMap::new();
        for (path, before) in &self.entries {
            let kind = match later.entries.get(path) {
                None => Some(Changed::Removed),
                Some(after) => before.changed(after),
            };
            all.extend(kind.map(|kind| (path.clone(), kind)));
        }
        let new = later.entries.keys().filter(|path| !self.entries.contains_key(*path));
        all.extend(new.map(|path| (path.clone(), Changed::Added)));
        all.into_iter().map(|(path, kind)| Change { path, kind }).collect()
    }
}

impl Entry {
    fn bytes(&self) -> u64 {
        match self {
            Self::File { bytes, .. } => *bytes,
            Self::Folder { .. } | Self::Link { .. } => 0,
        }
    }

    fn changed(&self, after: &Self) -> Option<Changed> {
        let (same, modes) = match (self, after) {
            (Self::Folder { mode: before }, Self::Folder { mode }) => (true, (*before, *mode)),
            (Self::File { mode: before, hash: old, .. }, Self::File { mode, hash, .. }) => {
                (old == hash, (*before, *mode))
            }
            (Self::Link { to: old }, Self::Link { to }) => (old == to, (0, 0)),
            _ => (false, (0, 0)),
        };
        match (same, modes.0 == modes.1) {
            (false, _) => Some(Changed::Content),
            (true, false) => Some(Changed::Mode),
            (true, true) => None,
        }
    }
}
