//! What is about to happen, on the disk before it happens.

use cap_std::fs::Dir;
use fusion_core::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};

use super::super::{name, tree};

/// The folder of a change on its way, in the project's folder.
pub(super) const FOLDER: &str = ".fusion-change";
/// What is there from the first change until the last one is done.
pub(super) const JOURNAL: &str = ".fusion-change/journal";
/// Its name when all changes are done.
pub(super) const DONE: &str = ".fusion-change/done";
const FORM: u32 = 1;
/// The largest journal, in bytes.
const JOURNAL_BYTES: u64 = 16 << 20;

/// The changes in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    form: u32,
    /// Folders that are made before all else, the highest first.
    pub(super) folders: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// Folders that are removed after all else, the deepest first.
    pub(super) emptied: Vec<String>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) path: String,
    /// The hash of what is moved away; none when nothing is there.
    pub(super) before: Option<String>,
    /// The hash of what is put there; none when nothing is.
    pub(super) after: Option<String>,
}

/// Where the content that a step puts there waits.
pub(super) fn new_at(step: usize) -> String {
    format!("{FOLDER}/new-{step}")
}

/// Where the content that a step took away is kept.
pub(super) fn old_at(step: usize) -> String {
    format!("{FOLDER}/old-{step}")
}

impl Journal {
    pub(super) fn new(folders: Vec<String>, steps: Vec<Step>, emptied: Vec<String>) -> Self {
        Self { form: FORM, folders, steps, emptied }
    }

    /// Reads the journal of a change that was not finished; none when there is none.
    pub(super) fn read(dir: &Dir) -> Result<Option<Self>> {
        let Some(bytes) = tree::read(dir, JOURNAL, JOURNAL_BYTES)? else { return Ok(None) };
        let wrong = |why: &str| {
            let message = format!(
                "{JOURNAL}, the journal of a change that was not finished, is damaged: {why}"
            );
            Error::new(Code::Syntax, message)
                .hint("what was moved away stands beside it as `old-N`; move it back by hand, then remove the folder")
        };
        let journal: Self =
            serde_json::from_slice(&bytes).map_err(|error| wrong(&error.to_string()))?;
        if journal.form != FORM {
            return Err(wrong("another version of `fusion` wrote it"));
        }
        // It may come from somebody else, with the rest of the folder.
        let paths = journal.steps.iter().map(|step| &step.path);
        for path in paths.chain(&journal.folders).chain(&journal.emptied) {
            name::path("the path", path)?;
        }
        Ok(Some(journal))
    }

    /// Puts it on the disk, whole or not at all.
    pub(super) fn write(&self, dir: &Dir) -> std::io::Result<()> {
        let beside = format!("{JOURNAL}.new");
        tree::write_new(dir, &beside, &serde_json::to_vec(self)?, 0o600)?;
        dir.rename(&beside, dir, JOURNAL)?;
        tree::sync(dir, FOLDER)
    }
}
