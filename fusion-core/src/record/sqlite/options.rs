//! What a URL of an SQLite store can say.

use std::path::PathBuf;

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
    /// Nobody can write, so no lock and no side file is needed; found out when the file is opened.
    pub(super) immutable: bool,
}

impl Options {
    /// Names a file, with the full promise.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let durability = Durability::Sync;
        Self { path, durability, vfs: None, read_only: false, immutable: false }
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
    /// # Errors
    /// `FU0301` for an empty path, an unknown parameter or an unknown value.
    pub fn parse(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("sqlite://").unwrap_or(url);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if path.is_empty() {
            return Err(wrong("the store URL names no file").hint("write sqlite://path/file.db"));
        }
        if path == ":memory:" {
            return Err(wrong("`:memory:` is no file").hint("write memory://"));
        }
        let mut options = Self::new(plain(path));
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (key, value) {
                ("durability", "sync") => options.durability = Durability::Sync,
                ("durability", "relaxed") => options.durability = Durability::Relaxed,
                ("durability", _) => {
                    let text = format!("there is no durability `{value}`");
                    return Err(wrong(&text).hint(nearest::hint(value, ["sync", "relaxed"])));
                }
                ("mode", "rw") => options.read_only = false,
                ("mode", "ro") => options.read_only = true,
                ("mode", _) => {
                    let text = format!("there is no mode `{value}`");
                    return Err(wrong(&text).hint("known: ro, rw"));
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
        format!("sqlite://{}{query}", self.path.display())
    }
}

/// Takes `file:` and an empty host away: SQLite would read such a name as a URL, and locks beside it would be elsewhere.
fn plain(path: &str) -> &str {
    let Some(rest) = path.strip_prefix("file:") else { return path };
    let local = rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//"));
    local.filter(|path| path.starts_with('/')).unwrap_or(rest)
}

fn wrong(text: &str) -> Error {
    Error::new(Code::StoreUrl, text)
}
