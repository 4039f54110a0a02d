//! The options of the commands about models on this machine.

use clap::{Args, Subcommand};

/// What to do with the models of this machine.
#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// List the models that are here, and those that are known by name
    List,
    /// Get a model: one that is known by name, from a URL, or from a file
    Pull(Pull),
    /// Remove a model
    Remove {
        /// The model's name
        name: String,
    },
}

/// The options of `pull`.
#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// A name such as smollm2, the URL of a GGUF file, or the path of one
    #[arg(value_name = "NAME|URL|FILE")]
    pub source: String,
    /// What it is to be called
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// The SHA-256 that the file must have
    #[arg(long, value_name = "HEX")]
    pub sha256: Option<String>,
    /// Get it again, though it is here
    #[arg(long)]
    pub again: bool,
}
