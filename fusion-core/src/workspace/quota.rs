//! [`Quota`]: what a workspace may hold, and how much it holds.

use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use serde::{Deserialize, Serialize};

/// How deep folders may lie in one another; what is deeper counts as too much.
const DEPTH: usize = 128;

/// What a workspace may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// The lengths of its files in all, in bytes; those of sparse files, too.
    pub bytes: u64,
    /// Its files, folders and links in all.
    pub files: u64,
}

impl Default for Quota {
    /// 1 GiB, 100,000 files.
    fn default() -> Self {
        Self { bytes: 1 << 30, files: 100_000 }
    }
}

/// What a workspace holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// The lengths of its files in all, in bytes.
    pub bytes: u64,
    /// Its files, folders and links in all.
    pub files: u64,
}

impl Quota {
    /// Says of what there is too much; nothing when all is well.
    pub fn exceeded(&self, usage: Usage) -> Option<String> {
        if usage.bytes > self.bytes {
            return Some(format!("{} bytes are more than {}", usage.bytes, self.bytes));
        }
        (usage.files > self.files)
            .then(|| format!("{} files and folders are more than {}", usage.files, self.files))
    }
}

/// Measures what a folder holds; no link is followed.
pub(super) fn measure(folder: &Path) -> io::Result<Usage> {
    measure_in(&Dir::open_ambient_dir(folder, ambient_authority())?)
}

/// Measures what an open folder holds.
pub(super) fn measure_in(folder: &Dir) -> io::Result<Usage> {
    let mut usage = Usage::default();
    add(folder, &mut usage, 0)?;
    Ok(usage)
}

fn add(folder: &Dir, usage: &mut Usage, depth: usize) -> io::Result<()> {
    if depth > DEPTH {
        usage.files = u64::MAX;
        return Ok(());
    }
    for entry in folder.entries()? {
        let entry = entry?;
        usage.files = usage.files.saturating_add(1);
        // What is gone meanwhile takes no room.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            if let Ok(inner) = entry.open_dir() {
                add(&inner, usage, depth + 1)?;
            }
        } else {
            usage.bytes = usage.bytes.saturating_add(about.len());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_not_followed_and_sparse_files_count_whole() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("inner")).unwrap();
        std::fs::write(at("inner/a"), [0; 100]).unwrap();
        std::os::unix::fs::symlink("/", at("root")).unwrap();
        std::fs::File::create(at("sparse")).unwrap().set_len(1 << 40).unwrap();
        let usage = measure(folder.path()).unwrap();
        assert_eq!((usage.files, usage.bytes), (4, (1 << 40) + 100 + 1));
        assert!(Quota::default().exceeded(usage).unwrap().contains("bytes"));
        let few = Quota { files: 3, bytes: u64::MAX };
        assert!(few.exceeded(usage).unwrap().contains("4 files"));
        assert_eq!(Quota { files: 4, bytes: u64::MAX }.exceeded(usage), None);
    }

    #[test]
    fn what_is_too_deep_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join(vec!["d"; DEPTH + 3].join("/"));
        std::fs::create_dir_all(deep).unwrap();
        assert!(Quota::default().exceeded(measure(folder.path()).unwrap()).is_some());
    }
}
