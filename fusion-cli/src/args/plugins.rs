//! The options of the commands about plugins.

use clap::{Args, Subcommand};

/// What to do with plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum Plugins {
    /// List the plugins that have a manifest in one of the folders where plugins are looked for
    List,
    /// Show what a plugin says of itself, its hash, whether it is trusted and where it runs; loads only what is trusted
    Inspect(Which),
    /// Trust a plugin as it is now: it is loaded into programs, with its secrets, until it changes
    Trust(Trust),
}

/// Which plugin.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The plugin's name, or the path of its library or manifest
    #[arg(value_name = "NAME|FILE")]
    pub plugin: String,
}

/// The options of `trust`.
#[derive(Debug, Args)]
pub(crate) struct Trust {
    #[command(flatten)]
    pub which: Which,
    /// Trust it no longer
    #[arg(long)]
    pub revoke: bool,
}
