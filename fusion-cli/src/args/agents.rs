//! The options of the commands about agents.

use clap::{Args, Subcommand, ValueEnum};

/// What to do with agents.
#[derive(Debug, Subcommand)]
pub(crate) enum Agents {
    /// List the agents that tasks may go to, and what they are good at
    List,
    /// Say which agent a task goes to, and why
    Match(Match),
}

/// The options of `match`.
#[derive(Debug, Args)]
pub(crate) struct Match {
    /// The task, in words
    #[arg(value_name = "TEXT", required_unless_present = "stdin")]
    pub text: Vec<String>,
    /// Read tasks from standard input, one on each line
    #[arg(long, conflicts_with = "text")]
    pub stdin: bool,
    /// What counts beside an agent that fits
    #[arg(long, value_name = "WISH")]
    pub optimize_for: Option<Wish>,
}

/// What counts beside an agent that fits.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Wish {
    /// That it is done soon
    Speed,
    /// That it costs little
    Cost,
    /// That the agent takes hard tasks
    Quality,
}
