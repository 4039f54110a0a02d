//! Which libraries somebody trusted: a file with the hash of each, as it was when it was trusted.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fusion_core::model::Digest;
use serde::{Deserialize, Serialize};

/// How a library stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Somebody trusted it, and it has not changed.
    Trusted,
    /// Somebody trusted another file of this name; this one had that hash then.
    Changed(Digest),
    /// Nobody trusted it.
    Unknown,
}

impl Standing {
    /// Gives its word: `trusted`, `changed`, `not trusted`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Changed(_) => "changed",
            Self::Unknown => "not trusted",
        }
    }
}

/// The file of those that are trusted. Without a file none is.
#[derive(Debug, Clone, Default)]
pub(super) struct Trust(Option<PathBuf>);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// The hashes by the libraries' whole paths.
    #[serde(default)]
    trusted: BTreeMap<PathBuf, Digest>,
}

impl Trust {
    pub(super) fn new(file: PathBuf) -> Self {
        Self(Some(file))
    }

    /// Tells how a library stands, by its whole path and its hash now.
    ///
    /// # Errors
    /// When the file is there and cannot be read: then nothing is trusted by mistake.
    pub(super) fn standing(&self, library: &Path, hash: Digest) -> Result<Standing, String> {
        let kept = self.read()?;
        Ok(match kept.trusted.get(library) {
            Some(known) if *known == hash => Standing::Trusted,
            Some(known) => Standing::Changed(*known),
            None => Standing::Unknown,
        })
    }

    /// Trusts a library as it is now; with no hash, no longer.
    pub(super) fn set(&self, library: &Path, hash: Option<Digest>) -> Result<(), String> {
        let mut kept = self.read()?;
        match hash {
            Some(hash) => kept.trusted.insert(library.to_owned(), hash),
            None => kept.trusted.remove(library),
        };
        let Some(file) = &self.0 else {
            return Err("there is no place to remember which plugins are trusted".to_owned());
        };
        write(file, &kept).map_err(|error| format!("{}: {error}", file.display()))
    }

    fn read(&self) -> Result<Kept, String> {
        let Some(file) = &self.0 else { return Ok(Kept::default()) };
        let wrong = |error: &dyn std::fmt::Display| {
            format!("the list of trusted plugins, {}, cannot be read: {error}", file.display())
        };
        match fs::read(file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| wrong(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
            Err(error) => Err(wrong(&error)),
        }
    }
}

/// Writes it beside and puts it in place at once, so that nobody reads half a file.
fn write(file: &Path, kept: &Kept) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut text = serde_json::to_vec_pretty(kept)?;
    text.push(b'\n');
    let beside = file.with_extension(format!("{}.new", std::process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, file).inspect_err(|_| drop(fs::remove_file(&beside)))
}
