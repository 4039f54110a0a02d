//! Doing what was planned: everything, or nothing.

use std::collections::BTreeSet;
use std::io;

use cap_std::fs::Dir;
use fusion_core::error::{Code, Error, Result};
use rustix::fs::RenameFlags;
use rustix::io::Errno;

use super::super::name::Shown;
use super::super::{Project, tree};
use super::journal::{DONE, FOLDER, JOURNAL, Journal, Step, new_at, old_at};
use super::plan::{Change, Plan};
use super::undo::{clear, undo};

/// Hears what is done next; an error stops the change, and all that was done is undone.
pub(super) type Watch<'a> = dyn FnMut(&str) -> Result<()> + 'a;

impl Project {
    /// Does what was planned: everything, or nothing. A journal on the disk says what is on its way; after a crash the next
    /// [`Project::open`] undoes it.
    ///
    /// # Errors
    /// `FU0309` when a file is not any more what it was when it was planned; `FU0201` when the file system refuses. Everything is
    /// as it was then.
    pub fn apply(&self, plan: &Plan) -> Result<()> {
        self.apply_watched(plan, &mut |_| Ok(()))
    }

    /// Does what was planned, and says before each single operation on the file system what it is. When `watch` gives an error,
    /// nothing more is done, and what was done is undone.
    ///
    /// # Errors
    /// As [`Project::apply`], and the error of `watch`.
    pub fn apply_watched(
        &self,
        plan: &Plan,
        watch: &mut dyn FnMut(&str) -> Result<()>,
    ) -> Result<()> {
        if plan.is_empty() {
            return Ok(());
        }
        let dir = self.dir();
        let journal = journal(plan);
        let done = stage(dir, plan, &journal, watch).and_then(|()| carry_out(dir, &journal, watch));
        match done {
            Ok(()) => clear(dir).map_err(|error| tree::failed(FOLDER, error)),
            Err(error) => match undo(dir, &journal) {
                Ok(_) => Err(error),
                Err(other) => {
                    let message = format!(
                        "{}; and what was done could not be undone: {}",
                        error.message(),
                        other.message()
                    );
                    Err(Error::new(error.code(), message).hint(
                        "mend that; the next `fusion components` command tries to undo it again",
                    ))
                }
            },
        }
    }
}

fn journal(plan: &Plan) -> Journal {
    let step = |change: &Change| Step {
        path: change.path.clone(),
        before: change.before.clone(),
        after: change.after.as_ref().map(|(bytes, _)| tree::sum(bytes)),
    };
    let steps = plan.changes.iter().map(step).collect();
    Journal::new(plan.folders.clone(), steps, plan.emptied.clone())
}

/// Puts all new contents and the journal on the disk, beside the project's files.
fn stage(dir: &Dir, plan: &Plan, journal: &Journal, watch: &mut Watch<'_>) -> Result<()> {
    watch("begin")?;
    dir.create_dir(FOLDER).map_err(|error| tree::failed(FOLDER, error))?;
    for (at, change) in plan.changes.iter().enumerate() {
        if let Some((bytes, mode)) = &change.after {
            watch(&format!("write the new {}", change.path))?;
            let path = new_at(at);
            tree::write_new(dir, &path, bytes, *mode)
                .map_err(|error| tree::failed(&path, error))?;
        }
    }
    watch("write the journal")?;
    journal
        .write(dir)
        .and_then(|()| tree::sync(dir, ""))
        .map_err(|error| tree::failed(JOURNAL, error))
}

/// Moves everything into its place, and makes that final.
fn carry_out(dir: &Dir, journal: &Journal, watch: &mut Watch<'_>) -> Result<()> {
    for folder in &journal.folders {
        watch(&format!("make the folder {folder}"))?;
        match dir.create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(tree::failed(folder, error));
            }
            _ => {}
        }
    }
    for (at, step) in journal.steps.iter().enumerate() {
        one(dir, at, step, watch)?;
    }
    for folder in &journal.emptied {
        watch(&format!("remove the folder {folder}"))?;
        match dir.remove_dir(folder) {
            Err(error)
                if error.kind() != io::ErrorKind::DirectoryNotEmpty && !tree::is_absent(&error) =>
            {
                return Err(tree::failed(folder, error));
            }
            _ => {}
        }
    }
    watch("wait for the disk")?;
    let all = journal
        .steps
        .iter()
        .map(|step| step.path.as_str())
        .chain(journal.folders.iter().map(String::as_str));
    let folders: BTreeSet<&str> = all.map(tree::parent).collect();
    for folder in folders {
        match tree::sync(dir, folder) {
            Err(error) if !tree::is_absent(&error) => return Err(tree::failed(folder, error)),
            _ => {}
        }
    }
    watch("finish")?;
    let finish = || dir.rename(JOURNAL, dir, DONE).and_then(|()| tree::sync(dir, FOLDER));
    finish().map_err(|error| tree::failed(DONE, error))
}

fn one(dir: &Dir, at: usize, step: &Step, watch: &mut Watch<'_>) -> Result<()> {
    let changed = || {
        let message = format!("{} was changed in between", Shown(&step.path));
        Error::new(Code::Conflict, message).hint("everything is as it was; try again")
    };
    // Nothing was a link when it was planned, and nothing may be one now.
    let about = tree::look(dir, &step.path)?;
    if about.is_some() != step.before.is_some() {
        return Err(changed());
    }
    if let Some(before) = &step.before {
        watch(&format!("move the old {} away", step.path))?;
        let kept = old_at(at);
        dir.rename(&step.path, dir, &kept).map_err(|error| tree::failed(&step.path, error))?;
        let bytes = tree::read(dir, &kept, u64::MAX - 1)?.unwrap_or_default();
        if tree::sum(&bytes) != *before {
            return Err(changed());
        }
    }
    if step.after.is_some() {
        watch(&format!("move the new {} to its place", step.path))?;
        move_new(dir, at, &step.path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => changed(),
            _ => tree::failed(&step.path, error),
        })?;
    }
    Ok(())
}

/// Moves a new file to its place, where nothing may be.
fn move_new(dir: &Dir, at: usize, path: &str) -> io::Result<()> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let into = if folder.is_empty() { dir.try_clone()? } else { dir.open_dir(folder)? };
    let from = new_at(at);
    let staged = dir.open_dir(FOLDER)?;
    let own = from.rsplit('/').next().unwrap_or_default();
    match rustix::fs::renameat_with(&staged, own, &into, name, RenameFlags::NOREPLACE) {
        // Some file systems cannot promise that; it was looked at a moment ago.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => dir.rename(&from, &into, name),
        other => other.map_err(io::Error::from),
    }
}
