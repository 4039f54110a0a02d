//! From the parsed line to the command on runs.

use fusion_core::error::Result;

use super::{control, export, fork, list, logs, prune, replay, resolve, retry, show, watch};
use crate::args::{Global, RunsCommand};
use crate::command::why;
use crate::render::Out;

/// Does what is asked and gives the exit code.
pub(in crate::command) async fn runs(
    command: RunsCommand,
    global: &Global,
    out: &Out,
) -> Result<u8> {
    match command {
        RunsCommand::List(args) => list::list(&args, global, out).await,
        RunsCommand::Show(args) => show::show(&args, global, out).await,
        RunsCommand::Watch(args) => watch::watch(&args, global, out).await,
        RunsCommand::Logs(args) => logs::logs(&args, global, out).await,
        RunsCommand::Why(args) => why::why(&args, global, out).await,
        RunsCommand::Cancel(args) => control::cancel(&args, global, out).await,
        RunsCommand::Pause(args) => control::pause(&args, global, out).await,
        RunsCommand::Resume(args) => control::resume(&args, global, out).await,
        RunsCommand::Retry(args) => retry::retry(&args, global, out).await,
        RunsCommand::Fork(args) => fork::fork(&args, global, out).await,
        RunsCommand::Replay(args) => replay::replay(&args, global, out).await,
        RunsCommand::Approve(args) => control::answer(&args, true, global, out).await,
        RunsCommand::Reject(args) => control::answer(&args, false, global, out).await,
        RunsCommand::Signal(args) => control::signal(&args, global, out).await,
        RunsCommand::Resolve(args) => resolve::resolve(&args, global, out).await,
        RunsCommand::Export(args) => export::export(&args, global, out).await,
        RunsCommand::Prune(args) => prune::prune(&args, global, out).await,
    }
}
