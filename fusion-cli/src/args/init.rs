//! The options of `init`.

use std::path::PathBuf;

use clap::Args;

/// The options of `init`.
#[derive(Debug, Args)]
pub(crate) struct Initial {
    /// The folder of the project; it is made when it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// The folder of a specification; one outside of the project is copied into its `specs` [default: the project's own, else one to
    /// begin with]
    #[arg(long, value_name = "DIR")]
    pub from_spec: Option<PathBuf>,
    /// How much the project has [default: its mode, else prototype]
    #[arg(long, value_name = "MODE", value_parser = ["prototype", "mvp", "production", "scale"])]
    pub mode: Option<String>,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
}
