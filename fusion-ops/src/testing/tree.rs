//! Whether the files of a project are the same as before.

use std::fs::Metadata;
use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_core::model::Digest;
use sha2::{Digest as _, Sha256};

use super::search::folders;
use super::xml::HEAD;

/// The most files whose content is looked at.
const FILES: usize = 100_000;
/// The largest file whose content is looked at, in bytes; of others the size and the time of the last change count.
const LARGE: u64 = 8 * 1024 * 1024;
/// Endings of files that tests write.
const WRITTEN: &[&str] = &["pyc", "pyo", "log", "tmp", "profraw", "coverage", "tsbuildinfo"];

/// Gives a hash of the files of a folder and below, by name and content: the same only when they are. Left out is what is hidden, installed
/// or made, as where suites are looked for, and what tests write: logs, caches, measurements, reports of ours. Links count by their name.
///
/// # Errors
/// `FU0201` for a folder that cannot be read, `FU0106` for more than 100 000 files.
pub fn fingerprint(root: &Path) -> Result<String> {
    let unreadable = |path: &Path, why| {
        Error::new(Code::FileUnreadable, format!("{} cannot be read", path.display())).because(why)
    };
    let mut hash = Sha256::new();
    let mut open = vec![root.to_owned()];
    let mut count = 0;
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|why| unreadable(&folder, why))?;
        let mut files: Vec<_> = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()))
            .map(|entry| entry.path())
            .filter(|path| !is_left_out(path))
            .collect();
        files.sort();
        for path in files {
            count += 1;
            if count > FILES {
                let message = format!("{} has more than {FILES} files", root.display());
                return Err(Error::new(Code::Limit, message).hint("name a folder below it"));
            }
            // What is gone or refused meanwhile is known by its name alone.
            let about = path.symlink_metadata().ok();
            let is_read = |about: &Metadata| about.is_file() && about.len() <= LARGE;
            let bytes = about.as_ref().filter(|about| is_read(about));
            let bytes = bytes.map(|_| std::fs::read(&path).unwrap_or_default());
            if bytes.as_ref().is_some_and(|bytes| bytes.starts_with(HEAD.as_bytes())) {
                continue;
            }
            let name = path.strip_prefix(root).unwrap_or(&path).as_os_str().as_encoded_bytes();
            hash.update(name.len().to_le_bytes());
            hash.update(name);
            let Some(about) = about else { continue };
            if let Some(bytes) = bytes {
                hash.update(Digest::of(&bytes).to_string());
            } else if about.is_file() {
                let changed = about
                    .modified()
                    .ok()
                    .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
                hash.update(about.len().to_le_bytes());
                hash.update(changed.unwrap_or_default().as_nanos().to_le_bytes());
            }
        }
        open.extend(folders(&folder)?);
    }
    Ok(Digest::of(&hash.finalize()).to_string().chars().take(32).collect())
}

fn is_left_out(path: &Path) -> bool {
    let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    is_hidden || path.extension().is_some_and(|ending| WRITTEN.iter().any(|one| ending == *one))
}
