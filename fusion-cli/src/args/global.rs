//! The options of every command.

use clap::Args;

/// The options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The store: `sqlite://path/file.db`, a path, or `memory://` [default: .fusion/fusion.db of the project]
    #[arg(long, global = true, value_name = "URL", env = "FUSION_STORE", hide_env_values = true)]
    pub store: Option<String>,
    /// Print JSON on standard output: one value, or for `runs logs` one a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but results and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Print without colours and without live progress
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Show on standard error what the engine does: each change of a run; attempts and claims too with -vv, everything
    /// with -vvv. `FUSION_LOG` filters it
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}
