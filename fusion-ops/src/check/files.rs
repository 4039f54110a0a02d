//! The files that a task names: there, inside of the workspace, no placeholders.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use fusion_core::model::Digest;

use super::evidence::Proof;
use super::placeholder::placeholder;
use super::syntax;

/// The most that is read of a file, in bytes; what is larger is no placeholder, and its syntax is not checked.
const MOST: u64 = 4 * 1024 * 1024;

/// What was found of a file: the proof, and its text where it can be looked at further.
#[derive(Debug)]
pub struct FileProof {
    /// What was found.
    pub proof: Proof,
    /// Where it is, when it is a file.
    pub path: Option<PathBuf>,
}

/// Gives the path of a name within a folder; none for names that lead out of it, also through links.
pub fn inside(folder: &Path, name: &str) -> Option<PathBuf> {
    let relative = Path::new(name);
    let plain =
        relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || name.is_empty() {
        return None;
    }
    let path = folder.join(relative);
    let root = folder.canonicalize().ok()?;
    // What is not there yet leads nowhere; what is there must be inside.
    match path.canonicalize() {
        Ok(whole) => whole.starts_with(&root).then_some(path),
        Err(_) => Some(path),
    }
}

/// Looks at a file that a task names: whether it is there, a placeholder, JSON or YAML that cannot be read. Programs that know a
/// language's syntax are asked by [`Checker`](super::Checker).
pub fn look(folder: &Path, name: &str, stubs: bool) -> FileProof {
    look_for(folder, name, (stubs, true))
}

/// Looks at a file, whether placeholders pass, and whether data must be readable.
pub(crate) fn look_for(folder: &Path, name: &str, (stubs, syntax): (bool, bool)) -> FileProof {
    let failed =
        |detail: &str| FileProof { proof: Proof::new("file", name, false, detail), path: None };
    let Some(path) = inside(folder, name) else {
        return failed("its path leads out of the workspace");
    };
    let Ok(about) = path.metadata() else {
        return failed("it is not there: make it");
    };
    if about.is_dir() {
        let any = std::fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some());
        let detail = if any { "" } else { "the folder is empty" };
        return FileProof { proof: Proof::new("file", name, any, detail), path: None };
    }
    let mut bytes = Vec::new();
    let read = std::fs::File::open(&path).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    if let Err(why) = read {
        return failed(&format!("it cannot be read: {why}"));
    }
    let hash = Digest::of(&bytes).to_string();
    let wrong = std::str::from_utf8(&bytes).ok().filter(|_| about.len() < MOST).and_then(|text| {
        let stub = if stubs { None } else { placeholder(name, text) };
        let stub = stub.map(|(line, why)| format!("line {line}: {why}"));
        stub.or_else(|| syntax::parse(name, text).filter(|_| syntax))
    });
    let mut proof = Proof::new("file", name, wrong.is_none(), &wrong.unwrap_or_default());
    proof.hash = hash;
    if std::str::from_utf8(&bytes).is_ok_and(|text| syntax::is_bare(name, text)) {
        "it says nothing".clone_into(&mut proof.weak);
    }
    FileProof { proof, path: Some(path) }
}
