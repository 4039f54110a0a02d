//! What a check found.

use serde::{Deserialize, Serialize};

/// The longest detail that is kept, in characters: the end of what a program wrote.
const LONGEST: usize = 2_000;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What kind of check it is: `file`, `command`, `http`, `schema`, `agent`.
    pub check: String,
    /// What was looked at: a path, a command line, a URL.
    pub subject: String,
    /// Whether it holds.
    pub passed: bool,
    /// What is wrong, or what was seen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The hash of the file that was looked at.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
    /// Why it proves nothing by itself, though it holds: a file that was there before, and is as it was.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub weak: String,
}

impl Proof {
    /// Makes one.
    pub fn new(check: &str, subject: impl Into<String>, passed: bool, detail: &str) -> Self {
        let count = detail.chars().count();
        let detail = detail.trim().chars().skip(count.saturating_sub(LONGEST)).collect();
        Self {
            check: check.to_owned(),
            subject: subject.into(),
            passed,
            detail,
            hash: String::new(),
            weak: String::new(),
        }
    }
}

/// What the checks of a task, or of a whole specification, found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Each check.
    pub proofs: Vec<Proof>,
}

impl Evidence {
    /// Tells whether nothing failed. Nothing failed where nothing was checked, too: see [`Evidence::is_proof`].
    pub fn passed(&self) -> bool {
        self.proofs.iter().all(|proof| proof.passed)
    }

    /// Tells whether something was checked, and all of it held.
    pub fn is_proof(&self) -> bool {
        !self.proofs.is_empty() && self.passed()
    }

    /// Gives what is wrong, in words for whoever mends it; empty when nothing is.
    pub fn feedback(&self) -> String {
        let lines = self
            .proofs
            .iter()
            .filter(|proof| !proof.passed)
            .map(|proof| format!("- {} {}: {}", proof.check, proof.subject, proof.detail));
        lines.collect::<Vec<_>>().join("\n")
    }
}
