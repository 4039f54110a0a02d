//! `fusion spec new`: a specification to begin with.

use std::path::Path;

use fusion_core::error::Result;
use fusion_ops::spec;
use serde_json::json;

use crate::args::Creating;
use crate::render::Out;

/// Makes the folder with its pages.
pub(super) fn new(args: &Creating, out: &Out) -> Result<u8> {
    let specs = args.dir.clone().unwrap_or_else(|| Path::new("specs").to_owned());
    let folder = spec::create(&specs, &args.name)?;
    let shown = folder.display().to_string();
    if out.json {
        Out::value(&json!({"folder": shown, "files": ["spec.md", "plan.md", "tasks.md"]}));
        return Ok(0);
    }
    Out::result(&shown);
    out.note(&format!(
        "write down what is wanted in {shown}/spec.md, then `fusion spec validate {shown}`"
    ));
    Ok(0)
}
