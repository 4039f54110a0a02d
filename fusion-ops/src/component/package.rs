//! [`Component`]: what can be installed, wherever it comes from; and the one that is a folder.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use fusion_core::error::{Code, Error, Result};
use sha2::{Digest as _, Sha256};

use super::manifest::{MANIFEST_BYTES, Manifest, about};
use super::{name, tree};

/// The file that makes a folder a package.
pub(super) const MANIFEST: &str = "component.toml";
/// The largest file of a package, in bytes.
pub(super) const FILE_BYTES: u64 = 1 << 20;
/// The most that a package may hold, in bytes.
const PACKAGE_BYTES: usize = 16 << 20;

/// One version of a component: what it says of itself, and its files.
///
/// It stands here and not in `fusion-core`, because the engine runs workflows and knows nothing of projects. Programs add
/// components of their own to a [`Registry`](super::Registry).
///
/// ```
/// use std::borrow::Cow;
/// use std::sync::Arc;
///
/// use fusion_core::error::{Code, Error, Result};
/// use fusion_ops::component::{Component, Manifest, Registry};
///
/// #[derive(Debug)]
/// struct Licence(Manifest);
///
/// impl Component for Licence {
///     fn manifest(&self) -> &Manifest {
///         &self.0
///     }
///     fn file(&self, path: &str) -> Result<Cow<'_, [u8]>> {
///         match path {
///             "LICENCE" => Ok(b"All rights reserved.\n".into()),
///             _ => Err(Error::new(Code::FileUnreadable, format!("there is no {path}"))),
///         }
///     }
///     fn source(&self) -> String {
///         "program".to_owned()
///     }
/// }
///
/// let text = "name = \"licence\"\nversion = \"1.0.0\"\n[[files]]\nfrom = \"LICENCE\"\nto = \"LICENCE\"\n";
/// let mut registry = Registry::built_in();
/// registry.add(Arc::new(Licence(Manifest::read("licence", text)?)));
/// assert!(registry.newest("licence").is_some());
/// # Ok::<(), Error>(())
/// ```
pub trait Component: fmt::Debug + Send + Sync {
    /// Says what it is, needs and brings.
    fn manifest(&self) -> &Manifest;

    /// Gives a file of the package, by its path in it; 1 MiB at most.
    ///
    /// # Errors
    /// `FU0201` when there is none, or when it cannot be read; `FU0106` when it is too large; `FU0101` for a link.
    fn file(&self, path: &str) -> Result<Cow<'_, [u8]>>;

    /// Says where it comes from: `built-in`, or the path of its folder.
    fn source(&self) -> String;
}

/// Hashes a component: its manifest and every file that belongs to it. Another hash is another package.
///
/// # Errors
/// As [`Component::file`]; `FU0106` when all together are larger than 16 MiB.
pub fn hash(component: &dyn Component) -> Result<String> {
    let manifest = component.manifest();
    let mut hasher = Sha256::new();
    let said = serde_json::to_vec(manifest).unwrap_or_default();
    hasher.update((said.len() as u64).to_le_bytes());
    hasher.update(&said);
    let mut all = 0_usize;
    for path in manifest.paths() {
        let bytes = component.file(&path)?;
        all = all.saturating_add(bytes.len());
        if all > PACKAGE_BYTES {
            let message = format!("the component `{}` holds more than 16 MiB", manifest.name);
            return Err(
                Error::new(Code::Limit, message).hint("leave out what can be fetched or made")
            );
        }
        for part in [path.as_bytes(), &bytes] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Writes bytes as digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A package in a folder: `component.toml` and its files. No path and no link leads out of it.
pub(super) struct Package {
    path: PathBuf,
    dir: Dir,
    manifest: Manifest,
}

impl Package {
    /// Opens the folder and reads the manifest; the files are read when they are asked for.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let unreadable = |why: std::io::Error| {
            let message = format!("the component {} cannot be read", path.display());
            Error::new(Code::FileUnreadable, message).because(why)
        };
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(unreadable)?;
        let file = path.join(MANIFEST).display().to_string();
        let bytes = read(&dir, MANIFEST, MANIFEST_BYTES).map_err(|error| about(&file, &error))?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::new(Code::FileUnreadable, format!("{file} is not UTF-8 text"))
                .hint("save it as UTF-8")
        })?;
        let manifest = Manifest::read(&file, &text)?;
        Ok(Self { path: path.to_owned(), dir, manifest })
    }
}

impl Component for Package {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn file(&self, path: &str) -> Result<Cow<'_, [u8]>> {
        name::path("the path", path)?;
        let bytes = read(&self.dir, path, FILE_BYTES);
        Ok(Cow::Owned(bytes.map_err(|error| about(&self.source(), &error))?))
    }

    fn source(&self) -> String {
        self.path.display().to_string()
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in {}", self.manifest.name, self.manifest.version, self.path.display())
    }
}

fn read(dir: &Dir, path: &str, most: u64) -> Result<Vec<u8>> {
    match tree::read(dir, path, most)? {
        Some(bytes) => Ok(bytes),
        None => Err(Error::new(Code::FileUnreadable, format!("there is no {}", name::Shown(path)))
            .hint("the manifest names it: add the file, or leave it out there")),
    }
}
