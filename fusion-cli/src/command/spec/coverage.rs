//! `fusion spec coverage`: requirements, their tasks, files and checks; also while a run goes on.

use fusion_core::error::{Code, Error, Result};
use fusion_ops::build::prepare_over;
use fusion_ops::coverage::{Progress, coverage as matrix, page, refusals};
use fusion_ops::spec::Folder;
use serde_json::json;

use crate::args::{Covering, Global};
use crate::command::build::{known, look as look_at, looked_at, table};
use crate::command::find::look;
use crate::project::{Moded, mode_of};
use crate::render::Out;

/// Prints the matrix; 1 when a gate is not reached.
pub(super) async fn coverage(args: &Covering, global: &Global, out: &Out) -> Result<u8> {
    let folder = Folder::open(&args.folder)?;
    let moded = mode_of(&folder.path)?;
    let build = prepare_over(&folder, &Moded::settings(moded.as_ref()))?;
    let workspace = args.workspace.canonicalize().map_err(|why| {
        let message = format!("there is no folder {}", args.workspace.display());
        Error::new(Code::FileUnreadable, message).because(why)
    })?;
    // Without a store nothing has run yet.
    let mut progress = match look(global).await {
        Ok(fusion) => {
            let mut progress = known(&fusion, &build, &workspace).await?;
            fusion.close().await?;
            looked_at(&mut progress, &workspace).await;
            progress
        }
        Err(error) if error.code() == Code::StoreOpen => Progress::default(),
        Err(error) => return Err(error),
    };
    look_at(&build, moded.as_ref(), &mut progress)?;
    let covered = matrix((&build.spec, &build.components), &build.plan, &progress, &workspace);
    let refused = refusals(&covered, &build.settings.gates);
    if out.json {
        let mode = moded.as_ref().map(Moded::json);
        Out::value(&json!({
            "coverage": covered, "refused": refused, "good": refused.is_empty(), "mode": mode,
        }));
    } else if args.format == "html" {
        Out::text(&page(&build.name, &covered, &refused, &[]));
    } else {
        table(&covered, out);
        if let Some(moded) = &moded {
            out.say(&moded.line());
        }
        for one in &refused {
            out.say(&format!("not reached: {}: {}", one.gate, one.message));
        }
    }
    Ok(u8::from(!refused.is_empty()))
}
