//! `fusion completions`: what a shell completes.

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use serde_json::json;

use crate::args::Cli;
use crate::render::Out;

/// Prints the completions for a shell.
pub(super) fn completions(shell: Shell, out: &Out) -> u8 {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "fusion", &mut script);
    let script = String::from_utf8_lossy(&script);
    if out.json {
        Out::value(&json!({"shell": shell.to_string(), "script": script}));
    } else {
        Out::text(&script);
    }
    0
}
