//! The boxes of `tasks.md`, in step with what is done.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fusion_core::error::{Code, Error, Result};

use crate::spec::Folder;
use crate::tasks::{self, State};

/// Tasks that end at the same moment set their boxes one after another.
static WRITING: Mutex<()> = Mutex::new(());

/// Gives the state of a task by its box; none when it is not there any more.
///
/// # Errors
/// `FU0201` when `tasks.md` cannot be read.
pub fn state(spec: &Path, id: &str) -> Result<Option<State>> {
    let text = text(spec)?;
    Ok(tasks::plan(&text).tasks.iter().find(|task| task.id == id).map(|task| task.state))
}

/// Sets the box of a task, and touches nothing else. The file is replaced whole, so that a reader sees the old text or the new one.
/// Tells whether something changed.
///
/// # Errors
/// `FU0201` when `tasks.md` cannot be read or written.
pub fn set(spec: &Path, id: &str, wanted: State) -> Result<bool> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let text = text(spec)?;
    let made = tasks::tick(&text, &tasks::plan(&text), &|other| (other == id).then_some(wanted));
    if made == text {
        return Ok(false);
    }
    let path = spec.join("tasks.md");
    let beside = spec.join(format!(".tasks.md.{}", std::process::id()));
    let unwritable = |why: std::io::Error| {
        Error::new(Code::FileUnreadable, format!("{} cannot be written", path.display()))
            .because(why)
    };
    let write = || {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(made.as_bytes())?;
        file.sync_all()?;
        let rights = std::fs::metadata(&path)?.permissions();
        std::fs::set_permissions(&beside, rights)?;
        // Through a link to where the file is.
        std::fs::rename(&beside, path.canonicalize()?)
    };
    write().map_err(unwritable)?;
    Ok(true)
}

fn text(spec: &Path) -> Result<String> {
    let folder = Folder::open(&spec.join("tasks.md"))?;
    folder.tasks().map(str::to_owned)
}
