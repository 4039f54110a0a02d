//! Finds which file an `argv[0]` means.
//!
//! We look ourselves, in the program's own `PATH`: starting by a full path is the fast way of the system, and a person
//! learns what was looked for, and where.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::contract::Exec;
use crate::model::Failure;

use super::explain;

/// Where programs are looked for when the environment has no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A file that can be started.
#[derive(Debug)]
pub(super) struct Program<'a> {
    pub(super) path: PathBuf,
    /// How it was called.
    pub(super) name: &'a str,
    pub(super) arguments: &'a [String],
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Program,
    Folder,
    NotExecutable,
    Unreachable,
    Nothing,
}

/// Finds the program; the failure says what is wrong with the call, the folder or the file.
pub(super) fn find(exec: &Exec) -> Result<Program<'_>, Failure> {
    let Some((name, arguments)) = exec.argv.split_first().filter(|(name, _)| !name.is_empty())
    else {
        return Err(explain::empty());
    };
    check_text(exec, name)?;
    check_folder(exec, name)?;
    let path = if name.contains('/') { at_path(exec, name)? } else { in_path(exec, name)? };
    Ok(Program { path, name, arguments })
}

/// The folders of a `PATH`.
pub(super) fn folders(exec: &Exec) -> Vec<PathBuf> {
    let path = exec.env.get("PATH").map_or(DEFAULT_PATH, String::as_str);
    path.split(':').map(|folder| from_cwd(exec, Path::new(folder))).collect()
}

fn check_text(exec: &Exec, name: &str) -> Result<(), Failure> {
    if exec.argv.iter().any(|word| word.contains('\0')) {
        return Err(explain::spawn(name, "an argument holds a NUL byte; give such data by stdin"));
    }
    for (variable, value) in &exec.env {
        if variable.is_empty() || variable.contains(['=', '\0']) || value.contains('\0') {
            let why = format!("the variable {variable:?} of its environment is not a possible one");
            return Err(explain::spawn(name, &why));
        }
    }
    Ok(())
}

fn check_folder(exec: &Exec, name: &str) -> Result<(), Failure> {
    let Some(cwd) = &exec.cwd else { return Ok(()) };
    let what = match fs::metadata(cwd) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => "is not a folder".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => "does not exist".to_owned(),
        Err(error) => format!("cannot be reached: {error}"),
    };
    Err(explain::spawn(name, &format!("its working directory {} {what}", cwd.display())))
}

fn at_path(exec: &Exec, name: &str) -> Result<PathBuf, Failure> {
    let path = from_cwd(exec, Path::new(name));
    let what = match look(&path) {
        Found::Program => return Ok(path),
        Found::Folder => "is a folder",
        Found::NotExecutable => "is not executable (`chmod +x` makes it so)",
        Found::Unreachable => "cannot be reached: permission denied",
        Found::Nothing => {
            return Err(explain::missing(
                exec,
                name,
                &format!("{} does not exist", path.display()),
            ));
        }
    };
    Err(explain::spawn(name, &format!("{} {what}", path.display())))
}

fn in_path(exec: &Exec, name: &str) -> Result<PathBuf, Failure> {
    let mut blocked = None;
    for folder in folders(exec) {
        let path = folder.join(name);
        match look(&path) {
            Found::Program => return Ok(path),
            Found::NotExecutable => blocked = blocked.or(Some(path)),
            Found::Folder | Found::Unreachable | Found::Nothing => {}
        }
    }
    if let Some(path) = blocked {
        let why = format!("{} is not executable (`chmod +x` makes it so)", path.display());
        return Err(explain::spawn(name, &why));
    }
    let why = match exec.env.get("PATH") {
        Some(path) => format!("not found in PATH ({path})"),
        None => format!("not found in {DEFAULT_PATH} (its environment has no PATH)"),
    };
    Err(explain::missing(exec, name, &why))
}

/// Paths of a command start at its working directory, not at ours.
fn from_cwd(exec: &Exec, path: &Path) -> PathBuf {
    match &exec.cwd {
        Some(cwd) => {
            let cwd = std::path::absolute(cwd).unwrap_or_else(|_| cwd.clone());
            cwd.join(path)
        }
        None => std::path::absolute(Path::new(".").join(path)).unwrap_or_else(|_| path.to_owned()),
    }
}

fn look(path: &Path) -> Found {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Found::Folder,
        Ok(found) if found.permissions().mode() & 0o111 == 0 => Found::NotExecutable,
        Ok(_) => Found::Program,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Found::Unreachable,
        Err(_) => Found::Nothing,
    }
}
