//! The weights that are known by name.

use std::sync::OnceLock;

use fusion_core::model::Digest;
use serde::Deserialize;

/// Weights that are known by name: where they are, and what they are when they are whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What they are called.
    pub name: String,
    /// What they are good for.
    pub about: String,
    /// Their licence, as SPDX writes it.
    pub license: String,
    /// How large the file is.
    pub bytes: u64,
    /// The hash of the file.
    pub sha256: Digest,
    /// The Python package that has the file in it, with its version.
    pub package: String,
    /// The file's path in the package.
    pub file: String,
}

/// Lists the weights that are known by name.
///
/// ```
/// assert!(fusion_providers::weights::known().iter().any(|one| one.name == "smollm2"));
/// ```
pub fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    // The file is part of the program; a test reads it.
    KNOWN.get_or_init(|| serde_json::from_str(include_str!("known.json")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_read() {
        let all: Vec<Known> = serde_json::from_str(include_str!("known.json")).unwrap();
        assert!(!all.is_empty());
        for one in all {
            assert!(one.package.contains("=="), "{} has no version", one.name);
        }
    }
}
