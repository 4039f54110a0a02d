//! What is wrong with a template, and where in its text.

use std::ops::Range;

use minijinja::{Error as Inner, ErrorKind};

use crate::error::{Code, Error};

/// A template or expression that cannot work, found without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The bytes of the text that are meant; the whole text when unknown.
    pub range: Option<Range<usize>>,
}

impl Flaw {
    pub(crate) fn new(message: impl Into<String>, range: Range<usize>) -> Self {
        Self { message: message.into(), hint: None, range: Some(range) }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        let hint = hint.into();
        self.hint = (!hint.is_empty()).then_some(hint);
        self
    }

    /// Words what MiniJinja says about a text.
    pub(super) fn of(error: &Inner, source: &str) -> Self {
        let range = error.range().filter(|range| source.get(range.clone()).is_some());
        let said = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        let near = range.clone().and_then(|range| source.get(range)).unwrap_or_default().trim();
        let place = if near.is_empty() || said.contains(near) {
            String::new()
        } else {
            format!(" at `{}`", shortened(near))
        };
        let message = format!("{said}{place} in `{}`", shortened(source));
        let comment = error.kind() == ErrorKind::SyntaxError && said.contains("comment");
        let hint =
            comment.then(|| "`{#` begins a comment: write `{{ '{#' }}` for these two signs".into());
        Self { message, hint, range }
    }
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        let error = Error::new(Code::Template, flaw.message);
        match flaw.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// Cuts a text to what fits into a message.
pub(super) fn shortened(text: &str) -> String {
    let line = text.trim().replace('\n', "⏎");
    match line.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", line.get(..cut).unwrap_or_default()),
        None => line,
    }
}
