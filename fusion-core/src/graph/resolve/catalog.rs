//! What exists, and what is wanted.

use std::collections::BTreeMap;

use semver::Version;

use super::package::parse_version;
use super::{Package, Range, ResolveError};

/// Every package version that may be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    packages: BTreeMap<String, BTreeMap<Version, Package>>,
}

impl Catalog {
    /// Makes an empty catalog.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a catalog of these packages.
    ///
    /// # Errors
    /// [`ResolveError::Duplicate`] when a version of a package comes twice.
    pub fn from_packages(
        packages: impl IntoIterator<Item = Package>,
    ) -> Result<Self, ResolveError> {
        let mut catalog = Self::new();
        for package in packages {
            catalog.add(package)?;
        }
        Ok(catalog)
    }

    /// Adds a package version.
    ///
    /// # Errors
    /// [`ResolveError::Duplicate`] when it is there already; the catalog is left as it was.
    pub fn add(&mut self, package: Package) -> Result<(), ResolveError> {
        let versions = self.packages.entry(package.name.clone()).or_default();
        if versions.contains_key(&package.version) {
            let Package { name, version, .. } = package;
            return Err(ResolveError::Duplicate { name, version });
        }
        versions.insert(package.version.clone(), package);
        Ok(())
    }

    /// A package version, or none when it isn't in the catalog.
    pub fn get(&self, name: &str, version: &Version) -> Option<&Package> {
        self.packages.get(name)?.get(version)
    }

    /// The names in the catalog, ascending, each with its versions, ascending.
    pub fn packages(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &Package>)> {
        self.packages.iter().map(|(name, versions)| (name.as_str(), versions.values()))
    }
}

/// What has to be in a resolution.
///
/// ```
/// use fusion_core::graph::resolve::Request;
///
/// let request = Request::new().needs("web", "^2")?.prefer("web", "2.0.3")?;
/// assert_eq!(request.locked["web"].patch, 3);
/// # Ok::<(), fusion_core::graph::resolve::ResolveError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The wanted names, each with its range.
    pub requires: Vec<(String, Range)>,
    /// A lock file's versions: each is kept as long as it is still possible.
    ///
    /// A locked package that nothing needs any more is left out.
    pub locked: BTreeMap<String, Version>,
}

impl Request {
    /// Makes a request for nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a name.
    ///
    /// # Errors
    /// [`ResolveError::Range`] when the text is not a range.
    pub fn needs(mut self, name: impl Into<String>, range: &str) -> Result<Self, ResolveError> {
        self.requires.push((name.into(), range.parse()?));
        Ok(self)
    }

    /// Prefers a version of a package that turns out to be needed.
    ///
    /// # Errors
    /// [`ResolveError::Version`] when the text is not a full version.
    pub fn prefer(mut self, name: impl Into<String>, version: &str) -> Result<Self, ResolveError> {
        self.locked.insert(name.into(), parse_version(version)?);
        Ok(self)
    }
}
