//! The options of the commands about specifications.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with a specification.
#[derive(Debug, Subcommand)]
pub(crate) enum Spec {
    /// Say what it needs: stack, components, agents, with the lines that say so
    Analyze(Analyzing),
    /// Make the tasks a workflow file, with what each of them needs
    Plan(Planning),
}

/// The options of `spec analyze`.
#[derive(Debug, Args)]
pub(crate) struct Analyzing {
    /// The folder of the specification, or of a project that has one
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// The options of `spec plan`.
#[derive(Debug, Args)]
pub(crate) struct Planning {
    /// The folder of the specification, or of a project that has one
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Where the workflow file is written; `-` is standard output [default: workflow.yaml in the folder]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace a file that was not made by this command
    #[arg(long)]
    pub force: bool,
}
