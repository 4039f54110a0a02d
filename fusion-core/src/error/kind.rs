//! The one error type of the crate.

use std::fmt;
use std::sync::Arc;

use super::Code;
use crate::model::Failure;

/// A result with the crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A place in a file that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as the user named it.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What went wrong, where, and what to do about it.
///
/// An error may stand for several that were found together ([`Error::all`]): a workflow file is checked once and
/// everything that is wrong with it is said at once.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: String,
    hint: Option<String>,
    place: Option<Place>,
    failure: Option<Failure>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    others: Vec<Error>,
}

impl Error {
    /// Makes an error of a code with one sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Inner {
            code,
            message,
            hint: None,
            place: None,
            failure: None,
            source: None,
            others: Vec::new(),
        }))
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds where it is.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// Adds the error of the part below that caused it.
    #[must_use]
    pub fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Adds the failure of the node that ended the run.
    #[must_use]
    pub fn with_failure(mut self, failure: Failure) -> Self {
        self.0.failure = Some(failure);
        self
    }

    /// Joins errors that were found together; `None` when there are none.
    pub fn join(errors: Vec<Error>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let mut first = errors.next()?;
        for other in errors {
            first.0.others.push(other);
        }
        Some(first)
    }

    /// Gives the stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Gives the sentence, without code, place and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Gives what to do about it, if anything is known to help.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Gives where it is, for errors in files.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// Gives the failure of the node that ended the run, for `FU0401`.
    pub fn failure(&self) -> Option<&Failure> {
        self.0.failure.as_ref()
    }

    /// Gives this error and those that were found with it.
    pub fn all(&self) -> impl Iterator<Item = &Error> {
        std::iter::once(self).chain(self.0.others.iter().flat_map(|other| {
            let nested: Box<dyn Iterator<Item = &Error>> = Box::new(other.all());
            nested
        }))
    }
}

impl fmt::Display for Error {
    /// Writes one line: place, code, sentence and source; further errors are counted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}: {}", self.0.code, self.0.message)?;
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        match self.all().count() {
            0 | 1 => Ok(()),
            n => write!(f, " (and {} more)", n - 1),
        }
    }
}

impl fmt::Debug for Error {
    /// Writes everything: every error that was found, each with its hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.all().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            if let Some(place) = &error.0.place {
                write!(f, "{place}: ")?;
            }
            write!(f, "{}: {}", error.0.code, error.0.message)?;
            if let Some(source) = &error.0.source {
                write!(f, ": {source}")?;
            }
            if let Some(hint) = &error.0.hint {
                write!(f, " ({hint})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
