//! `fusion spec coverage`: requirements, their tasks, files and checks; also while a run goes on.

use fusion_core::error::{Code, Error, Result};
use fusion_ops::build::prepare;
use fusion_ops::coverage::{Progress, coverage as matrix, page, refusals};
use fusion_ops::spec::Folder;
use serde_json::json;

use crate::args::{Covering, Global};
use crate::command::build::{known, table};
use crate::command::find::look;
use crate::render::Out;

/// Prints the matrix; 1 when a gate is not reached.
pub(super) async fn coverage(args: &Covering, global: &Global, out: &Out) -> Result<u8> {
    let folder = Folder::open(&args.folder)?;
    let build = prepare(&folder)?;
    let workspace = args.workspace.canonicalize().map_err(|why| {
        let message = format!("there is no folder {}", args.workspace.display());
        Error::new(Code::FileUnreadable, message).because(why)
    })?;
    // Without a store nothing has run yet.
    let progress = match look(global).await {
        Ok(fusion) => {
            let progress = known(&fusion, &build, &workspace).await?;
            fusion.close().await?;
            progress
        }
        Err(error) if error.code() == Code::StoreOpen => Progress::default(),
        Err(error) => return Err(error),
    };
    let covered = matrix(&build.spec, &build.plan, &progress, &workspace);
    let refused = refusals(&covered, &build.settings.gates);
    if out.json {
        Out::value(&json!({"coverage": covered, "refused": refused, "good": refused.is_empty()}));
    } else if args.format == "html" {
        Out::text(&page(&build.name, &covered, &refused, &[]));
    } else {
        table(&covered, out);
        for one in &refused {
            out.say(&format!("not reached: {}: {}", one.gate, one.message));
        }
    }
    Ok(u8::from(!refused.is_empty()))
}
