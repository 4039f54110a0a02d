//! Contents by their hash, each once for all workspaces of a folder.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _};
use sha2::{Digest as _, Sha256};

use crate::model::Digest;

/// How much is read at once, in bytes.
const CHUNK_BYTES: usize = 128 * 1024;
/// The folder among those of agents, whose names never begin with a dot.
const FOLDER: &str = ".objects";

/// The folder of contents.
#[derive(Debug)]
pub(super) struct Objects(pub(super) Dir);

impl Objects {
    pub(super) fn open(kept: &Dir) -> io::Result<Self> {
        super::super::place::make(kept, FOLDER).map(Self)
    }

    /// Keeps what a file holds; gives its hash and length. One that is here already is not kept again.
    pub(super) fn keep(&self, file: &mut File) -> io::Result<(String, u64)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let beside = format!("new-{}-{number}", std::process::id());
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut into = self.0.open_with(&beside, &options)?;
        let kept = copy(file, &mut into).and_then(|(hash, bytes)| {
            let path = path(&hash)?;
            if self.0.exists(&path) {
                self.0.remove_file(&beside)?;
            } else {
                if let Some(folder) = path.parent() {
                    self.0.create_dir_all(folder)?;
                }
                self.0.rename(&beside, &self.0, &path)?;
            }
            Ok((hash, bytes))
        });
        if kept.is_err() {
            let _ = self.0.remove_file(&beside);
        }
        kept
    }

    /// Makes sure that what was kept survives a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        // A handle of a folder is no open file; one of the same file system is.
        let file = self.0.create("sync")?;
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&file)?;
        #[cfg(not(target_os = "linux"))]
        rustix::fs::sync();
        drop(file);
        Ok(())
    }

    pub(super) fn get(&self, hash: &str) -> io::Result<File> {
        self.0.open(path(hash)?)
    }

    /// Tells whether it is here, and is what it was.
    pub(super) fn is_whole(&self, hash: &str) -> bool {
        let read = self.get(hash).and_then(|mut file| copy(&mut file, &mut io::sink()));
        read.is_ok_and(|(found, _)| found == hash)
    }
}

/// Copies; gives the hash and the length of what was read.
pub(super) fn copy(from: &mut impl Read, into: &mut impl io::Write) -> io::Result<(String, u64)> {
    let (mut hasher, mut bytes) = (Sha256::new(), 0_u64);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = chunk.get(..read).unwrap_or_default();
        hasher.update(piece);
        into.write_all(piece)?;
        bytes = bytes.saturating_add(piece.len() as u64);
    }
    let hash: [u8; 32] = hasher.finalize().into();
    Ok((Digest::from(hash).to_string(), bytes))
}

/// `ab/cdef…` of a hash; what is none leads nowhere.
fn path(hash: &str) -> io::Result<PathBuf> {
    let odd = hash.len() != 64 || !hash.bytes().all(|sign| sign.is_ascii_hexdigit());
    match hash.split_at_checked(2) {
        Some((first, rest)) if !odd => Ok(PathBuf::from(first).join(rest)),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a snapshot holds something that is no hash",
        )),
    }
}
