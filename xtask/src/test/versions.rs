//! Other versions of Python and Node: the oldest and the newest that the packages are for, besides those at hand.

use std::path::{Path, PathBuf};

use super::built::list;
use super::node;
use super::python::environment;
use crate::{Stop, process};

/// The versions of Python, tested where the machine has them.
const PYTHONS: [&str; 2] = ["3.10", "3.13"];
/// What the tests of the package need there; the rest is for examples and the type check.
const TOOLS: [&str; 2] = ["pytest==", "pydantic=="];
/// The versions of Node, as packages of npm.
const NODES: &str = "fusion-node/versions";

/// Gives the programs of the versions of Node.
pub(super) fn nodes(root: &Path) -> Result<Vec<PathBuf>, Stop> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("other versions of Node come as packages for Linux on x86-64 only");
        return Ok(Vec::new());
    }
    let folder = root.join("target/node/versions");
    node::locked_once(&root.join(NODES), &folder)?;
    let mut programs: Vec<PathBuf> = list(&folder.join("node_modules"))?
        .into_iter()
        .map(|package| package.join("bin/node"))
        .filter(|program| program.exists())
        .collect();
    programs.sort();
    Ok(programs)
}

/// Gives the interpreters of environments of the versions of Python that the machine has, with the tools; `needed` are all
/// those that the tests at hand need.
pub(super) fn pythons(root: &Path, needed: &str) -> Result<Vec<PathBuf>, Stop> {
    let tools: Vec<&str> =
        needed.lines().filter(|line| TOOLS.iter().any(|tool| line.starts_with(tool))).collect();
    let mut found = Vec::new();
    for version in PYTHONS {
        let program = format!("python{version}");
        if !has_python(root, &program, version) {
            println!("Python {version} is not on this machine: nothing is tested with it");
            continue;
        }
        let folder = root.join("target/python").join(version);
        found.push(environment(named(root, &program, version), &folder, &tools)?);
    }
    Ok(found)
}

fn has_python(root: &Path, program: &str, version: &str) -> bool {
    let answer = named(root, program, version).args(["-c", "import venv"]).output();
    answer.is_ok_and(|answer| answer.status.success())
}

/// Where several versions are managed by pyenv, it has to be told which one is meant.
fn named(root: &Path, program: &str, version: &str) -> std::process::Command {
    let mut command = process::command(program, root);
    command.env("PYENV_VERSION", version);
    command
}
