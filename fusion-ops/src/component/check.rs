//! Checks of components: what is there, what stands in it, which variables are documented.

use cap_std::fs::Dir;
use fusion_core::error::{Code, Error, Result};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use serde::Serialize;

use super::manifest::Check;
use super::name::Shown;
use super::tree;

/// The largest file that is looked into, in bytes.
const LOOKED_BYTES: u64 = 8 << 20;

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Whose check.
    pub component: String,
    /// Its name.
    pub name: String,
    /// How it ended.
    pub state: CheckState,
    /// What was found, in a sentence.
    pub why: String,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It is a command, and nobody allowed commands.
    Skipped,
}

/// Reads a regular expression.
pub(super) fn pattern(text: &str) -> Result<PikeVM> {
    let long = text.len() > 500;
    let wrong = |why: String| {
        Error::new(Code::InvalidInput, format!("{} is no regular expression: {why}", Shown(text)))
            .hint("write it as in the crate `regex`: no look-around, no back-references")
    };
    if long {
        return Err(wrong("it is longer than 500 bytes".to_owned()));
    }
    PikeVM::new(text).map_err(|error| wrong(error.to_string()))
}

/// Looks whether a check holds; none when it is a command.
pub(super) fn look(dir: &Dir, check: &Check) -> Option<(CheckState, String)> {
    if !check.exists.is_empty() {
        let found = check.exists.iter().find(|path| matches!(tree::look(dir, path), Ok(Some(_))));
        return Some(match found {
            Some(path) => (CheckState::Passed, format!("{path} is there")),
            None => (CheckState::Failed, format!("there is none of {}", check.exists.join(", "))),
        });
    }
    let (sought, shown) = match (&check.matches, &check.env) {
        (Some(sought), _) => (sought.clone(), format!("`{sought}`")),
        (None, Some(name)) => {
            (format!(r"(?m)^\s*(export\s+)?#?\s*{}\s*=", escaped(name)), name.clone())
        }
        (None, None) => return None,
    };
    let vm = match pattern(&sought) {
        Ok(vm) => vm,
        Err(error) => return Some((CheckState::Failed, error.message().to_owned())),
    };
    let default = [".env.example".to_owned()];
    let within = if check.within.is_empty() { &default[..] } else { &check.within };
    let mut cache = vm.create_cache();
    for path in within {
        let Ok(Some(bytes)) = tree::read(dir, path, LOOKED_BYTES) else { continue };
        if vm.is_match(&mut cache, &*String::from_utf8_lossy(&bytes)) {
            return Some((CheckState::Passed, format!("{shown} stands in {path}")));
        }
    }
    Some((CheckState::Failed, format!("{shown} stands in none of {}", within.join(", "))))
}

fn escaped(name: &str) -> String {
    name.chars()
        .map(|sign| {
            if sign.is_ascii_alphanumeric() || sign == '_' {
                sign.to_string()
            } else {
                format!("\\{sign}")
            }
        })
        .collect()
}
