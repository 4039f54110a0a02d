//! Where components come from: built in, folders of the user's and the project's, checkouts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::error::{Code, Error, Result, nearest};
use semver::Version;

use super::catalogue;
use super::package::{Component, MANIFEST, Package};

/// The most packages in a folder, in all versions.
const PACKAGES: usize = 20_000;

/// The components that can be installed, of all versions.
///
/// Of two with one name and version the one that was added last counts.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    all: BTreeMap<String, BTreeMap<Version, Arc<dyn Component>>>,
    broken: Vec<(PathBuf, Error)>,
}

impl Registry {
    /// Makes one without components.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes one with the components that are built in: one for each of [`COMPONENTS`](crate::analyze::COMPONENTS).
    pub fn built_in() -> Self {
        let mut registry = Self::new();
        for component in catalogue::all() {
            registry.add(component);
        }
        registry
    }

    /// Adds one.
    pub fn add(&mut self, component: Arc<dyn Component>) {
        let manifest = component.manifest();
        let (name, version) = (manifest.name.clone(), manifest.version.clone());
        self.all.entry(name).or_default().insert(version, component);
    }

    /// Adds what a folder holds: a package itself, `NAME/component.toml`, `NAME/VERSION/component.toml`, or the same in its
    /// folder `components`, as checkouts of repositories have it. A folder that is not there holds nothing.
    ///
    /// A package that cannot be read is kept apart ([`Registry::broken`]); it harms only who asks for it.
    pub fn folder(&mut self, path: &Path) {
        let mut found = BTreeSet::new();
        if path.join(MANIFEST).is_file() {
            found.insert(path.to_owned());
        } else {
            let inner = path.join("components");
            let path = if inner.is_dir() { inner } else { path.to_owned() };
            for folder in folders(&path) {
                if folder.join(MANIFEST).exists() {
                    found.insert(folder);
                } else {
                    let versions = folders(&folder);
                    found.extend(versions.into_iter().filter(|one| one.join(MANIFEST).exists()));
                }
            }
        }
        for package in found.into_iter().take(PACKAGES) {
            match Package::open(&package) {
                Ok(package) => self.add(Arc::new(package)),
                Err(error) => self.broken.push((package, error)),
            }
        }
    }

    /// Gives the packages that cannot be read, with what is wrong.
    pub fn broken(&self) -> impl Iterator<Item = (&Path, &Error)> {
        self.broken.iter().map(|(path, error)| (path.as_path(), error))
    }

    /// Gives a version of a component.
    pub fn get(&self, name: &str, version: &Version) -> Option<&Arc<dyn Component>> {
        self.all.get(name)?.get(version)
    }

    /// Gives the newest version of a component; a pre-release only when there is nothing else.
    pub fn newest(&self, name: &str) -> Option<&Arc<dyn Component>> {
        let versions = self.all.get(name)?;
        let whole = versions.iter().rev().find(|(version, _)| version.pre.is_empty());
        whole.or_else(|| versions.iter().next_back()).map(|(_, component)| component)
    }

    /// Gives the names with their versions, ascending.
    pub fn versions(
        &self,
    ) -> impl Iterator<Item = (&str, impl DoubleEndedIterator<Item = &Arc<dyn Component>>)> {
        self.all.iter().map(|(name, versions)| (name.as_str(), versions.values()))
    }

    /// Finds a component by its name, or by a name that it provides: the newest version of the first one.
    ///
    /// # Errors
    /// `FU0205` with the nearest name; what is wrong with the package, when it is there and cannot be read.
    pub fn find(&self, name: &str) -> Result<&Arc<dyn Component>> {
        let provides = |one: &&Arc<dyn Component>| {
            one.manifest().provides.iter().any(|provided| provided.name == name)
        };
        let found = self
            .newest(name)
            .or_else(|| self.all.keys().filter_map(|other| self.newest(other)).find(provides));
        found.ok_or_else(|| self.unknown(name))
    }

    /// Says that there is no component of a name, or what is wrong with it.
    pub(super) fn unknown(&self, name: &str) -> Error {
        let is_meant = |path: &Path| {
            path.components().rev().take(2).any(|part| part.as_os_str().to_str() == Some(name))
        };
        if let Some((_, error)) = self.broken.iter().find(|(path, _)| is_meant(path)) {
            return error.clone();
        }
        let message = format!("there is no component {}", super::name::Shown(name));
        let known: Vec<&str> = self.all.keys().map(String::as_str).collect();
        let hint = format!(
            "{}; `fusion components list` shows all",
            nearest::hint(name, known.iter().copied())
        );
        Error::new(Code::UnknownReference, message).hint(hint)
    }
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        // A link to a folder is none: what it leads to could be swapped later.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}
