//! What a URL of an SQLite store can say.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::contract::Durability;
use crate::error::nearest;
use crate::error::{Code, Error, Result};

/// Where the file is and what is promised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// [`Durability::Sync`] or [`Durability::Relaxed`].
    pub durability: Durability,
    /// The SQLite VFS to use instead of the system's own: the simulator's crash disk.
    pub vfs: Option<String>,
    /// Nothing may be written: for a file or folder that is read-only for this user.
    pub read_only: bool,
    /// The store must be there: a file that is missing or empty is an error, and stays as it is.
    pub existing: bool,
    /// Nobody can write, so no lock and no side file is needed; found out when the file is opened.
    pub(super) immutable: bool,
}

/// Names a file beside a database: SQLite's own, and ours.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

impl Options {
    /// Names a file, with the full promise.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let durability = Durability::Sync;
        Self { path, durability, vfs: None, read_only: false, existing: false, immutable: false }
    }

    /// Chooses what is promised.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Uses another VFS.
    #[must_use]
    pub fn vfs(mut self, name: impl Into<String>) -> Self {
        self.vfs = Some(name.into());
        self
    }

    /// Reads `sqlite://path?durability=relaxed&mode=ro`, with or without the scheme.
    ///
    /// As in SQLite's own URLs `mode` is `ro` (read only), `rw` (read and write a store that is there) or `rwc` (make it if
    /// there is none), which is what happens without it.
    ///
    /// With a scheme (`sqlite://` or `file:`) `%3F` stands for `?`, and so on, as in every URL; a bare path is taken as it is.
    ///
    /// # Errors
    /// `FU0301` for an empty path, an unknown parameter or an unknown value.
    pub fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("sqlite://").unwrap_or(url);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let is_bare = rest.len() == url.len() && !path.starts_with("file:");
        if path.is_empty() {
            return Err(wrong("the store URL names no file").hint("write sqlite://path/file.db"));
        }
        if path == ":memory:" {
            return Err(wrong("`:memory:` is no file").hint("write memory://"));
        }
        let path = plain(path);
        let bytes = if is_bare { path.as_bytes().to_vec() } else { unescaped(path) };
        if bytes.is_empty() || bytes.contains(&0) {
            return Err(wrong("the store URL names no file").hint("write sqlite://path/file.db"));
        }
        let mut options = Self::new(OsString::from_vec(bytes));
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (key, value) {
                ("durability", "sync") => options.durability = Durability::Sync,
                ("durability", "relaxed") => options.durability = Durability::Relaxed,
                ("durability", _) => {
                    let text = format!("there is no durability `{value}`");
                    return Err(wrong(&text).hint(nearest::hint(value, ["sync", "relaxed"])));
                }
                ("mode", "rwc") => (options.read_only, options.existing) = (false, false),
                ("mode", "rw") => (options.read_only, options.existing) = (false, true),
                ("mode", "ro") => (options.read_only, options.existing) = (true, true),
                ("mode", _) => {
                    let text = format!("there is no mode `{value}`");
                    return Err(wrong(&text).hint("known: ro, rw, rwc"));
                }
                _ => {
                    let text = format!("a store has no parameter `{key}`");
                    return Err(wrong(&text).hint(nearest::hint(key, ["durability", "mode"])));
                }
            }
        }
        Ok(options)
    }

    /// Writes the URL.
    pub fn url(&self) -> String {
        let query = match (self.durability, self.read_only) {
            (Durability::Relaxed, false) => "?durability=relaxed",
            (Durability::Relaxed, true) => "?durability=relaxed&mode=ro",
            (_, true) => "?mode=ro",
            (_, false) => "",
        };
        format!("sqlite://{}{query}", escaped(&self.path))
    }

    /// Names the file in the one way that depends neither on the current folder nor on links.
    pub(super) fn resolved(self) -> Self {
        if self.vfs.is_some() {
            return self;
        }
        Self { path: super::turn::one_name(&self.path), ..self }
    }
}

/// Takes `file:` and an empty host away: SQLite would read such a name as a URL, and locks beside it would be elsewhere.
fn plain(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("file:") else { return path };
    let local = rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//"));
    local.filter(|path| path.starts_with('/')).unwrap_or(rest)
}

/// Writes a path so that it can be a part of a URL, whatever bytes it has.
fn escaped(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for sign in chunk.valid().chars() {
            match sign {
                '%' => out.push_str("%25"),
                '?' => out.push_str("%3F"),
                sign => out.push(sign),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Takes such an escape back; a percent sign without two hexadecimal digits stays what it is.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match byte.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

fn wrong(text: &str) -> Error {
    Error::new(Code::StoreUrl, text)
}
