//! The options of the commands about components.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The options of `components` itself, and its verbs.
#[derive(Debug, Args)]
pub(crate) struct Components {
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// A further folder with components, such as a checkout of a repository; may be given again
    #[arg(long, global = true, value_name = "DIR")]
    pub registry: Vec<PathBuf>,
    /// Add what the specification of `--spec` requires; as `add --install-required`
    #[arg(long)]
    pub install_required: bool,
    /// List what there is; as `list`
    #[arg(long)]
    pub list_available: bool,
    /// Only those of a category, or that provide a name
    #[arg(long, value_name = "NAME")]
    pub category: Option<String>,
    #[command(flatten)]
    pub change: Changing,
}

/// What to do with components.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the components that there are, and which of them this project has
    List(ListComponents),
    /// Show what a component is, needs and brings, or one of its files
    Show(ShowComponent),
    /// Add components with all that they need: files, specifications, tasks
    Add(AddComponents),
    /// Remove components with what only they needed; what stood there before comes back
    Remove(RemoveComponents),
    /// Bring components to their newest versions; what was edited here is kept and shown
    Upgrade(UpgradeComponents),
    /// Look whether all that components put there is unchanged; with `--checks` whether their checks hold
    Verify(VerifyComponents),
    /// Draw which component of this project is there because of which
    Tree,
}

/// The options of what changes a project.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Changing {
    /// The folder of a specification: its `tasks.md` gets the tasks of what is added
    #[arg(long, value_name = "DIR")]
    pub spec: Option<PathBuf>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace files that are in the way, which come back on removal, and those that were edited here, for good
    #[arg(long)]
    pub overwrite: bool,
    /// Run the commands that components bring as hooks; without this none is ever run
    #[arg(long)]
    pub allow_hooks: bool,
    /// Words for the project's stack, such as `python,postgresql`
    #[arg(long, value_name = "WORDS", value_delimiter = ',')]
    pub stack: Vec<String>,
}

/// The options of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListComponents {
    /// Only those of a category, or that provide a name
    #[arg(long, value_name = "NAME")]
    pub category: Option<String>,
    /// Only those that this project has
    #[arg(long)]
    pub installed: bool,
}

/// The options of `show`.
#[derive(Debug, Args)]
pub(crate) struct ShowComponent {
    /// The component, or `NAME@VERSION`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print this file of the package
    #[arg(long, value_name = "PATH")]
    pub file: Option<String>,
}

/// The options of `add`.
#[derive(Debug, Args)]
pub(crate) struct AddComponents {
    /// The components, each as NAME or `NAME@RANGE`, such as `auth@^1.2`
    #[arg(value_name = "NAME", required_unless_present = "install_required")]
    pub names: Vec<String>,
    /// Add what the specification of `--spec` requires
    #[arg(long, requires = "spec")]
    pub install_required: bool,
    #[command(flatten)]
    pub change: Changing,
}

/// The options of `remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveComponents {
    /// The components
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// The options of `upgrade`.
#[derive(Debug, Args)]
pub(crate) struct UpgradeComponents {
    /// The components; all when none is named
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Show what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Replace what was edited here
    #[arg(long)]
    pub overwrite: bool,
    /// Run the commands that components bring as hooks; without this none is ever run
    #[arg(long)]
    pub allow_hooks: bool,
}

/// The options of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyComponents {
    /// Look at the checks of the components, too; one that does not hold makes the exit code 1
    #[arg(long)]
    pub checks: bool,
    /// Run the checks that are commands
    #[arg(long, requires = "checks")]
    pub allow_commands: bool,
}
