//! One run in three languages: the example whose programs use both packages where they are installed.

use std::path::Path;
use std::time::Duration;

use super::{Count, built, node, python};
use crate::{Stop, ground, process};

/// The example's folder, and its Rust program.
pub(super) const NAME: &str = "three-languages";
/// How long it may take; it needs a few seconds.
const LIMIT: Duration = Duration::from_mins(3);

/// Runs the example with the packages installed, in a folder that holds nothing else.
pub(crate) fn run(root: &Path) -> Result<(bool, Count), Stop> {
    let scratch = ground::Scratch::new(NAME)?;
    let python = python::installed(root)?;
    let package = node::package(root, scratch.path())?;
    let folder = scratch.path().join("example");
    built::copy(&root.join("examples").join(NAME), &folder)?;
    node::add(&folder, &package)?;
    let rust = built::program(root, NAME)?;
    let mut command = process::command(folder.join("run"), &folder);
    command.env("FUSION_PYTHON", python).env("FUSION_RUST", rust).env("TMPDIR", scratch.path());
    let (passed, _) = process::follow_within(&mut command, LIMIT)?;
    Ok((passed, Count::one(passed)))
}
