//! The options of the commands about specifications.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::build::Covering;

/// What to do with a specification.
#[derive(Debug, Subcommand)]
pub(crate) enum Spec {
    /// Make one to begin with: `specs/NNN-name` with spec.md, plan.md and tasks.md
    New(Creating),
    /// Say what is wrong with it, with the lines
    Validate(Validating),
    /// Say what it needs: stack, components, agents, with the lines that say so
    Analyze(Analyzing),
    /// Make the tasks a workflow file, with what each of them needs
    Plan(Planning),
    /// Show which requirements are proved: their tasks, files and checks, also while a build runs
    Coverage(Covering),
}

/// The options of `spec new`.
#[derive(Debug, Args)]
pub(crate) struct Creating {
    /// What it is called, such as `user-login`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// The folder of the specifications [default: specs]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// The options of `spec validate`.
#[derive(Debug, Args)]
pub(crate) struct Validating {
    /// The folder of the specification, or of a project that has one
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Warnings fail, too
    #[arg(long)]
    pub strict: bool,
}

/// The options of `spec analyze`.
#[derive(Debug, Args)]
pub(crate) struct Analyzing {
    /// The folder of the specification, or of a project that has one
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// Add the components that are required to the project
    #[arg(long)]
    pub auto_install: bool,
    /// With `--auto-install`: show what would change, and change nothing
    #[arg(long, requires = "auto_install")]
    pub dry_run: bool,
    /// With `--auto-install`: run the commands that components bring as hooks
    #[arg(long, requires = "auto_install")]
    pub allow_hooks: bool,
    /// With `--auto-install`: a further folder with components; may be given again
    #[arg(long, value_name = "DIR", requires = "auto_install")]
    pub registry: Vec<PathBuf>,
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
