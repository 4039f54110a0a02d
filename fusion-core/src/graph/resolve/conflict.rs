//! Why nothing fits: the reasons as data.

use semver::Version;

/// Why nothing fits, and what would.
///
/// Its text is a few plain sentences, joined to one line; [`Conflict::sentences`] gives them singly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The facts that together rule everything out, from the request outward.
    pub reasons: Vec<Reason>,
    /// The names for which the reasons demand versions that exclude each other.
    pub contested: Vec<String>,
    /// Single changes of the request that were tried and work.
    pub remedies: Vec<Remedy>,
}

/// One fact of a [`Conflict`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A need that some version could satisfy.
    Needs {
        /// Who needs it.
        who: Who,
        /// The needed name.
        name: String,
        /// The range in its author's words.
        range: String,
    },
    /// A need that no existing version satisfies.
    Absent {
        /// Who needs it.
        who: Who,
        /// The needed name.
        name: String,
        /// The range in its author's words.
        range: String,
        /// What exists, newest first; empty when the name is only provided without a version.
        exist: Vec<Version>,
    },
    /// A need for a name that nothing has.
    Unknown {
        /// Who needs it.
        who: Who,
        /// The unknown name.
        name: String,
        /// The nearest name, or the known ones.
        hint: String,
    },
    /// A conflict that a package declares.
    Excludes {
        /// Which package declares it.
        who: Who,
        /// The name that must not be there.
        name: String,
        /// The range in its author's words.
        range: String,
    },
    /// A way to satisfy a provided name.
    Provides {
        /// Which package provides it.
        who: Who,
        /// The provided name.
        name: String,
        /// The version as which it counts.
        version: Option<Version>,
    },
}

/// Whose fact it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The request's.
    You,
    /// Some versions of a package.
    Package {
        /// The package's name.
        name: String,
        /// The versions, ascending.
        versions: Vec<Version>,
        /// Whether these are all versions in the catalog.
        every: bool,
    },
}

/// A change of the request that makes it solvable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Ask for another version.
    Ask {
        /// The requested name.
        name: String,
        /// The range as requested.
        instead_of: String,
        /// The version that fits, or `*` when a provider of the name fits.
        version: String,
    },
    /// Do without the name.
    Drop {
        /// The requested name.
        name: String,
    },
}
