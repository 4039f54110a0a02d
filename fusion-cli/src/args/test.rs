//! The options of `test`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::top::length_ms;

/// The options of `test`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Testing {
    #[command(subcommand)]
    pub verb: Option<TestVerb>,
    /// The folder whose tests are run; projects below it count, too
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// The task that they are run for: the report is kept with it
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// Only this suite; `--list` shows their names
    #[arg(long, value_name = "NAME")]
    pub suite: Vec<String>,
    /// How many suites run at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub jobs: u32,
    /// How often what failed is run again: what passes then is flaky
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=20))]
    pub retries: u32,
    /// How long a suite may take
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = length_ms)]
    pub timeout: u64,
    /// Write the report here, too, as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Only show which suites there are
    #[arg(long)]
    pub list: bool,
}

/// What else is done with tests.
#[derive(Debug, Subcommand)]
pub(crate) enum TestVerb {
    /// Show the latest report
    Report(Reported),
}

/// The options of `test report`.
#[derive(Debug, Args)]
pub(crate) struct Reported {
    /// The task that it was made for
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// As JUnit XML
    #[arg(long)]
    pub junit: bool,
}
