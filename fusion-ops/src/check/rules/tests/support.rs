//! Looks at texts as if they were files of a workspace.

use super::super::{Beside, Finding, Look, Set, judge};

/// The workspace of all fixtures: these are there, and nothing else.
fn beside(path: &str) -> Beside {
    match path {
        "docs" | "docs/logo.png" | "migrations/0003_drop.down.sql" => Beside::Something,
        "docs/setup.md" => Beside::Text("# Set up\n\n## First steps\n".to_owned()),
        _ => Beside::Nothing,
    }
}

/// What a set finds in a file.
pub(super) fn found(set: Set, name: &str, text: &str) -> Vec<Finding> {
    judge(set, &Look { name, text, beside: &beside })
}
