//! `fusion runs resolve`: how an in-doubt node really ended.

use fusion_core::error::{Code, Error, Result};
use fusion_core::model::{Payload, Verdict, json};

use crate::args::{Global, Resolving};
use crate::command::find::{self, told};
use crate::render::Out;

/// Records the verdict.
pub(super) async fn resolve(args: &Resolving, global: &Global, out: &Out) -> Result<u8> {
    let verdict = verdict(args)?;
    let (fusion, run) = find::open(global, &args.run).await?;
    run.resolve(&args.node, verdict, &args.by).await?;
    told(&fusion, &run, "resolve", out).await
}

fn verdict(args: &Resolving) -> Result<Verdict> {
    if let Some(text) = &args.done {
        let value = json::read(text).map_err(|error| {
            let hint = "a text is written with quotes in JSON: '\"done\"'";
            let message = format!("`{text}` cannot be the output");
            Error::new(Code::InvalidInput, message).because(error).hint(hint)
        })?;
        return Ok(Verdict::Done(Payload::value(&value)));
    }
    Ok(match &args.failed {
        Some(why) => Verdict::Failed(why.clone()),
        None => Verdict::NotDone,
    })
}
