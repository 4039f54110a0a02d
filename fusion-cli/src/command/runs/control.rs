//! What is said to a run, whoever drives it: cancel, pause, resume, approve, reject, signal.

use fusion_core::error::{Code, Error, Result};
use fusion_core::model::Answer;
use fusion_core::model::json::{self, NotRead};
use serde_json::Value;

use crate::args::{Answering, Global, Named, Signalling, Why};
use crate::command::find::{self, told};
use crate::project::user;
use crate::render::Out;

/// Asks for the end of a run.
pub(super) async fn cancel(args: &Why, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    run.cancel(&user(), &args.why).await?;
    told(&fusion, &run, "cancel", out).await
}

/// Lets nothing new start.
pub(super) async fn pause(args: &Named, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    run.pause(&user()).await?;
    told(&fusion, &run, "pause", out).await
}

/// Lets a paused run go on.
pub(super) async fn resume(args: &Named, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    run.resume(&user()).await?;
    told(&fusion, &run, "resume", out).await
}

/// Answers an approval.
pub(super) async fn answer(
    args: &Answering,
    approved: bool,
    global: &Global,
    out: &Out,
) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    let answer = Answer { approved, by: args.by.clone(), comment: args.comment.clone() };
    run.answer(args.node.as_deref(), answer).await?;
    told(&fusion, &run, if approved { "approve" } else { "reject" }, out).await
}

/// Sends a signal.
pub(super) async fn signal(args: &Signalling, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    let payload = match &args.payload {
        Some(text) => match json::read(text) {
            Ok(value) => value,
            Err(NotRead::Syntax(_)) => Value::from(text.as_str()),
            Err(wide @ NotRead::Wide) => {
                let message = format!("the payload cannot be kept as it is: {wide}");
                return Err(Error::new(Code::InvalidInput, message));
            }
        },
        None => Value::Null,
    };
    run.signal(&args.name, payload).await?;
    told(&fusion, &run, "signal", out).await
}
