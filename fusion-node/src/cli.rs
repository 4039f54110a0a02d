//! The `fusion` command in the process of Node.

use std::ffi::OsString;

use napi_derive::napi;

/// Runs the `fusion` command with these arguments, the program's name first, and gives its exit code.
///
/// Waits for its end: meant for a program that does nothing else.
#[napi]
#[must_use]
pub fn cli(arguments: Vec<String>) -> u32 {
    u32::from(fusion_cli::run(arguments.into_iter().map(OsString::from)))
}
