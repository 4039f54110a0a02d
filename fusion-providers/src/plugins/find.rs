//! Looks for plugins in folders, and loads those that are trusted.

use std::fs;
use std::path::{Path, PathBuf};

use fusion_core::graph::nearest;
use fusion_core::model::Digest;
use fusion_core::model::chat::{Fault, FaultKind};

use super::manifest::{ENDING, Manifest};
use super::trust::{Standing, Trust};
use crate::Plugin;

/// Where plugins are, and which are trusted. By default there are no folders and none is trusted.
///
/// A plugin runs with all rights of the program that loads it. So nobody's is loaded before somebody trusted its library as
/// it is, and none that has changed since then.
#[derive(Debug, Clone, Default)]
pub struct Plugins {
    folders: Vec<PathBuf>,
    pub(super) trust: Trust,
}

/// A plugin that was found.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The library, by its whole path.
    pub library: PathBuf,
    /// What it says of itself; none for a library without a manifest.
    pub manifest: Option<Manifest>,
    /// The hash of the library now.
    pub hash: Digest,
    /// Whether it is trusted.
    pub standing: Standing,
}

impl Plugins {
    /// Remembers in this file which plugins are trusted.
    pub fn new(trusted: impl Into<PathBuf>) -> Self {
        Self { folders: Vec::new(), trust: Trust::new(trusted.into()) }
    }

    /// Looks into a folder too, after those before it.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folders.push(folder.into());
        self
    }

    /// Gives the folders, in the order in which they are looked through.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Lists every manifest of the folders, in order of folders and names; what is wrong with one stands in its place.
    pub fn list(&self) -> Vec<(PathBuf, Result<Listed, Fault>)> {
        let files = self.folders.iter().flat_map(|folder| manifests(folder));
        files.map(|file| (file.clone(), self.look(&file))).collect()
    }

    /// Finds a plugin by its name, or by the path of its library or manifest. Nothing of it is loaded.
    ///
    /// # Errors
    /// `invalid_request` when there is none, or something is wrong with its manifest.
    pub fn find(&self, name: &str) -> Result<Listed, Fault> {
        if is_path(name) {
            return self.look(Path::new(name));
        }
        let (mut names, mut broken) = (Vec::new(), None);
        for (file, listed) in self.list() {
            let Ok(listed) = listed else {
                // Its file may still say which one it is.
                if stem(&file) == name {
                    broken = broken.or_else(|| listed.err());
                }
                continue;
            };
            let own = listed.manifest.as_ref().map_or("", |manifest| manifest.name.as_str());
            if own == name {
                return Ok(listed);
            }
            names.push(own.to_owned());
        }
        Err(broken.unwrap_or_else(|| {
            let hint = nearest::hint(name, names.iter().map(String::as_str));
            let folders: Vec<String> =
                self.folders.iter().map(|folder| folder.display().to_string()).collect();
            let message = format!("no plugin is called `{name}`: {hint}");
            invalid(message).detail(format!("looked for *{ENDING} in {}", folders.join(", ")))
        }))
    }

    /// Loads a plugin that is trusted.
    ///
    /// # Errors
    /// `invalid_request` when there is none, when it is not trusted or has changed, or when its library is no plugin.
    pub fn load(&self, name: &str) -> Result<(Listed, Plugin), Fault> {
        let listed = self.find(name)?;
        let path = listed.library.display();
        match listed.standing {
            Standing::Trusted => listed.load().map(|plugin| (listed, plugin)),
            Standing::Unknown => Err(invalid(format!(
                "the plugin {path} is not trusted: look at it with `fusion plugins inspect {path}`, then say `fusion plugins trust {path}`"
            ))),
            Standing::Changed(_) => Err(invalid(format!(
                "the plugin {path} has changed since it was trusted: if you know why, say `fusion plugins trust {path}` again"
            ))),
        }
    }

    /// Trusts a plugin as it is now. It is loaded to see that it is one.
    ///
    /// # Errors
    /// As for [`Plugins::load`]; and when others may change the library, or the list of those that are trusted cannot be written.
    pub fn trust(&self, name: &str) -> Result<(Listed, Plugin), Fault> {
        let mut listed = self.find(name)?;
        let plugin = listed.load()?;
        self.trust.set(&listed.library, Some(listed.hash)).map_err(invalid)?;
        listed.standing = Standing::Trusted;
        Ok((listed, plugin))
    }

    /// Trusts a plugin no longer.
    ///
    /// # Errors
    /// When there is none, or the list of those that are trusted cannot be written.
    pub fn distrust(&self, name: &str) -> Result<Listed, Fault> {
        let mut listed = self.find(name)?;
        self.trust.set(&listed.library, None).map_err(invalid)?;
        listed.standing = Standing::Unknown;
        Ok(listed)
    }

    /// Looks at a library, or at a manifest and its library.
    fn look(&self, file: &Path) -> Result<Listed, Fault> {
        let is_manifest = file.to_string_lossy().ends_with(ENDING);
        let (manifest, library) = if is_manifest {
            let (manifest, library) = Manifest::read(file).map_err(invalid)?;
            (Some(manifest), library)
        } else {
            (beside(file), file.to_owned())
        };
        let wrong = |error| invalid(format!("the plugin {}: {error}", library.display()));
        let library = library.canonicalize().map_err(wrong)?;
        if !library.is_file() {
            return Err(invalid(format!("the plugin {}: it is no file", library.display())));
        }
        let hash = Digest::of(&fs::read(&library).map_err(wrong)?);
        let standing = self.trust.standing(&library, hash).map_err(invalid)?;
        Ok(Listed { library, manifest, hash, standing })
    }
}

impl Listed {
    fn load(&self) -> Result<Plugin, Fault> {
        refuse_open_to_all(&self.library)?;
        let plugin = Plugin::load(&self.library)?;
        let Some(manifest) = &self.manifest else { return Ok(plugin) };
        if manifest.name != plugin.name() {
            let (path, says, own) = (self.library.display(), &manifest.name, plugin.name());
            let message =
                format!("the plugin {path} calls itself `{own}`, and its manifest `{says}`");
            return Err(invalid(message));
        }
        Ok(plugin.secrets(&manifest.secrets))
    }

    /// Gives what it is opened with.
    pub fn config(&self) -> serde_json::Map<String, serde_json::Value> {
        self.manifest.as_ref().map(|manifest| manifest.config.clone()).unwrap_or_default()
    }
}

/// Tells whether a text is a path and no name.
pub(crate) fn is_path(text: &str) -> bool {
    let ends = |ending: &str| text.ends_with(ending);
    text.contains(['/', '\\']) || [".so", ".dylib", ".dll", ".json"].into_iter().any(ends)
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

fn stem(manifest: &Path) -> String {
    let name = manifest.file_name().unwrap_or_default().to_string_lossy();
    name.trim_end_matches(ENDING).to_owned()
}

/// The manifests of a folder, by name; a folder that is not there has none.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.to_string_lossy().ends_with(ENDING)).collect();
    files.sort();
    files
}

/// The manifest in a library's folder that names the library.
fn beside(library: &Path) -> Option<Manifest> {
    let whole = library.canonicalize().ok()?;
    let all =
        manifests(library.parent()?).into_iter().filter_map(|file| Manifest::read(&file).ok());
    let own = |path: &PathBuf| path.canonicalize().is_ok_and(|path| path == whole);
    all.into_iter().find(|(_, path)| own(path)).map(|(manifest, _)| manifest)
}

/// A library that anybody may write is nobody's: its hash says nothing a moment later.
#[cfg(unix)]
fn refuse_open_to_all(library: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::PermissionsExt;
    let open = library.metadata().is_ok_and(|data| data.permissions().mode() & 0o002 != 0);
    if open {
        let path = library.display();
        return Err(invalid(format!(
            "the plugin {path} may be written by anybody: `chmod o-w {path}`"
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_open_to_all(_library: &Path) -> Result<(), Fault> {
    Ok(())
}
