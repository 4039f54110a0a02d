//! The `fusion` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(fusion_cli::run(std::env::args_os()))
}
