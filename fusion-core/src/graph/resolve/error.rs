//! What can go wrong while packages are read or resolved.

use thiserror::Error;

use super::Conflict;
use crate::error::{Code, Error as Coded};

/// A failure of the resolver or of the text that it was given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// A text is not a version range.
    #[error(
        "`{text}` is not a version range ({reason}); \
         write it like `^1.2`, `~1.2`, `>=1, <2`, `1.2.x`, `*` or `^1 || ^2`"
    )]
    Range {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A text is not a version.
    #[error("`{text}` is not a version ({reason}); write all three numbers, like `1.2.0`")]
    Version {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The catalog was given the same version of a package twice.
    #[error("`{name}` {version} is in the catalog twice; keep one of them")]
    Duplicate {
        /// The package's name.
        name: String,
        /// The version given twice.
        version: semver::Version,
    },
    /// No set of versions satisfies everything.
    #[error("{0}")]
    Unsolvable(Box<Conflict>),
    /// The chosen packages need each other in a circle, so none of them can come first.
    #[error("packages need each other in a circle: {}; remove one of these needs", circle(path))]
    Cycle {
        /// The names in the order of need, from the alphabetically first back to it.
        path: Vec<String>,
    },
    /// The search took more than its limit of decisions.
    #[error(
        "no answer after {decisions} decisions; \
         narrow the ranges that you ask for, or give a lock file's versions"
    )]
    TooHard {
        /// How many decisions were made.
        decisions: usize,
    },
}

impl From<ResolveError> for Coded {
    /// Gives it the code with which people and programs look it up.
    fn from(error: ResolveError) -> Self {
        let code = match &error {
            ResolveError::Range { .. } | ResolveError::Version { .. } => Code::InvalidInput,
            ResolveError::Duplicate { .. } => Code::Duplicate,
            ResolveError::Unsolvable(_) => Code::Unsolvable,
            ResolveError::Cycle { .. } => Code::Cycle,
            ResolveError::TooHard { .. } => Code::Limit,
        };
        Self::new(code, error.to_string())
    }
}

fn circle(path: &[String]) -> String {
    path.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ")
}
