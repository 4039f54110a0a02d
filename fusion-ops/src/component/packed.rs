//! A component that a program holds itself: a manifest and the texts of its files.

use std::borrow::Cow;
use std::collections::BTreeMap;

use fusion_core::error::{Code, Error, Result};
use serde_json::Value;

use super::manifest::Manifest;
use super::package::{Component, FILE_BYTES};

/// What stands for the file of the manifest in errors.
const NAME: &str = "the component's manifest";

/// A component whose files are values of the program. Its hooks and checks run like those of any other.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use fusion_ops::component::{Component, Packed};
/// use serde_json::json;
///
/// let manifest = json!({"name": "licence", "version": "1.0.0", "files": [{"from": "LICENCE", "to": "LICENCE"}]});
/// let files = BTreeMap::from([("LICENCE".to_owned(), "All rights reserved.\n".to_owned())]);
/// let component = Packed::new(&manifest, &files)?;
/// assert_eq!(component.file("LICENCE")?.len(), 21);
/// # Ok::<(), fusion_core::error::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Packed {
    manifest: Manifest,
    files: BTreeMap<String, String>,
}

impl Packed {
    /// Makes one. The manifest is the text of a `component.toml`, or what it says as an object.
    ///
    /// # Errors
    /// `FU0202` and those of the manifest; `FU0106` for a file over 1 MiB; `FU0201` when a file that the manifest names is not
    /// there.
    pub fn new(manifest: &Value, files: &BTreeMap<String, String>) -> Result<Self> {
        let text = match manifest.as_str() {
            Some(text) => text.to_owned(),
            None => toml::to_string(manifest).map_err(|cause| {
                Error::new(Code::InvalidInput, format!("{NAME} cannot be read: {cause}"))
            })?,
        };
        let manifest = Manifest::read(NAME, &text)?;
        let made = Self { manifest, files: files.clone() };
        for path in made.manifest.paths() {
            made.file(&path)?;
        }
        Ok(made)
    }
}

impl Component for Packed {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn file(&self, path: &str) -> Result<Cow<'_, [u8]>> {
        let Some(text) = self.files.get(path) else {
            let message = format!("the component `{}` has no file `{path}`", self.manifest.name);
            return Err(Error::new(Code::FileUnreadable, message)
                .hint("its manifest names it: add the file, or leave it out there"));
        };
        if text.len() as u64 > FILE_BYTES {
            let message = format!("`{path}` of `{}` is larger than 1 MiB", self.manifest.name);
            return Err(
                Error::new(Code::Limit, message).hint("leave out what can be fetched or made")
            );
        }
        Ok(Cow::Borrowed(text.as_bytes()))
    }

    fn source(&self) -> String {
        "program".to_owned()
    }
}
