//! Runs the tests of plugins with the address sanitizer: what touches memory that is not its own, or no longer, is found.

use crate::{Stop, ground, process};

/// The one target that is sanitized; programs that run while something is compiled are not.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Plugins in C within the process that is looked at. One in Rust is a library that lacks the sanitizer's own functions, and a process of
/// its own starts with none of the variables that tell the sanitizer what to leave alone.
const TESTS: [&str; 7] = [
    "conduct",
    "example",
    "shape::a_newer",
    "shape::what_is_no_library",
    "--skip",
    "apart",
    "--test-threads=2",
];
/// What plugins keep for ever is kept on purpose, and SQLite has two tables of one name.
const OPTIONS: &str = "detect_leaks=0:detect_odr_violation=0";

/// Builds the plugin host and its tests with the sanitizer, and runs them.
pub(crate) fn run() -> Result<(), Stop> {
    let root = ground::root();
    let own = std::env::current_exe().map_err(|cause| format!("where am I: {cause}"))?;
    let built = own.ancestors().nth(2).map_or_else(|| root.join("target"), Into::into);
    let mut command = process::cargo(&root);
    command.args(["test", "-p", "fusion-providers", "--target", TARGET, "--test", "plugin", "--"]);
    // The sanitizer is a part of the stable compiler that has to be asked for as if it were not.
    command.args(TESTS).env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
    command.env("CARGO_TARGET_DIR", built.join("sanitize")).env("ASAN_OPTIONS", OPTIONS);
    let (passed, _) = process::follow(&mut command)?;
    if passed {
        Ok(())
    } else {
        Err(Stop::Failed("the sanitizer, or a test, found something".to_owned()))
    }
}
