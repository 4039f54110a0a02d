//! What a plugin says of itself, without being loaded.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use fusion_core::model::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The end of a manifest's file name.
pub(super) const ENDING: &str = ".plugin.json";
/// The largest manifest, in bytes.
const MOST: u64 = 64 * 1024;
/// The form that this program reads.
const FORM: u32 = 1;

/// What a plugin says of itself: `NAME.plugin.json`, beside its library.
///
/// ```json
/// {"manifest": 1, "name": "words", "version": "1.0.0", "library": "libwords.so", "secrets": ["WORDS_KEY"]}
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of this file: 1.
    pub manifest: u32,
    /// What `plugin:NAME` refers to.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// What it is, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Its licence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub license: String,
    /// The library's file, beside the manifest or in a folder below.
    pub library: Library,
    /// The secrets that it may ask for by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// It runs in a process of its own, also when it is trusted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub isolate: bool,
    /// What it is opened with.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
}

/// One file, or one for each platform: `linux-x86_64`, `macos-aarch64`, `windows-x86_64`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Library {
    /// The same name everywhere.
    One(PathBuf),
    /// By platform.
    Each(BTreeMap<String, PathBuf>),
}

impl Manifest {
    /// Reads a manifest; gives it with the library's path.
    ///
    /// # Errors
    /// One sentence that says what is wrong with it.
    pub(super) fn read(file: &Path) -> Result<(Self, PathBuf), String> {
        let wrong = |what: String| format!("the manifest {}: {what}", file.display());
        let data = file.metadata().map_err(|error| wrong(error.to_string()))?;
        if !data.is_file() || data.len() > MOST {
            return Err(wrong(format!("it is no file of at most {MOST} bytes")));
        }
        let text = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
        let read: Self = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        if read.manifest != FORM {
            return Err(wrong(format!(
                "its form is {}, and this program reads {FORM}",
                read.manifest
            )));
        }
        let library = read.library().map_err(wrong)?;
        let folder = file.parent().unwrap_or_else(|| Path::new("."));
        Ok((read, folder.join(library)))
    }

    /// Gives a hash of what it lets the plugin have and do: its secrets, its configuration. None when that is nothing.
    pub(super) fn grants(&self) -> Option<Digest> {
        if self.secrets.is_empty() && self.config.is_empty() {
            return None;
        }
        let config = Value::Object(self.config.clone()).to_string();
        let secrets = self.secrets.iter().map(String::as_bytes);
        let parts: Vec<&[u8]> = [config.as_bytes()].into_iter().chain(secrets).collect();
        Some(Digest::of_parts(&parts))
    }

    fn library(&self) -> Result<PathBuf, String> {
        let path = match &self.library {
            Library::One(path) => path,
            Library::Each(all) => {
                let here = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
                all.get(&here).ok_or_else(|| {
                    let known: Vec<&str> = all.keys().map(String::as_str).collect();
                    format!("it has no library for {here}, but for {}", known.join(", "))
                })?
            }
        };
        let stays = path.components().all(|part| matches!(part, Component::Normal(_)));
        if !stays || path.as_os_str().is_empty() {
            return Err(format!("its library `{}` is not beside it or below", path.display()));
        }
        Ok(path.clone())
    }
}
