//! The Node package: built, packed, installed into a clean folder, and tested there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::built::{copy, list, make};
use super::{Count, built, versions};
use crate::{Stop, ground, process};

/// Where npm locks what is installed.
pub(super) const LOCK: &str = "package-lock.json";
/// How long all tests of the package may take; they need less than a minute on an idle machine.
const LIMIT: Duration = Duration::from_mins(15);

/// What the package is made of, beside the addon.
const PARTS: [&str; 9] = [
    "package.json",
    "README.md",
    "index.cjs",
    "index.mjs",
    "index.d.ts",
    "index.d.mts",
    "lib",
    "types",
    "bin",
];

/// The arguments that keep npm quiet and away from the network where it can be.
const QUIET: [&str; 4] = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];

/// Tests the packed package, its types and its examples in a folder that holds nothing else of ours.
pub(crate) fn run(root: &Path) -> Result<(bool, Count), Stop> {
    let scratch = ground::Scratch::new("node")?;
    let package = package(root, scratch.path())?;
    let clean = scratch.path().join("clean");
    install(root, &clean, &package)?;
    let (mut passed, mut count) = tests(root, &clean, Path::new("node"))?;
    for other in versions::nodes(root)? {
        println!("with {}:", other.display());
        let (is_good, more) = tests(root, &clean, &other)?;
        (passed, count) = (passed && is_good, count.plus(more));
    }
    let compiler = clean.join("node_modules/.bin/tsc");
    let mut types = process::command(compiler, &clean);
    let (is_sound, _) = process::follow(types.args(["--project", "types"]))?;
    println!("types: {}", if is_sound { "ok" } else { "FAILED" });
    Ok((passed && is_sound, count.plus(Count::one(is_sound))))
}

/// Runs the tests with one version of Node, which is also the one that their programs find.
fn tests(root: &Path, clean: &Path, node: &Path) -> Result<(bool, Count), Stop> {
    let mut tests = process::command(node, clean);
    if let Some(folder) = node.parent().filter(|folder| folder.is_absolute()) {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&others));
        tests.env("PATH", std::env::join_paths(all).unwrap_or_else(|_| others.clone()));
    }
    tests
        .args(["--test", "--test-concurrency=2"])
        .args(files(clean)?)
        .env("FUSION_CASES", root.join("testing/cases"))
        .env("FUSION_REPOSITORY", root)
        .env_remove("FUSION_STORE");
    Ok(process::follow_within(&mut tests, LIMIT)?)
}

/// Fills npm's cache with what the tests need, so that they can be run without a network.
pub(crate) fn prepare(root: &Path) -> Result<(), Stop> {
    for from in ["fusion-node/test", "examples/mcp"] {
        let scratch = ground::Scratch::new("node-setup")?;
        locked(&root.join(from), scratch.path())?;
    }
    versions::nodes(root).map(|_| ())
}

/// Installs into a folder what the manifest of another one locks, unless it is there.
pub(super) fn locked_once(from: &Path, folder: &Path) -> Result<(), Stop> {
    let text = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    // npm writes its own list last.
    let is_whole = folder.join("node_modules/.package-lock.json").exists();
    if is_whole && text(folder.join(LOCK)) == text(from.join(LOCK)) {
        return Ok(());
    }
    make(folder)?;
    locked(from, folder)
}

/// Installs into a folder what the manifest of another one locks.
pub(super) fn locked(from: &Path, folder: &Path) -> Result<(), Stop> {
    for file in ["package.json", LOCK] {
        copy(&from.join(file), &folder.join(file))?;
    }
    npm(folder, &["ci", "--ignore-scripts"])
}

/// Builds the package into a folder: gives the tarball.
pub(super) fn package(root: &Path, scratch: &Path) -> Result<PathBuf, Stop> {
    let library = built::library(root, "fusion_node")?;
    pack(root, scratch, &library)
}

/// Puts the package together and packs it: gives the tarball.
fn pack(root: &Path, scratch: &Path, library: &Path) -> Result<PathBuf, Stop> {
    let stage = scratch.join("package");
    make(&stage)?;
    for part in PARTS {
        copy(&root.join("fusion-node").join(part), &stage.join(part))?;
    }
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&root.join(licence), &stage.join(licence))?;
    }
    copy(library, &stage.join(format!("fusion_node.{}.node", platform())))?;
    npm(&stage, &["pack", "--silent", "--pack-destination", ".."])?;
    let packed =
        list(scratch)?.into_iter().find(|path| path.extension().is_some_and(|end| end == "tgz"));
    packed.ok_or_else(|| Stop::Failed("npm pack gave no tarball".to_owned()))
}

fn install(root: &Path, clean: &Path, package: &Path) -> Result<(), Stop> {
    copy(&root.join("fusion-node/test"), clean)?;
    copy(&root.join("fusion-node/examples"), &clean.join("examples"))?;
    npm(clean, &["ci", "--ignore-scripts"])?;
    add(clean, package)
}

/// Installs the package into a folder, beside what is there.
pub(super) fn add(folder: &Path, package: &Path) -> Result<(), Stop> {
    let package = package.display().to_string();
    npm(folder, &["install", "--no-save", "--no-package-lock", "--ignore-scripts", &package])
}

fn npm(folder: &Path, arguments: &[&str]) -> Result<(), Stop> {
    let mut command = process::command("npm", folder);
    let (passed, _) = process::follow(command.args(arguments).args(QUIET))?;
    if passed {
        return Ok(());
    }
    Err(Stop::Failed(format!("`npm {}` failed", arguments.join(" "))))
}

/// The name that Node gives to this machine, with the C library that the addon was linked with.
fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let libc = match (os, cfg!(target_env = "musl")) {
        ("linux", true) => "-musl",
        ("linux", false) => "-gnu",
        _ => "",
    };
    format!("{os}-{arch}{libc}")
}

fn files(clean: &Path) -> Result<Vec<PathBuf>, Stop> {
    let is_test = |path: &PathBuf| path.to_string_lossy().ends_with(".test.mjs");
    Ok(list(clean)?.into_iter().filter(is_test).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_the_package_are_there() {
        let folder = ground::root().join("fusion-node");
        let missing: Vec<&str> =
            PARTS.into_iter().filter(|part| !folder.join(part).exists()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let manifest = std::fs::read_to_string(folder.join("package.json")).expect("it is there");
        let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
        assert!(manifest.contains(&version), "the package has another version than the workspace");
    }
}
