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
    run.retry(&nodes, &user()).await?;
    if args.detach {
        return left(&fusion, &run, out).await;
    }
    to_its_end(&fusion, &run, out).await
}
