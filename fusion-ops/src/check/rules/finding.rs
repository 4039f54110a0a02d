//! What a rule looks at, and what it says.

use std::fmt;

/// What a rule finds wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The line, from 1.
    pub line: usize,
    /// The rule: `database/primary-key`.
    pub rule: &'static str,
    /// What is wrong.
    pub wrong: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}; {}", self.line, self.rule, self.wrong, self.fix)
    }
}

/// What is at a path of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// A folder, or a file whose text does not matter.
    Something,
    /// A page with this text.
    Text(String),
}

/// A file that rules look at.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Its path in the workspace, with `/`.
    pub name: &'a str,
    /// What stands in it.
    pub text: &'a str,
    /// What is at another path of the workspace.
    pub beside: &'a dyn Fn(&str) -> Beside,
}

impl fmt::Debug for Look<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Look").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a> Look<'a> {
    /// Its name without folders.
    pub(super) fn file(&self) -> &'a str {
        self.name.rsplit(['/', '\\']).next().unwrap_or(self.name)
    }

    /// Its name without folders and without what stands behind the first point: `user` of `user.test.ts`.
    pub(super) fn stem(&self) -> &'a str {
        let file = self.file();
        file.split('.').find(|part| !part.is_empty()).unwrap_or(file)
    }

    /// Its ending in small letters: `sql`.
    pub(super) fn ending(&self) -> String {
        self.file().rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase()
    }

    /// Its folder; empty for the workspace itself.
    pub(super) fn folder(&self) -> &'a str {
        self.name.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    /// Adds one.
    pub(super) fn say(
        &mut self,
        (rule, line): (&'static str, usize),
        wrong: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(Finding { line: line.max(1), rule, wrong: wrong.into(), fix: fix.into() });
    }
}

/// The words of a name in small letters: `UserController` and `user-controller` are `user` and `controller`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut open, mut was_small) = (false, false);
    for sign in name.chars() {
        if !sign.is_alphanumeric() {
            open = false;
            continue;
        }
        if !open || (sign.is_uppercase() && was_small) {
            words.push(String::new());
        }
        open = true;
        was_small = !sign.is_uppercase();
        if let Some(word) = words.last_mut() {
            word.extend(sign.to_lowercase());
        }
    }
    words
}
