//! Folders and files of projects, without what others wrote or what is made.

use std::fs::{self, DirEntry};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use fusion_core::error::{Code, Error, Result};

/// The most folders that are searched for a file.
const FOLDERS: usize = 20_000;
/// The most that is read of a manifest, in bytes.
const MOST: u64 = 1024 * 1024;

/// Folders that hold what others wrote or what is made; hidden ones are left out, too.
const LEFT_OUT: &[&str] = &[
    "node_modules",
    "target",
    "venv",
    "env",
    "__pycache__",
    "dist",
    "build",
    "vendor",
    "site-packages",
    "coverage",
];

/// Files that make a folder a project of its own.
const MANIFESTS: &[&str] = &[
    "Cargo.toml",
    "pyproject.toml",
    "setup.py",
    "requirements.txt",
    "package.json",
    "go.mod",
    "pom.xml",
];

/// Whether a project has a file of such a name, not in the projects below it; the second word is the name of its folder.
pub(super) fn any_file(
    folder: &Path,
    depth: usize,
    wanted: &dyn Fn(&str, &str) -> bool,
) -> Result<bool> {
    each_file(folder, depth, &mut |path| {
        let name = |path: Option<&Path>| {
            let name = path.and_then(Path::file_name).unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        wanted(&name(Some(path)), &name(path.parent()))
    })
}

/// Shows the files of a project, not those of the projects below it, until one is what is looked for; tells whether one was.
pub(super) fn each_file(
    folder: &Path,
    depth: usize,
    seen: &mut dyn FnMut(&Path) -> bool,
) -> Result<bool> {
    let mut open = vec![(folder.to_owned(), depth)];
    let mut looked = 0;
    while let Some((folder, depth)) = open.pop() {
        looked += 1;
        let mut files: Vec<PathBuf> = entries(&folder)?
            .iter()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(DirEntry::path)
            .collect();
        files.sort();
        if files.iter().any(|path| seen(path)) {
            return Ok(true);
        }
        if depth > 0 && looked < FOLDERS {
            let is_own = |below: &PathBuf| !MANIFESTS.iter().any(|name| below.join(name).is_file());
            open.extend(
                folders(&folder)?.into_iter().filter(is_own).map(|below| (below, depth - 1)),
            );
        }
    }
    Ok(false)
}

/// The entries of a folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<DirEntry>> {
    let unreadable = |why| {
        Error::new(Code::FileUnreadable, format!("the folder {} cannot be read", folder.display()))
            .because(why)
    };
    fs::read_dir(folder)
        .map_err(unreadable)?
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(unreadable)
}

/// The folders in a folder that belong to the project, by their names; links are none.
pub(super) fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let is_wanted = |entry: &DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        entry.file_type().is_ok_and(|kind| kind.is_dir())
            && !name.starts_with('.')
            && !LEFT_OUT.contains(&&*name)
    };
    let mut found: Vec<PathBuf> =
        entries(folder)?.iter().filter(|entry| is_wanted(entry)).map(DirEntry::path).collect();
    found.sort();
    Ok(found)
}

/// Reads a manifest; none where there is no file.
pub(super) fn read(file: &Path) -> Result<Option<String>> {
    if !file.is_file() {
        return Ok(None);
    }
    let unreadable = |why| {
        Error::new(Code::FileUnreadable, format!("{} cannot be read", file.display())).because(why)
    };
    let mut text = String::new();
    fs::File::open(file)
        .and_then(|file| file.take(MOST).read_to_string(&mut text))
        .map_err(unreadable)?;
    Ok(Some(text))
}

/// What is said of a manifest that cannot be understood.
pub(super) fn wrong(file: &Path, why: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Syntax, format!("{} cannot be understood", file.display())).because(why)
}

/// Tells whether a name has an ending, in small letters.
pub(super) fn ends_with(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|own| own == ending)
}
