//! Which libraries somebody trusted: a file with the hash of each, as it was when it was trusted.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fusion_core::model::Digest;
use serde::{Deserialize, Serialize};

use super::manifest::Manifest;

/// How a library stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Somebody trusted it, and it has not changed.
    Trusted,
    /// Somebody trusted another file of this name, or another manifest of it; the file had this hash then.
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
    /// What their manifests granted them then, as a hash; none for those that were granted nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    granted: BTreeMap<PathBuf, Digest>,
}

impl Trust {
    pub(super) fn new(file: PathBuf) -> Self {
        Self(Some(file))
    }

    /// Tells how a library stands, by its whole path, its hash now, and what its manifest grants it now: a manifest elsewhere
    /// that leads to a library somebody trusted must not give it other secrets.
    ///
    /// # Errors
    /// When the file is there and cannot be read: then nothing is trusted by mistake.
    pub(super) fn standing(
        &self,
        library: &Path,
        hash: Digest,
        manifest: Option<&Manifest>,
    ) -> Result<Standing, String> {
        let kept = self.read()?;
        let is_granted = kept.granted.get(library).copied() == manifest.and_then(Manifest::grants);
        Ok(match kept.trusted.get(library) {
            Some(known) if *known == hash && is_granted => Standing::Trusted,
            Some(known) => Standing::Changed(*known),
            None => Standing::Unknown,
        })
    }

    /// Trusts a library as it is now, with what its manifest grants it; with no hash, no longer.
    pub(super) fn set(
        &self,
        library: &Path,
        hash: Option<Digest>,
        manifest: Option<&Manifest>,
    ) -> Result<(), String> {
        let mut kept = self.read()?;
        kept.trusted.remove(library);
        kept.granted.remove(library);
        if let Some(hash) = hash {
            kept.trusted.insert(library.to_owned(), hash);
            let grants = manifest.and_then(Manifest::grants);
            kept.granted.extend(grants.map(|grants| (library.to_owned(), grants)));
        }
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
