//! `fusion runs export`: a run in one file.

use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};
use serde_json::json;

use crate::args::{Exporting, Global};
use crate::command::find;
use crate::render::Out;

/// Writes the capsule.
pub(super) async fn export(args: &Exporting, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    let bytes = run.export().await?;
    fusion.close().await?;
    if args.output.as_deref() == Some(Path::new("-")) {
        Out::json_text(&bytes);
        return Ok(0);
    }
    let file = args.output.clone().unwrap_or_else(|| {
        PathBuf::from(format!("{}.fusion-run", run.id().as_str().replace(':', "_")))
    });
    std::fs::write(&file, &bytes).map_err(|error| {
        let message = format!("the file {} cannot be written", file.display());
        Error::new(Code::FileUnreadable, message).because(error)
    })?;
    if out.json {
        Out::value(
            &json!({"run": run.id().as_str(), "file": file.display().to_string(), "bytes": bytes.len()}),
        );
    } else {
        out.say(&format!(
            "{} ({} bytes); `fusion runs replay` opens it anywhere",
            file.display(),
            bytes.len()
        ));
    }
    Ok(0)
}
