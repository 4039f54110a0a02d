//! From a folder to what it holds.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use cap_std::fs::{Dir, DirEntry, Metadata, MetadataExt as _};
use rustix::io::Errno;

use super::super::files::open_file;
use super::manifest::{Entry, Snapshot, Stamp};
use super::objects::{Objects, copy};

/// The parts of a workspace that snapshots hold.
pub(super) const PARTS: [&str; 2] = [".agent", "projects"];
/// How deep folders may lie in one another.
const DEPTH: usize = 128;
/// A file that was changed so shortly before a scan may be changed again without its times showing it, in nanoseconds.
const FRESH_NS: i64 = 2_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;

/// One walk through a workspace.
pub(super) struct Scan<'a> {
    /// Where contents are kept; they are only read without it.
    pub(super) objects: Option<&'a Objects>,
    /// The last one: what did not change since is not read again.
    pub(super) before: Option<&'a Snapshot>,
    /// The wall clock, in nanoseconds.
    pub(super) now_ns: i64,
    entries: BTreeMap<String, Entry>,
    left_out: Vec<String>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        objects: Option<&'a Objects>,
        before: Option<&'a Snapshot>,
        now_ns: i64,
    ) -> Self {
        Self { objects, before, now_ns, entries: BTreeMap::new(), left_out: Vec::new() }
    }

    /// Walks through a workspace.
    pub(super) fn of(mut self, dir: &Dir, number: u64) -> io::Result<Snapshot> {
        for part in PARTS {
            let folder = dir.open_dir(part)?;
            let mode = folder.dir_metadata()?.mode() & 0o777;
            self.entries.insert(part.to_owned(), Entry::Folder { mode });
            self.folder(&folder, part, 0)?;
        }
        self.left_out.sort();
        Ok(Snapshot::new(number, self.entries, self.left_out))
    }

    fn folder(&mut self, folder: &Dir, above: &str, depth: usize) -> io::Result<()> {
        for entry in folder.entries()? {
            let entry = entry?;
            let name = entry.file_name();
            let path = format!("{above}/{}", name.to_string_lossy());
            let found = match name.to_str() {
                Some(name) => self.entry(folder, &entry, (name, &path), depth),
                None => Ok(None),
            };
            match found {
                Ok(Some(found)) => {
                    self.entries.insert(path, found);
                }
                // A disk that fails is another matter than a file that is gone, swapped or closed to us.
                Err(error) if is_grave(&error) => return Err(error),
                Ok(None) | Err(_) => self.left_out.push(path),
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        folder: &Dir,
        entry: &DirEntry,
        (name, path): (&str, &str),
        depth: usize,
    ) -> io::Result<Option<Entry>> {
        let about = entry.metadata()?;
        let mode = about.mode() & 0o777;
        if about.is_dir() {
            if depth >= DEPTH {
                return Ok(None);
            }
            self.folder(&entry.open_dir()?, path, depth + 1)?;
            return Ok(Some(Entry::Folder { mode }));
        }
        if about.is_symlink() {
            let to = folder.read_link_contents(name)?;
            return Ok(to.into_os_string().into_string().ok().map(|to| Entry::Link { to }));
        }
        if !about.is_file() {
            return Ok(None);
        }
        if let Some(known) = self.known(path, &about) {
            return Ok(Some(known));
        }
        let (mut file, _) = open_file(folder, Path::new(name))?;
        let before = stamp(&file.metadata()?);
        let (hash, bytes) = match self.objects {
            Some(objects) => objects.keep(&mut file)?,
            None => copy(&mut file, &mut io::sink())?,
        };
        let stamp = stamp(&file.metadata()?);
        let stamp = (stamp == before && self.now_ns - stamp.ctime_ns > FRESH_NS).then_some(stamp);
        Ok(Some(Entry::File { mode, bytes, hash, stamp }))
    }

    /// Gives what the last snapshot says of a file that did not change since.
    fn known(&self, path: &str, about: &Metadata) -> Option<Entry> {
        let known = self.before?.entries.get(path)?;
        let Entry::File { bytes, hash, stamp: Some(was), .. } = known else { return None };
        let same = *was == stamp(about) && *bytes == about.len();
        let mode = about.mode() & 0o777;
        same.then(|| Entry::File { mode, bytes: *bytes, hash: hash.clone(), stamp: Some(*was) })
    }
}

fn stamp(about: &Metadata) -> Stamp {
    let ns = |seconds: i64, rest: i64| seconds.saturating_mul(SECOND_NS).saturating_add(rest);
    Stamp {
        inode: about.ino(),
        mtime_ns: ns(about.mtime(), about.mtime_nsec()),
        ctime_ns: ns(about.ctime(), about.ctime_nsec()),
    }
}

fn is_grave(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    !matches!(
        error.kind(),
        Kind::NotFound | Kind::PermissionDenied | Kind::InvalidInput | Kind::NotADirectory
    ) && Errno::from_io_error(error) != Some(Errno::LOOP)
}
