//! Undoing a change that was not finished. It can be done again from any point, as a crash may hit it, too.

use std::io;

use cap_std::fs::Dir;
use fusion_core::error::{Code, Error, Result};

use super::super::tree;
use super::journal::{DONE, FOLDER, JOURNAL, Journal, Step, new_at, old_at};

/// The most bytes of a file that is looked at.
const ANY_BYTES: u64 = u64::MAX - 1;

/// Brings a project to rest after a crash: a change that was not finished is undone, one that was is tidied up. Gives the paths
/// that somebody changed after the crash and that were left alone; none when there was nothing to do.
pub(in super::super) fn recover(dir: &Dir) -> Result<Option<Vec<String>>> {
    let Some(about) = tree::look(dir, FOLDER)? else { return Ok(None) };
    if !about.is_dir() {
        let message = format!("{FOLDER} is no folder");
        return Err(Error::new(Code::InvalidInput, message)
            .hint("move it away: the name is kept for changes on their way"));
    }
    match Journal::read(dir)? {
        Some(journal) => undo(dir, &journal).map(Some),
        // Nothing was touched yet, or everything is done.
        None => clear(dir).map(|()| Some(Vec::new())).map_err(|error| tree::failed(FOLDER, error)),
    }
}

/// Undoes what was done of a journal. Gives the paths that are not what the change made of them, and that were left alone.
pub(super) fn undo(dir: &Dir, journal: &Journal) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for folder in journal.emptied.iter().rev() {
        make(dir, folder)?;
    }
    for (at, step) in journal.steps.iter().enumerate().rev() {
        if !one(dir, at, step)? {
            left.push(step.path.clone());
        }
    }
    for folder in journal.folders.iter().rev() {
        match dir.remove_dir(folder) {
            Err(error) if !is_others(&error) => return Err(tree::failed(folder, error)),
            _ => {}
        }
    }
    clear(dir).map_err(|error| tree::failed(FOLDER, error))?;
    Ok(left)
}

/// Undoes one step; false when what stands there is somebody else's.
fn one(dir: &Dir, at: usize, step: &Step) -> Result<bool> {
    let (kept, waiting) = (old_at(at), new_at(at));
    let is_kept = tree::look(dir, &kept)?.is_some();
    // Somebody put a link or a file where its folder was to be.
    if !is_kept && tree::look(dir, &step.path).is_err() {
        return Ok(false);
    }
    let is_done = step.after.is_some() && tree::look(dir, &waiting)?.is_none();
    let now = match tree::look(dir, &step.path)? {
        Some(about) if about.is_file() => {
            tree::read(dir, &step.path, ANY_BYTES)?.map(|bytes| tree::sum(&bytes))
        }
        Some(_) => Some(String::new()),
        None => None,
    };
    let is_ours = is_done && now.is_some() && now == step.after;
    if is_kept {
        let is_free = now.is_none() || is_ours;
        let to = if is_free { step.path.clone() } else { format!("{}.before-fusion", step.path) };
        dir.rename(&kept, dir, &to).map_err(|error| tree::failed(&step.path, error))?;
        return Ok(is_free);
    }
    if step.before.is_none() && is_done && now.is_some() {
        if !is_ours {
            return Ok(false);
        }
        dir.remove_file(&step.path).map_err(|error| tree::failed(&step.path, error))?;
    }
    Ok(true)
}

/// Whether a folder cannot be removed because it is gone, has something in it, or is none any more.
fn is_others(error: &io::Error) -> bool {
    let kinds =
        [io::ErrorKind::DirectoryNotEmpty, io::ErrorKind::NotADirectory, io::ErrorKind::NotFound];
    kinds.contains(&error.kind())
}

fn make(dir: &Dir, folder: &str) -> Result<()> {
    match dir.create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(tree::failed(folder, error))
        }
        _ => Ok(()),
    }
}

/// Removes the folder of a change that is over, the journal first: without it the rest means nothing.
pub(super) fn clear(dir: &Dir) -> io::Result<()> {
    for name in [JOURNAL, DONE] {
        match dir.remove_file(name) {
            Err(error) if !tree::is_absent(&error) => return Err(error),
            _ => {}
        }
    }
    match dir.remove_dir_all(FOLDER) {
        Err(error) if !tree::is_absent(&error) => Err(error),
        _ => Ok(()),
    }
}
