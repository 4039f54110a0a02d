//! What the packages are put together from: the workspace's libraries, and folders that are copied.

use std::path::{Path, PathBuf};

use crate::{Stop, ground, process};

/// Builds the workspace's libraries, and gives the one of this name.
pub(super) fn library(root: &Path, name: &str) -> Result<PathBuf, Stop> {
    // All at once, so that nothing is compiled again with other features.
    let mut build = process::cargo(root);
    if !process::follow(build.args(["build", "--workspace", "--lib", "--quiet"]))?.0 {
        return Err(Stop::Failed(format!("the library `{name}` could not be built")));
    }
    let (before, after) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    Ok(ground::fusion()?.with_file_name(format!("{before}{name}{after}")))
}

/// Builds one of the workspace's programs, and gives it.
pub(super) fn program(root: &Path, name: &str) -> Result<PathBuf, Stop> {
    let mut build = process::cargo(root);
    if !process::follow(build.args(["build", "--workspace", "--quiet", "--bin", name]))?.0 {
        return Err(Stop::Failed(format!("the program `{name}` could not be built")));
    }
    Ok(ground::fusion()?.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}

/// Lists what is in a folder, sorted.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, Stop> {
    let said = |cause| Stop::Failed(format!("read {}: {cause}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(said)? {
        found.push(entry.map_err(said)?.path());
    }
    found.sort();
    Ok(found)
}

/// Makes a folder, with all above it.
pub(super) fn make(folder: &Path) -> Result<(), Stop> {
    std::fs::create_dir_all(folder)
        .map_err(|cause| Stop::Failed(format!("make {}: {cause}", folder.display())))
}

/// Copies a file, or a folder with all that is in it but what npm installed and Python compiled.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Stop> {
    if !from.is_dir() {
        return std::fs::copy(from, to)
            .map(|_| ())
            .map_err(|cause| Stop::Failed(format!("copy {}: {cause}", from.display())));
    }
    make(to)?;
    for path in list(from)? {
        match path.file_name() {
            Some(name) if name != "node_modules" && name != "__pycache__" => {
                copy(&path, &to.join(name))?;
            }
            _ => {}
        }
    }
    Ok(())
}
