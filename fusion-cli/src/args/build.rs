//! The options of `build`.

use std::path::PathBuf;

use clap::Args;

/// The options of `build`.
#[derive(Debug, Args)]
pub(crate) struct Building {
    /// The folder of the specification, or of a project that has one
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The folder that is worked in
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub workspace: PathBuf,
    /// Who does the tasks: a program on the command line; given again, who takes over when that one fails
    #[arg(long, short, value_name = "AGENT")]
    pub agent: Vec<String>,
    /// A model that does the tasks, with the files of the workspace as its tools
    #[arg(long, short, value_name = "MODEL")]
    pub model: Vec<String>,
    /// A recording that does the tasks
    #[arg(long, value_name = "FILE")]
    pub recordings: Option<PathBuf>,
    /// Add the components that the specification requires first: their tasks are among its own then
    #[arg(long)]
    pub components: bool,
    /// How many tasks are worked at together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub jobs: u32,
    /// Nobody is there to ask: a task that no agent can do fails
    #[arg(long)]
    pub unattended: bool,
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Write the report here [default: build.html in the folder of the specification]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// The options of `spec coverage`.
#[derive(Debug, Args)]
pub(crate) struct Covering {
    /// The folder of the specification, or of a project that has one
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The folder that was worked in
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub workspace: PathBuf,
    /// A table, or a page for a browser
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = ["table", "html"])]
    pub format: String,
}
