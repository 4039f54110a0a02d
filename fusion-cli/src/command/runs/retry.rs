//! `fusion runs retry`: takes an ended run up again, and drives it to its end unless it is left to others.

use fusion_core::error::Result;

use crate::args::{Global, Retrying};
use crate::command::find;
use crate::command::run::{left, to_its_end};
use crate::project::user;
use crate::render::Out;

/// Retries and follows.
pub(super) async fn retry(args: &Retrying, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::take_up(global, &args.run, args.detach).await?;
    let nodes: Vec<&str> = args.nodes.iter().map(String::as_str).collect();
    let again: Vec<&str> = args.again.iter().map(String::as_str).collect();
    let by = user();
    run.retry_with(fusion_core::Retrying { nodes: &nodes, again: &again, by: &by }).await?;
    if args.detach {
        return left(&fusion, &run, out).await;
    }
    to_its_end(&fusion, &run, out).await
}
