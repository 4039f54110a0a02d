//! Keys: they are sent, and never shown.

use std::fmt;
use std::sync::Arc;

/// The shortest key that is looked for in texts, in bytes: a shorter one would blank out ordinary words.
const LEAST: usize = 6;

/// A key for a service. It can be sent, and not be read.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Arc<str>);

impl Key {
    /// Makes a key of a text; blanks around it are dropped, as they come from files.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().trim().into())
    }

    /// Gives the text, to be put into a header.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Takes the key out of a text.
    pub(crate) fn hide(&self, text: &str) -> String {
        if self.0.len() < LEAST { text.to_owned() } else { text.replace(&*self.0, "***") }
    }

    /// Tells with how many bytes at the end of a text the key may begin.
    pub(crate) fn begins_at_end_of(&self, text: &str) -> usize {
        if self.0.len() < LEAST {
            return 0;
        }
        let parts = self.0.char_indices().rev().map(|(at, _)| at);
        parts
            .take_while(|at| *at > 0)
            .find(|at| text.ends_with(self.0.split_at(*at).0))
            .unwrap_or(0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}
