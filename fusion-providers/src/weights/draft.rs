//! Folders for weights that are not whole yet.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use fusion_core::contract::Env;
use fusion_core::model::chat::Fault;

use super::folder::trouble;

/// How the names of drafts begin.
const BEGIN: &str = ".pull-";
/// The file that a process holds locked as long as it works on a draft.
const HELD: &str = "held";

/// A folder for what is not whole yet, beside what is; dropping it removes it.
///
/// The system gives up the lock of a process that was killed, so the next draft knows whose work has ended, and removes it.
pub(super) struct Draft {
    path: PathBuf,
    /// Kept open, for with it goes the lock.
    _held: File,
}

impl Draft {
    /// Makes one, and removes those whose process has ended.
    pub(super) fn new(folder: &Path, env: &dyn Env) -> Result<Self, Fault> {
        fs::create_dir_all(folder).map_err(|error| trouble(folder, &error))?;
        // The folder is locked meanwhile: between its making and its lock a draft looks like a dead one.
        let door = File::open(folder).and_then(|door| door.lock().map(|()| door));
        let _locked = door.map_err(|error| trouble(folder, &error))?;
        sweep(folder);
        let path = folder.join(format!("{BEGIN}{:016x}", env.random()));
        let held = fs::create_dir(&path).and_then(|()| locked(&path.join(HELD)));
        let held = held.map_err(|error| trouble(&path, &error))?;
        Ok(Self { path, _held: held })
    }

    /// Gives the folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // What stays is hidden, and the next one removes it.
        let _gone = fs::remove_dir_all(&self.path);
    }
}

fn locked(path: &Path) -> std::io::Result<File> {
    let file = File::create(path)?;
    file.lock()?;
    Ok(file)
}

/// Removes the drafts that nobody holds. What cannot be removed stays: it is in nobody's way.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_draft = entry.file_name().to_string_lossy().starts_with(BEGIN)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_draft && !is_held(&entry.path()) {
            let _gone = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_held(draft: &Path) -> bool {
    match File::open(draft.join(HELD)) {
        Ok(file) => file.try_lock().is_err(),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use fusion_core::run::Os;

    use super::Draft;

    #[test]
    fn removes_what_a_killed_pull_left_and_not_what_another_one_works_on() {
        let folder = tempfile::tempdir().unwrap();
        let (left, old) = (folder.path().join(".pull-1"), folder.path().join(".pull-2"));
        for dead in [&left, &old] {
            fs::create_dir(dead).unwrap();
            fs::write(dead.join("fetched"), "half").unwrap();
        }
        fs::write(left.join("held"), "").unwrap();
        let env = Os::new().unwrap();
        let one = Draft::new(folder.path(), &*env).unwrap();
        assert!(!left.exists() && !old.exists());
        let two = Draft::new(folder.path(), &*env).unwrap();
        assert!(one.path().exists() && two.path().exists());
        let paths = [one.path().to_owned(), two.path().to_owned()];
        drop((one, two));
        assert!(paths.iter().all(|path| !path.exists()));
    }
}
