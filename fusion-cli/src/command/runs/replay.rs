//! `fusion runs replay`: folds a journal again, and compares. Nothing is executed.

use std::io::Read;
use std::path::Path;

use fusion_core::Fusion;
use fusion_core::error::{Code, Error, Result};
use fusion_core::observe::Replay;
use serde_json::json;

use crate::args::{Global, Replaying};
use crate::command::find;
use crate::render::{Color, Out, line};

/// Replays a run, or a capsule without any store; exit code 1 when something does not fit.
pub(super) async fn replay(args: &Replaying, global: &Global, out: &Out) -> Result<u8> {
    let file = Path::new(&args.what);
    let replay = if args.what == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(|error| {
            Error::new(Code::FileUnreadable, "standard input cannot be read").because(error)
        })?;
        Fusion::replay_capsule(&bytes)?
    } else if file.is_file() {
        let bytes = std::fs::read(file).map_err(|error| {
            let message = format!("the file {} cannot be read", file.display());
            Error::new(Code::FileUnreadable, message).because(error)
        })?;
        Fusion::replay_capsule(&bytes)?
    } else {
        let (fusion, run) = find::open(global, &args.what).await?;
        let replay = run.replay().await?;
        fusion.close().await?;
        replay
    };
    tell(&replay, out);
    Ok(u8::from(!replay.problems.is_empty()))
}

fn tell(replay: &Replay, out: &Out) {
    let status = replay.state.status().word();
    if out.json {
        Out::value(&json!({
            "workflow": replay.state.start().workflow,
            "version": replay.state.start().version,
            "status": status,
            "records": replay.state.seq(),
            "events": replay.events,
            "problems": replay.problems,
        }));
        return;
    }
    for event in &replay.events {
        out.say(&line(event));
    }
    for problem in &replay.problems {
        let told = format!(": {problem}");
        Out::print(&out.line().paint(Color::Red, "differs").add(&told));
    }
    if replay.problems.is_empty() {
        Out::result(&format!("{} records fit: {status}", replay.state.seq()));
    }
}
