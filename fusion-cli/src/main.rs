//! The `fusion` command.

use std::process::ExitCode;

// Batches are made by one thread and freed by another, which the system's allocator makes wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(fusion_cli::run(std::env::args_os()))
}
