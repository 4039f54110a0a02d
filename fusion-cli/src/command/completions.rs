//! `fusion completions`: what a shell completes.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::args::Cli;
use crate::render::Out;

/// Prints the completions for a shell.
pub(super) fn completions(shell: Shell) -> u8 {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "fusion", &mut script);
    Out::text(&String::from_utf8_lossy(&script));
    0
}
