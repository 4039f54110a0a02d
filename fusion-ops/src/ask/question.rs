//! Which question goes to whom.

use std::path::PathBuf;

use fusion_core::error::{Code, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{components, specs};

/// Asks something of a folder by its name: `spec.read`, `spec.validate`, `spec.analyze`, `spec.plan`, `spec.workflow`,
/// `components.list`, `components.installed`, `components.add`, `components.remove`, `components.upgrade`, `components.verify`.
/// Answers are as those of the `fusion` command with `--json`. It blocks while files are read and written.
///
/// ```
/// use serde_json::json;
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("spec.md"), "# A\n\n- **FR-001**: Users MUST be able to sign in with a password\n")?;
/// let told = fusion_ops::ask("spec.analyze", json!({"folder": folder.path()}))?;
/// assert_eq!(told["components"][0]["id"], "auth");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// `FU0101` when the question does not fit, and those of what is asked for.
pub fn ask(what: &str, given: Value) -> Result<Value> {
    match what.split_once('.').unwrap_or((what, "")) {
        ("spec", verb) => specs::ask(verb, &read(what, given)?),
        ("components", verb) => components::ask(verb, &read(what, given)?),
        _ => Err(unknown(what)),
    }
}

/// A folder that something is asked of.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    pub(super) folder: PathBuf,
}

fn read<T: DeserializeOwned>(what: &str, given: Value) -> Result<T> {
    serde_json::from_value(given).map_err(|cause| {
        Error::new(Code::InvalidInput, format!("what was given to `{what}` does not fit: {cause}"))
    })
}

pub(super) fn unknown(what: &str) -> Error {
    Error::new(Code::Internal, format!("nobody knows how to `{what}`"))
}

/// Writes an answer.
pub(super) fn told<T: Serialize>(answer: &T) -> Result<Value> {
    serde_json::to_value(answer)
        .map_err(|cause| Error::new(Code::Internal, "the answer cannot be JSON").because(cause))
}
