//! The options of `fusion dashboard`.

use clap::Args;

/// How the page is shown.
#[derive(Debug, Args)]
pub(crate) struct Dashboard {
    /// Stay, and show what changes; `q` leaves
    #[arg(long)]
    pub watch: bool,
    /// Print the page once, as text; so it is without `--watch`
    #[arg(long, conflicts_with = "watch")]
    pub once: bool,
    /// Look at the latest after this time, whatever happens
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = super::top::length_ms)]
    pub interval: u64,
}
