//! A package: one version of something that can be installed.

use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Range, ResolveError};

/// One version of a package, with what it needs, provides and can't stand beside.
///
/// ```
/// use fusion_core::graph::resolve::Package;
///
/// let package = Package::new("web", "2.1.0")?
///     .needs("db", "^1.2")?
///     .offers("http-server@1.1.0")?
///     .excludes("legacy-web", "*")?;
/// assert_eq!(package.requires[0].0, "db");
/// # Ok::<(), fusion_core::graph::resolve::ResolveError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// This version.
    pub version: Version,
    /// The names that must be there too, each with its range.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<(String, Range)>,
    /// Further names that this package stands for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provides: Vec<Provide>,
    /// What must not be there: packages of that name, and others that provide it.
    ///
    /// A package never conflicts with itself, so providing and excluding the same name says "only
    /// one of these".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<(String, Range)>,
}

impl Package {
    /// Makes a package that needs nothing.
    ///
    /// # Errors
    /// [`ResolveError::Version`] when the text is not a full version.
    pub fn new(name: impl Into<String>, version: &str) -> Result<Self, ResolveError> {
        Ok(Self {
            name: name.into(),
            version: parse_version(version)?,
            requires: Vec::new(),
            provides: Vec::new(),
            conflicts: Vec::new(),
        })
    }

    /// Adds a need.
    ///
    /// # Errors
    /// [`ResolveError::Range`] when the text is not a range.
    pub fn needs(mut self, name: impl Into<String>, range: &str) -> Result<Self, ResolveError> {
        self.requires.push((name.into(), range.parse()?));
        Ok(self)
    }

    /// Adds a provided name: `name` or `name@1.2.0`.
    ///
    /// # Errors
    /// [`ResolveError::Version`] when the part behind the `@` is not a full version.
    pub fn offers(mut self, provide: &str) -> Result<Self, ResolveError> {
        self.provides.push(provide.parse()?);
        Ok(self)
    }

    /// Adds a conflict.
    ///
    /// # Errors
    /// [`ResolveError::Range`] when the text is not a range.
    pub fn excludes(mut self, name: impl Into<String>, range: &str) -> Result<Self, ResolveError> {
        self.conflicts.push((name.into(), range.parse()?));
        Ok(self)
    }
}

/// A name that a package stands for.
///
/// Without a version it satisfies only needs for any version (`*`), because nothing says which
/// version's behaviour it has.
///
/// ```
/// use fusion_core::graph::resolve::Provide;
///
/// let provide: Provide = "db@1.4.0".parse()?;
/// assert_eq!(provide.name, "db");
/// assert_eq!(provide.version.unwrap().minor, 4);
/// # Ok::<(), fusion_core::graph::resolve::ResolveError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Provide {
    /// The provided name.
    pub name: String,
    /// The version as which it counts.
    pub version: Option<Version>,
}

impl FromStr for Provide {
    type Err = ResolveError;

    fn from_str(text: &str) -> Result<Self, ResolveError> {
        match text.rsplit_once('@') {
            // A leading `@` belongs to the name: `@team/db`.
            Some((name, version)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), version: Some(parse_version(version)?) })
            }
            _ => Ok(Self { name: text.to_owned(), version: None }),
        }
    }
}

impl fmt::Display for Provide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl TryFrom<String> for Provide {
    type Error = ResolveError;

    fn try_from(text: String) -> Result<Self, ResolveError> {
        text.parse()
    }
}

impl From<Provide> for String {
    fn from(provide: Provide) -> Self {
        provide.to_string()
    }
}

pub(super) fn parse_version(text: &str) -> Result<Version, ResolveError> {
    text.parse().map_err(|e: semver::Error| ResolveError::Version {
        text: text.to_owned(),
        reason: e.to_string(),
    })
}
