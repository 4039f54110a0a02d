//! The commands on runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::top::length_ms;

/// What to do with runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List runs, the newest first
    List(Listing),
    /// Show a run and its nodes
    Show(Showing),
    /// Follow a run to its end
    Watch(Named),
    /// Print what happened in a run
    Logs(Logs),
    /// Say why a run does not move
    Why(Named),
    /// End a run, its commands and its child runs
    Cancel(Why),
    /// Let nothing new start in a run
    Pause(Named),
    /// Let a paused run go on
    Resume(Named),
    /// Take an ended run up again: what failed, and the named nodes
    Retry(Retrying),
    /// Begin a new run that keeps the outcomes of another one
    Fork(Forking),
    /// Decide everything in a run's journal again, and compare
    Replay(Replaying),
    /// Say yes to an approval
    Approve(Answering),
    /// Say no to an approval
    Reject(Answering),
    /// Send a signal to a run
    Signal(Signalling),
    /// Say how an in-doubt node really ended
    Resolve(Resolving),
    /// Write a run into one file that opens anywhere
    Export(Exporting),
    /// Delete runs that have ended
    Prune(Pruning),
}

/// A run.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The run, or the beginning of its id
    pub run: String,
}

/// The options of `runs list`.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// Only runs of this status
    #[arg(long, value_name = "STATUS", value_parser = ["pending", "running", "waiting", "paused", "succeeded", "failed", "cancelled"])]
    pub status: Option<String>,
    /// Only runs of this workflow
    #[arg(long, value_name = "NAME")]
    pub workflow: Option<String>,
    /// How many at the most
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Child runs too
    #[arg(long)]
    pub all: bool,
}

/// The options of `runs show`.
#[derive(Debug, Args)]
pub(crate) struct Showing {
    /// The run, or the beginning of its id
    pub run: String,
    /// The outputs of nodes too
    #[arg(long)]
    pub outputs: bool,
}

/// The options of `runs logs`.
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The run, or the beginning of its id
    pub run: String,
    /// Wait for more until the run ends
    #[arg(long, short)]
    pub follow: bool,
    /// Only events of this node
    #[arg(long, value_name = "NODE")]
    pub node: Option<String>,
    /// Only events that matter at least so much
    #[arg(long, default_value = "debug", value_parser = ["debug", "info", "warning", "error", "critical"])]
    pub severity: String,
}

/// The options of `runs cancel`.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The run, or the beginning of its id
    pub run: String,
    /// Why, for those who look later
    #[arg(long, default_value = "")]
    pub why: String,
}

/// The options of `runs retry`.
#[derive(Debug, Args)]
pub(crate) struct Retrying {
    /// The run, or the beginning of its id
    pub run: String,
    /// Nodes that run again although they succeeded, with all that needs them
    pub nodes: Vec<String>,
    /// Only record it, print the id, and leave the work to a worker
    #[arg(long)]
    pub detach: bool,
    /// An at-most-once node that may be entered once more although it was entered
    #[arg(long, value_name = "NODE")]
    pub again: Vec<String>,
}

/// The options of `runs fork`.
#[derive(Debug, Args)]
pub(crate) struct Forking {
    /// The run, or the beginning of its id
    pub run: String,
    /// A node that runs again, with all that needs it; all nodes when absent
    #[arg(long, value_name = "NODE")]
    pub from: Vec<String>,
    /// An at-most-once node that may be entered although the old run entered it
    #[arg(long, value_name = "NODE")]
    pub again: Vec<String>,
    /// Another definition
    #[arg(long, value_name = "FILE")]
    pub file: Option<String>,
    /// An input that is another one than in the run
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub input: Vec<String>,
    /// The id of the new run
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Only record it, print the id, and leave the work to a worker
    #[arg(long)]
    pub detach: bool,
}

/// The options of `runs replay`.
#[derive(Debug, Args)]
pub(crate) struct Replaying {
    /// The run, or a file that `runs export` wrote, `-` for standard input
    #[arg(value_name = "RUN|FILE")]
    pub what: String,
}

/// The options of `runs approve` and `runs reject`.
#[derive(Debug, Args)]
pub(crate) struct Answering {
    /// The run, or the beginning of its id
    pub run: String,
    /// The node that asks; needed when several do
    pub node: Option<String>,
    /// Who answers
    #[arg(long, value_name = "WHO", env = "USER", hide_env = true, default_value = "someone")]
    pub by: String,
    /// What to add
    #[arg(long, default_value = "")]
    pub comment: String,
}

/// The options of `runs signal`.
#[derive(Debug, Args)]
pub(crate) struct Signalling {
    /// The run, or the beginning of its id
    pub run: String,
    /// The name of the signal
    pub name: String,
    /// What it says, as JSON; text that is no JSON is a text
    pub payload: Option<String>,
}

/// The options of `runs resolve`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("verdict").required(true).args(["done", "failed", "not_done"])))]
pub(crate) struct Resolving {
    /// The run, or the beginning of its id
    pub run: String,
    /// The node that is in doubt
    pub node: String,
    /// It was done, with this output
    #[arg(long, value_name = "JSON")]
    pub done: Option<String>,
    /// It failed, because of this
    #[arg(long, value_name = "WHY")]
    pub failed: Option<String>,
    /// It was not done and may be tried again
    #[arg(long)]
    pub not_done: bool,
    /// Who says so
    #[arg(long, value_name = "WHO", env = "USER", hide_env = true, default_value = "someone")]
    pub by: String,
}

/// The options of `runs export`.
#[derive(Debug, Args)]
pub(crate) struct Exporting {
    /// The run, or the beginning of its id
    pub run: String,
    /// The file to write, `-` for standard output [default: RUN.fusion-run]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The options of `runs prune`.
#[derive(Debug, Args)]
pub(crate) struct Pruning {
    /// The runs; with `--older-than`, all that ended before
    pub runs: Vec<String>,
    /// All runs that ended longer ago than this, such as 30d
    #[arg(long, value_name = "TIME", value_parser = length_ms)]
    pub older_than: Option<u64>,
    /// Only runs of this status
    #[arg(long, value_name = "STATUS", value_parser = ["succeeded", "failed", "cancelled"])]
    pub status: Vec<String>,
    /// Outputs that nodes with `cache` kept for other runs, too: those kept longer ago than `--older-than`
    #[arg(long, requires = "older_than")]
    pub cached: bool,
    /// Only say what would be deleted
    #[arg(long)]
    pub dry_run: bool,
    /// Give the space back to the disk: the store's file is written anew, while others wait
    #[arg(long)]
    pub vacuum: bool,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}
