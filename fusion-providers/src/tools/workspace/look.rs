//! List the files of a folder, and search in them.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use regex::Regex;
use rustix::fs::{AtFlags, Dir, FileType, readlinkat, statat};
use rustix::io::Errno;

use super::names::{names, shown};
use super::open;
use super::read::{FILE_BYTES, is_binary, whole};
use crate::mcp::fits;
use crate::tools::away::Halt;

/// How many lines a list or a search gives.
const LINES: usize = 500;
/// How much of a line that was found is shown, in characters.
const LINE_CHARS: usize = 240;
/// How many folders lie in one another.
const DEPTH: usize = 48;
/// How much one call looks at: entries of folders, and bytes of files.
const ENTRIES: usize = 50_000;
const BYTES: u64 = 256 * 1024 * 1024;
/// Folders that programs fill: they are named, but entered only by whoever names them.
const FILLED: [&str; 6] = [".git", "node_modules", "target", ".venv", "__pycache__", ".fusion"];

/// What is looked for.
pub(super) enum Wanted {
    /// Every entry, so many folders deep.
    Entries(usize),
    /// Lines that match in files whose names fit; the files alone without an expression.
    Lines(Option<Regex>, String),
}

/// One look at a folder and all below it.
pub(super) struct Look<'l> {
    wanted: Wanted,
    halt: &'l Halt,
    lines: Vec<String>,
    entries: usize,
    bytes: u64,
    /// Why not all was looked at.
    cut: Option<String>,
}

/// One entry of a folder.
struct Entry {
    name: String,
    kind: FileType,
}

impl<'l> Look<'l> {
    pub(super) fn new(wanted: Wanted, halt: &'l Halt) -> Self {
        Self { wanted, halt, lines: Vec::new(), entries: 0, bytes: 0, cut: None }
    }

    /// Looks, and gives what was found, a line each.
    pub(super) fn at(mut self, root: BorrowedFd<'_>, path: &str) -> Result<String, String> {
        let names = names(path)?;
        let prefix: String = names.iter().flat_map(|name| [*name, "/"]).collect();
        match open::folder(root, path) {
            Ok(folder) => self.folder(&folder, &prefix, 1)?,
            Err(why) => self.one(root, path).ok_or(why)??,
        }
        if let Some(cut) = self.cut {
            self.lines.push(format!("[{cut}]"));
        }
        Ok(if self.lines.is_empty() { "[nothing]".to_owned() } else { self.lines.join("\n") })
    }

    /// Searches the one file that a path names; none when it names something else.
    fn one(&mut self, root: BorrowedFd<'_>, path: &str) -> Option<Result<(), String>> {
        let at = open::place(root, path, false).ok()?;
        let is_file = |about| open::kind(&about) == FileType::RegularFile;
        open::found(&at).ok()?.filter(|about| is_file(*about))?;
        matches!(self.wanted, Wanted::Lines(..))
            .then(|| self.file(at.folder.as_fd(), at.name, path))
    }

    fn folder(&mut self, folder: &OwnedFd, prefix: &str, depth: usize) -> Result<(), String> {
        let mut entries =
            self.entries(folder).map_err(|error| format!("`{prefix}`: {}", open::words(error)))?;
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        for Entry { name, kind } in entries {
            self.halt.check()?;
            if self.cut.is_some() {
                return Ok(());
            }
            let path = format!("{prefix}{name}");
            if let Wanted::Entries(_) = self.wanted {
                let line = line(folder, &name, &path, kind);
                self.push(line);
            }
            match kind {
                FileType::Directory if self.enters(&name, depth) => {
                    // What is gone meanwhile, became a link or may not be read is left out.
                    if let Ok(inner) = open::folder(folder.as_fd(), &name) {
                        self.folder(&inner, &format!("{path}/"), depth + 1)?;
                    }
                }
                FileType::RegularFile => self.file(folder.as_fd(), &name, &path)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn enters(&self, name: &str, depth: usize) -> bool {
        let deep = match self.wanted {
            Wanted::Entries(deep) => deep.min(DEPTH),
            Wanted::Lines(..) => DEPTH,
        };
        depth < deep && !FILLED.contains(&name)
    }

    /// Reads the names of a folder. One that is no UTF-8 cannot be asked for, and is left out.
    fn entries(&mut self, folder: &OwnedFd) -> Result<Vec<Entry>, Errno> {
        let mut found = Vec::new();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if [".", ".."].contains(&name) {
                continue;
            }
            self.entries += 1;
            if self.entries > ENTRIES {
                self.stop(format!("stopped after {ENTRIES} entries: name a folder further down"));
                break;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |about| open::kind(&about)),
                known => known,
            };
            found.push(Entry { name: name.to_owned(), kind });
        }
        Ok(found)
    }

    fn file(&mut self, folder: BorrowedFd<'_>, name: &str, path: &str) -> Result<(), String> {
        let Wanted::Lines(regex, pattern) = &self.wanted else { return Ok(()) };
        if !fits(pattern, name) {
            return Ok(());
        }
        let Some(regex) = regex.clone() else {
            self.push(shown(path));
            return Ok(());
        };
        let Ok(Some((file, size))) = open::file_in(folder, name) else { return Ok(()) };
        if size > FILE_BYTES {
            return Ok(());
        }
        let Ok(bytes) = whole(file, size, self.halt) else { return self.halt.check() };
        self.bytes += bytes.len() as u64;
        if self.bytes > BYTES {
            self.stop(format!("stopped after {BYTES} bytes: name a folder further down"));
        }
        if is_binary(&bytes) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&bytes);
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| regex.is_match(line)) {
            if self.cut.is_some() {
                break;
            }
            let told: String = line.trim().chars().take(LINE_CHARS).collect();
            self.push(format!("{}:{number}: {told}", shown(path)));
        }
        Ok(())
    }

    fn push(&mut self, line: String) {
        if self.lines.len() < LINES {
            self.lines.push(line);
        } else {
            self.stop(format!("there are more than {LINES}: ask for less"));
        }
    }

    fn stop(&mut self, why: String) {
        self.cut.get_or_insert(why);
    }
}

/// Describes an entry on a line.
fn line(folder: &OwnedFd, name: &str, path: &str, kind: FileType) -> String {
    let path = shown(path);
    match kind {
        FileType::Directory => format!("{path}/"),
        FileType::RegularFile => {
            let size =
                statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_or(0, |about| about.st_size);
            format!("{path} ({size} bytes)")
        }
        FileType::Symlink => {
            let to = readlinkat(folder, name, Vec::new()).unwrap_or_default();
            format!("{path} -> {} (a link, not followed)", shown(&to.to_string_lossy()))
        }
        _ => format!("{path} (neither file nor folder)"),
    }
}
