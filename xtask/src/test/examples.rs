//! Runs every example: its `run` program must end with 0.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Count, built, languages, node};
use crate::tree::Tree;
use crate::{Stop, ground, process};

/// The examples that have a Rust program of their own, and its name.
const PROGRAMS: [(&str, &str); 2] = [("cart-object", "cart-object"), ("mcp", "tool-servers")];
/// How long an example may take; the slowest takes a few seconds.
const LIMIT: Duration = Duration::from_mins(2);

/// Runs `examples/*/run`, each in its own folder and with a store of its own.
///
/// One is left out: it needs the Python and the Node package, and has a step of its own after theirs.
/// The program finds the `fusion` command in `FUSION`, and an empty store in `FUSION_STORE`; the example's own Rust program in
/// `FUSION_EXAMPLE`, and what its `package-lock.json` locks in `FUSION_NODE_MODULES`.
pub(crate) fn run(root: &Path) -> Result<(bool, Count), Stop> {
    let fusion = ground::fusion()?;
    let mut count = Count::default();
    for folder in folders(&root.join("examples"))? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!("--- {name}");
        let scratch = ground::Scratch::new(&format!("example-{name}"))?;
        let store = format!("sqlite://{}", scratch.path().join("fusion.db").display());
        let mut command = process::command(folder.join("run"), &folder);
        command.env("FUSION", &fusion).env("FUSION_STORE", store).env("TMPDIR", scratch.path());
        if let Some((_, program)) = PROGRAMS.iter().find(|(example, _)| *example == name) {
            command.env("FUSION_EXAMPLE", built::program(root, program)?);
        }
        if folder.join(node::LOCK).is_file() {
            node::locked(&folder, scratch.path())?;
            command.env("FUSION_NODE_MODULES", scratch.path().join("node_modules"));
        }
        let before = Tree::read(&folder)?;
        let (mut passed, _) = process::follow_within(&mut command, LIMIT)?;
        if let Some(path) = Tree::read(&folder)?.difference(&before) {
            println!("{name} changed its own `{path}`: write to \"$TMPDIR\" instead");
            passed = false;
        }
        println!("--- {name}: {}", if passed { "ok" } else { "FAILED" });
        count = count.plus(Count::one(passed));
    }
    Ok((count.failed == 0, count))
}

fn folders(examples: &Path) -> Result<Vec<PathBuf>, String> {
    let said = |cause| format!("read {}: {cause}", examples.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(examples).map_err(said)? {
        let path = entry.map_err(said)?.path();
        if path.join("run").is_file() && !path.ends_with(languages::NAME) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
