//! The options of the commands about workspaces of agents.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with the workspaces of agents.
#[derive(Debug, Subcommand)]
pub(crate) enum Workspace {
    /// List the workspaces, and what they hold
    List,
    /// Show what a workspace holds, its quota and its snapshots
    Show(Agent),
    /// Keep what a workspace holds now
    Snapshot(Agent),
    /// Say what is different from a snapshot, now or in another one
    Diff(Between),
    /// Make a workspace what it was in a snapshot
    Restore(Restoring),
    /// Write a workspace into a tar file, or read one into it
    Archive(Archiving),
    /// Remove a workspace with its snapshots
    Clean(Cleaning),
}

/// A workspace.
#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// The agent whose workspace it is
    pub agent: String,
}

/// The options of `diff`.
#[derive(Debug, Args)]
pub(crate) struct Between {
    /// The agent whose workspace it is
    pub agent: String,
    /// The snapshot [default: the last one]
    #[arg(value_name = "SNAPSHOT")]
    pub from: Option<u64>,
    /// A later one [default: what there is now]
    #[arg(value_name = "LATER")]
    pub to: Option<u64>,
}

/// The options of `restore`.
#[derive(Debug, Args)]
pub(crate) struct Restoring {
    /// The agent whose workspace it is
    pub agent: String,
    /// The snapshot
    pub snapshot: u64,
}

/// The options of `archive`.
#[derive(Debug, Args)]
pub(crate) struct Archiving {
    /// The agent whose workspace it is
    pub agent: String,
    /// The tar file; it must not be there yet
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Read it into the workspace instead, which is made if it is not there
    #[arg(long)]
    pub unpack: bool,
}

/// The options of `clean`.
#[derive(Debug, Args)]
pub(crate) struct Cleaning {
    /// The agent whose workspace it is
    pub agent: String,
    /// Only forget this snapshot
    #[arg(long, value_name = "SNAPSHOT")]
    pub snapshot: Option<u64>,
    /// Do it: what is removed does not come back
    #[arg(long)]
    pub yes: bool,
}
