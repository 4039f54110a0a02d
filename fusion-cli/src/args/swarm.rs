//! The options of the commands about teams.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with teams.
#[derive(Debug, Subcommand)]
pub(crate) enum Swarm {
    /// List the teams that come along and those of the project's `.fusion/swarms`
    List,
    /// Show a team: its agents, and its workflows with their stages
    Show {
        /// The name of a team, or a file
        #[arg(value_name = "TEAM|FILE")]
        template: String,
    },
    /// Spawn the agents of a team and submit the tasks of its workflow, stage after stage
    Deploy(Deploy),
}

/// The options of `swarm deploy`.
#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The name of a team, or a file
    #[arg(long, value_name = "TEAM|FILE")]
    pub template: String,
    /// The project: the beginning of the ids of its agents and tasks [default: the team's name]
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// The workflow [default: the team's first]
    #[arg(long, value_name = "NAME")]
    pub workflow: Option<String>,
    /// The folder of the specification, which every agent is told to read
    #[arg(long, value_name = "DIR")]
    pub spec: Option<PathBuf>,
    /// What coding programs may do in their folders
    #[arg(long, value_name = "MODE", default_value = "edit", value_parser = ["read_only", "edit", "full"])]
    pub mode: String,
    /// Show what would be spawned and submitted
    #[arg(long)]
    pub dry_run: bool,
}
