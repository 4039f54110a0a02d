//! What a rule found: where, what, and what to do about it.

use std::fmt;

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// The file, from the repository's root.
    pub(crate) path: String,
    /// The line, from 1.
    pub(crate) line: usize,
    /// What is wrong, and what to do.
    pub(crate) what: String,
}

impl Finding {
    /// Makes a finding; `what` says what is wrong and then what to do.
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// Asserts that a rule passes one tree and says `word` about exactly one line of another.
#[cfg(test)]
#[track_caller]
pub(crate) fn assert_rule(
    rule: fn(&crate::tree::Tree) -> Vec<Finding>,
    passing: &[(&str, &str)],
    failing: &[(&str, &str)],
    (place, word): (&str, &str),
) {
    let none = rule(&crate::tree::Tree::of(passing));
    assert!(none.is_empty(), "the passing input fails: {none:?}");
    let found = rule(&crate::tree::Tree::of(failing));
    let [one] = found.as_slice() else { panic!("expected one finding, got {found:?}") };
    assert_eq!(format!("{}:{}", one.path, one.line), place);
    assert!(one.what.contains(word), "{one} does not say `{word}`");
}
