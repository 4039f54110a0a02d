//! Projects and their modes for programs: what the bindings ask for.

use std::path::PathBuf;

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use serde::Deserialize;
use serde_json::Value;

use super::agents::Known;
use super::run::made;
use crate::args::Initial;

/// Which project, and how much it has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    folder: PathBuf,
    mode: Option<String>,
    from_spec: Option<PathBuf>,
    #[serde(default)]
    dry_run: bool,
}

/// Makes a project, or brings one up to its mode: `{folder, mode, from_spec, dry_run}`. Gives what `fusion init --json` prints. The agents of
/// the mode are spawned in the engine.
///
/// # Errors
/// `FU0101` for what does not fit, such as a mode that is not there; those of the specification, of the folder and of components.
pub async fn init_in(fusion: &Fusion, given: Value) -> Result<Value> {
    let Wanted { folder, mode, from_spec, dry_run } =
        serde_json::from_value(given).map_err(|cause| {
            let message = format!("what was given for a project does not fit: {cause}");
            Error::new(Code::InvalidInput, message)
        })?;
    let args = Initial { folder, from_spec, mode, dry_run };
    Ok(made(&args, Known::Engine(fusion), None).await?.json(&args))
}
