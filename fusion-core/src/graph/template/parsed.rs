//! A well-formed template with the words that it names, for the check of a graph.

use std::ops::Range;

use super::compile::{Compiled, has_tags, whole};
use super::engine::{FILTERS, FUNCTIONS, TESTS};
use super::flaw::Flaw;
use super::scan::{Form, Use, What, uses};

/// A template that was found to be well formed.
pub(crate) struct Parsed<'s> {
    /// The text.
    pub(crate) source: &'s str,
    /// What it names, with the places in the text.
    pub(crate) uses: Vec<Use>,
    compiled: Compiled,
}

impl<'s> Parsed<'s> {
    /// Reads a text; gives none when there is nothing to fill in.
    pub(crate) fn new(source: &'s str, form: Form) -> Result<Option<Self>, Flaw> {
        if form == Form::Text && !has_tags(source) {
            return Ok(None);
        }
        if form == Form::Text {
            let compiled = Compiled::text(source)?;
            return Ok(Some(Self { source, uses: uses(source, form), compiled }));
        }
        let bare = whole(source).unwrap_or(source);
        // Where the expression begins in the text, so that places count from the text's own start.
        let shift = bare.as_ptr().addr() - source.as_ptr().addr();
        let moved = |range: Range<usize>| range.start + shift..range.end + shift;
        let compiled = Compiled::expression(bare)
            .map_err(|flaw| Flaw { range: flaw.range.map(moved), ..flaw })?;
        let uses = uses(bare, form).into_iter();
        let uses = uses.map(|one| Use { range: moved(one.range), ..one }).collect();
        Ok(Some(Self { source, uses, compiled }))
    }

    /// Gives the other names that the text needs from outside, with the place of the first use.
    pub(crate) fn words(&self) -> Vec<(String, Range<usize>)> {
        let ours = |name: &str| {
            ["nodes", "inputs", "secrets"].contains(&name) || FUNCTIONS.contains(&name)
        };
        let names = self.compiled.undeclared().into_iter().filter(|name| !ours(name));
        names.map(|name| (name.clone(), self.place(&name))).collect()
    }

    /// Gives the known filters or tests, and what one of them is called.
    pub(crate) fn functions(what: What) -> (&'static str, &'static [&'static str]) {
        match what {
            What::Test => ("test", TESTS),
            _ => ("filter", FILTERS),
        }
    }

    fn place(&self, name: &str) -> Range<usize> {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let alone = |&(at, _): &(usize, &str)| {
            let before = self.source.get(..at).and_then(|text| text.chars().next_back());
            let after = self.source.get(at + name.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(part) && !after.is_some_and(|c| part(c) && c != '.')
        };
        let found = self.source.match_indices(name).find(alone);
        found.map_or(0..0, |(at, name)| at..at + name.len())
    }
}
