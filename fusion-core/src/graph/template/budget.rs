//! What one evaluation of a template may cost: the bytes that it makes and the values that it walks over.
//!
//! MiniJinja counts instructions only, and a single one can double a text, join a list, or compare two of them. So every
//! operation that makes or walks something asks here first. All of it is counted, never measured by a clock: the same
//! template over the same values fails at the same place on every machine.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value as Inner};

use super::convert::refused;
use super::pattern::{self, Pattern};
use crate::model::limits;

/// What one value costs beside its text, in bytes.
const VALUE_BYTES: u64 = 32;
/// How many bytes of a text cost as much time as one value.
const STEP_BYTES: u64 = 64;
/// How many values the compilation of a regular expression costs.
const PATTERN_STEPS: u64 = 100_000;
/// How many compiled regular expressions one evaluation keeps.
const PATTERNS_KEPT: usize = 16;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: u64,
    steps: u64,
    patterns: BTreeMap<String, Pattern>,
}

impl Budget {
    /// Gives what an evaluation may spend.
    pub(super) fn full() -> Self {
        let (bytes, steps) = (limits::TEMPLATE_BYTES, limits::TEMPLATE_VALUES);
        Self { bytes, steps, patterns: BTreeMap::new() }
    }

    /// Gives a part of what an evaluation may spend: the same bounds, sooner reached.
    #[cfg(test)]
    pub(super) fn share(parts: u64) -> Self {
        let (bytes, steps) = (limits::TEMPLATE_BYTES / parts, limits::TEMPLATE_VALUES / parts);
        Self { bytes, steps, patterns: BTreeMap::new() }
    }

    /// Gives what an evaluation may spend where others wait, or else all.
    pub(super) fn new(is_brief: bool) -> Self {
        if !is_brief {
            return Self::full();
        }
        let (bytes, steps) = (limits::TEMPLATE_BRIEF_BYTES, limits::TEMPLATE_BRIEF_VALUES);
        Self { bytes, steps, patterns: BTreeMap::new() }
    }

    /// Gives the budget of the evaluation that runs.
    pub(super) fn of<'s>(state: &'s mut State<'_, '_>) -> &'s mut Self {
        let is_brief = state.env().fuel() == Some(limits::TEMPLATE_BRIEF_FUEL);
        state.get_or_insert_extension_with(|| Self::new(is_brief))
    }

    /// Takes note of bytes that are about to be made.
    pub(super) fn make(&mut self, bytes: u64) -> Result<(), Error> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }

    /// Takes note of a list of values that is about to be made.
    pub(super) fn make_values(&mut self, count: usize) -> Result<(), Error> {
        self.make((count as u64).saturating_mul(VALUE_BYTES))
    }

    /// Refuses a result of so many bytes, which may never be made.
    pub(super) fn fits(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.bytes { Err(too_large()) } else { Ok(()) }
    }

    /// Takes note of a text that is walked over.
    pub(super) fn read(&mut self, text: &str) -> Result<(), Error> {
        self.walk(1 + text.len() as u64 / STEP_BYTES)
    }

    /// Takes note of values that are walked over.
    pub(super) fn walk(&mut self, steps: u64) -> Result<(), Error> {
        self.steps = self.steps.checked_sub(steps).ok_or_else(too_long)?;
        Ok(())
    }

    /// Walks over a value and gives its size with all that is in it, each part as often as it is in it.
    pub(super) fn weigh(&mut self, value: &Inner) -> Result<u64, Error> {
        let mut weight = 0;
        let mut open: Vec<(Inner, usize)> = vec![(value.clone(), 0)];
        while let Some((value, depth)) = open.pop() {
            let text = value.as_str().map_or(0, str::len) as u64;
            weight += VALUE_BYTES + text;
            self.walk(1 + text / STEP_BYTES)?;
            self.fits(weight)?;
            if depth > 128 {
                return Err(refused("the value is nested deeper than 128 levels"));
            }
            match value.kind() {
                ValueKind::Map => {
                    for key in value.try_iter()? {
                        self.walk(1)?;
                        let item = value.get_item(&key)?;
                        weight += VALUE_BYTES + key.as_str().map_or(0, str::len) as u64;
                        open.push((item, depth + 1));
                    }
                }
                ValueKind::Seq | ValueKind::Iterable => {
                    for item in value.try_iter()? {
                        // Plain values need no place among the open ones, of which a long list has many.
                        if item.len().is_none() {
                            self.walk(1)?;
                            weight += VALUE_BYTES;
                            self.fits(weight)?;
                        } else {
                            open.push((item, depth + 1));
                            self.fits(weight + open.len() as u64 * VALUE_BYTES)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(weight)
    }

    /// Takes note of a value that was made, but for what is inside it: that was counted when it was made.
    pub(super) fn made(&mut self, value: &Inner) -> Result<(), Error> {
        match (value.as_str(), value.len()) {
            (Some(text), _) => self.make(text.len() as u64),
            (None, Some(count)) => self.make_values(count + 1),
            (None, None) => self.make(VALUE_BYTES),
        }
    }

    /// Compiles a regular expression, once.
    pub(super) fn regex(&mut self, text: &str) -> Result<Pattern, Error> {
        if let Some(regex) = self.patterns.get(text) {
            return Ok(regex.clone());
        }
        self.walk(PATTERN_STEPS)?;
        let regex = pattern::compile(text)?;
        if self.patterns.len() >= PATTERNS_KEPT {
            self.patterns.clear();
        }
        self.patterns.insert(text.to_owned(), regex.clone());
        Ok(regex)
    }

    /// Writes something that knows how to write itself; it is stopped where it becomes too large.
    pub(super) fn write(&mut self, what: fmt::Arguments<'_>) -> Result<String, Error> {
        let mut out = Bounded { text: String::new(), left: self.bytes };
        let whole = out.write_fmt(what);
        self.bytes = out.left;
        whole.map_err(|fmt::Error| too_large())?;
        Ok(out.text)
    }
}

struct Bounded {
    text: String,
    left: u64,
}

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.left = self.left.checked_sub(text.len() as u64).ok_or(fmt::Error)?;
        self.text.push_str(text);
        Ok(())
    }
}

/// What the message of a spent budget begins with: its failure is one of class `limit`.
pub(super) const SPENT: &str = "the template makes too much:";

fn too_large() -> Error {
    refused(format!("{SPENT} more than {} MiB of text and values", limits::TEMPLATE_BYTES >> 20))
}

fn too_long() -> Error {
    refused(format!("{SPENT} it walks over more than {} values", limits::TEMPLATE_VALUES))
}
