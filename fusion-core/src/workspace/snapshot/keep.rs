//! Snapshots are kept, found, forgotten.

use std::collections::BTreeSet;
use std::io;

use cap_std::fs::Dir;

use super::super::folder::Workspace;
use super::super::place::{Root, make, wrong};
use super::manifest::{Change, Entry, Snapshot};
use super::objects::Objects;
use super::scan::Scan;
use crate::error::{Code, Error, Result};

/// The folder of an agent's snapshots.
const FOLDER: &str = "snapshots";

impl Workspace {
    /// Keeps what the workspace holds: `projects/` and `.agent/`. A file that did not change since the last snapshot is not read
    /// again, and each content is kept once, whoever has it.
    ///
    /// A command that runs meanwhile may be caught in the middle of its work: files are whole as they were read, one after the
    /// other.
    ///
    /// # Errors
    /// `FU0601` when it cannot be read or kept.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let take = || -> io::Result<Snapshot> {
            let folder = make(&self.kept, FOLDER)?;
            let numbers = numbers(&folder)?;
            let before = numbers.last().and_then(|number| read(&folder, *number).ok());
            let number = numbers.last().map_or(1, |last| last + 1);
            let objects = Objects::open(&self.root.kept)?;
            let snapshot =
                Scan::new(Some(&objects), before.as_ref(), self.now_ns()?).of(&self.dir, number)?;
            // What it names is safe before it is.
            objects.sync()?;
            let text = serde_json::to_vec(&snapshot)?;
            super::super::files::put(&folder, name(number).as_ref(), 0o600, &mut text.as_slice())?;
            Ok(snapshot)
        };
        take().map_err(|error| self.failed(error))
    }

    /// Gives what the workspace holds now; nothing is kept.
    ///
    /// # Errors
    /// `FU0601` when it cannot be read.
    pub fn now(&self) -> Result<Snapshot> {
        let look = || {
            let before = match make(&self.kept, FOLDER) {
                Ok(folder) => {
                    numbers(&folder)?.last().and_then(|number| read(&folder, *number).ok())
                }
                Err(error) => return Err(error),
            };
            Scan::new(None, before.as_ref(), self.now_ns()?).of(&self.dir, 0)
        };
        look().map_err(|error| self.failed(error))
    }

    /// Gives the numbers of the snapshots, the oldest first.
    ///
    /// # Errors
    /// `FU0601` when they cannot be read.
    pub fn snapshots(&self) -> Result<Vec<u64>> {
        let list = || numbers(&make(&self.kept, FOLDER)?);
        list().map_err(|error| self.failed(error))
    }

    /// Gives a snapshot by its number.
    ///
    /// # Errors
    /// `FU0101` when there is none; `FU0601` when it is damaged.
    pub fn kept(&self, number: u64) -> Result<Snapshot> {
        let found = make(&self.kept, FOLDER).and_then(|folder| read(&folder, number));
        found.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let message = format!("`{}` has no snapshot {number}", self.agent);
                let known: Vec<String> =
                    self.snapshots().unwrap_or_default().iter().map(u64::to_string).collect();
                let hint = if known.is_empty() {
                    "none was taken".to_owned()
                } else {
                    format!("there are {}", known.join(", "))
                };
                Error::new(Code::InvalidInput, message).hint(hint)
            }
            _ => wrong(&format!("the snapshot {number} of `{}`", self.agent), error),
        })
    }

    /// Gives what is different in a later snapshot, by path.
    pub fn diff(&self, before: &Snapshot, later: &Snapshot) -> Vec<Change> {
        before.diff(later)
    }

    /// Forgets a snapshot; contents that no other one has go with it.
    ///
    /// # Errors
    /// `FU0101` when there is none; `FU0601` when it cannot be removed.
    pub fn forget(&self, number: u64) -> Result<()> {
        self.kept(number)?;
        let forget = || {
            make(&self.kept, FOLDER)?.remove_file(name(number))?;
            sweep(&self.root)
        };
        forget().map_err(|error| self.failed(error))
    }

    /// The file system's own clock, which is the one that files are stamped with.
    fn now_ns(&self) -> io::Result<i64> {
        use cap_std::fs::MetadataExt as _;
        self.kept.write("clock", b"")?;
        let about = self.kept.metadata("clock")?;
        Ok(about.ctime().saturating_mul(1_000_000_000).saturating_add(about.ctime_nsec()))
    }
}

/// Removes contents that no snapshot has. One that is being taken at this moment would lose some: nobody does both at once.
pub(in super::super) fn sweep(root: &Root) -> io::Result<()> {
    let mut needed = BTreeSet::new();
    for agent in root.kept.entries()? {
        let agent = agent?;
        if agent.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let Ok(folder) = agent.open_dir().and_then(|kept| kept.open_dir(FOLDER)) else { continue };
        for number in numbers(&folder)? {
            let snapshot = read(&folder, number)?;
            needed.extend(snapshot.entries.into_values().filter_map(|entry| match entry {
                Entry::File { hash, .. } => Some(hash),
                Entry::Folder { .. } | Entry::Link { .. } => None,
            }));
        }
    }
    let objects = Objects::open(&root.kept)?;
    for first in objects.0.entries()? {
        let first = first?;
        let start = first.file_name().to_string_lossy().into_owned();
        let Ok(folder) = first.open_dir() else { continue };
        for rest in folder.entries()? {
            let rest = rest?.file_name().to_string_lossy().into_owned();
            if !needed.contains(&format!("{start}{rest}")) {
                folder.remove_file(&rest)?;
            }
        }
    }
    Ok(())
}

fn name(number: u64) -> String {
    format!("{number:06}.json")
}

fn numbers(folder: &Dir) -> io::Result<Vec<u64>> {
    let mut all = Vec::new();
    for entry in folder.entries()? {
        let name = entry?.file_name();
        all.extend(name.to_str().and_then(|name| name.strip_suffix(".json")?.parse::<u64>().ok()));
    }
    all.sort_unstable();
    Ok(all)
}

fn read(folder: &Dir, number: u64) -> io::Result<Snapshot> {
    Ok(serde_json::from_slice(&folder.read(name(number))?)?)
}
