//! `fusion runs retry`: takes an ended run up again, and drives it to its end.

use fusion_core::error::Result;

use crate::args::{Global, Retrying};
use crate::command::find;
use crate::command::run::to_its_end;
use crate::project::user;
use crate::render::Out;

/// Retries and follows.
pub(super) async fn retry(args: &Retrying, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    let nodes: Vec<&str> = args.nodes.iter().map(String::as_str).collect();
    run.retry(&nodes, &user()).await?;
    to_its_end(&fusion, &run, out).await
}
