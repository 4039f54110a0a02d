//! Files of a folder that somebody may have filled: descriptions, manifests, models.

use std::fs;
use std::path::{Path, PathBuf};

/// Gives the files of a folder that are wanted, by their paths; a folder that is not there has none.
pub(crate) fn files(folder: &Path, is_wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| is_wanted(path)).collect();
    files.sort();
    files
}
