//! `fusion graph`: draws a workflow, or a run with the status of its nodes.

use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::draw::{Format, draw};

use super::find;
use crate::args::{Draw, Global};
use crate::project;
use crate::render::{Out, report};

/// Prints the picture.
pub(super) async fn graph(args: &Draw, global: &Global, out: &Out) -> Result<u8> {
    let name = if out.json { "json" } else { args.format.as_str() };
    let format = Format::from_name(name)
        .ok_or_else(|| Error::new(Code::InvalidInput, format!("there is no format `{name}`")))?;
    if project::is_path(&args.what) {
        let loaded = project::load(Path::new(&args.what))?;
        print(&draw(&loaded.graph, format, None)?);
        return Ok(0);
    }
    let (fusion, run) = match find::open(global, &args.what).await {
        Err(error) if error.code() == Code::RunNotFound => {
            let message = format!("there is neither a file nor a run `{}`", args.what);
            let hint = error.hint_text().unwrap_or_default();
            return Err(Error::new(Code::RunNotFound, message).hint(hint));
        }
        found => found?,
    };
    let report = report(&run, fusion.driver(run.id()).await?).await?;
    fusion.close().await?;
    let program = report.state.program();
    let status = |name: &str| program.find(name).map(|node| report.status(node));
    print(&draw(program.graph(), format, Some(&status))?);
    Ok(0)
}

fn print(picture: &str) {
    Out::text(picture);
    if !picture.ends_with('\n') {
        Out::text("\n");
    }
}
