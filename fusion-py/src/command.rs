//! The `fusion` command, in this interpreter.

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the `fusion` command with these arguments, the program's name first, and gives its exit code.
///
/// Ctrl-C is the command's while it runs: the caller gives SIGINT back its usual meaning before.
#[pyfunction]
pub(crate) fn command(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| fusion_cli::run(arguments))
}
