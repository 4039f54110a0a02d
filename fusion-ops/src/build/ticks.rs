//! The boxes of `tasks.md`, in step with what is done.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fusion_core::error::{Code, Error, Result};
use rustix::fs::{FlockOperation, flock};

use crate::spec::Folder;
use crate::tasks::{self, State, Task};

/// Tasks that end at the same moment set their boxes one after another; [`Turn`] does the same between processes.
static WRITING: Mutex<()> = Mutex::new(());
/// How often the file may be replaced while its turn is waited for.
const REPLACED: u32 = 1_000;

/// Gives the state of a task by its box; none when it is not there any more.
///
/// # Errors
/// `FU0201` when `tasks.md` cannot be read.
pub fn state(spec: &Path, id: &str) -> Result<Option<State>> {
    let text = text(spec)?;
    Ok(tasks::plan(&text).tasks.iter().find(|task| task.id == id).map(|task| task.state))
}

/// Gives the words of a task as they are now; none when it is not there any more.
pub(super) fn title(spec: &Path, id: &str) -> Result<Option<String>> {
    let text = text(spec)?;
    Ok(tasks::plan(&text).tasks.into_iter().find(|task| task.id == id).map(|task| task.title))
}

/// Sets the box of a task, and touches nothing else. The file is replaced whole, so that a reader sees the old text or the new one.
/// Tells whether something changed.
///
/// # Errors
/// `FU0201` when `tasks.md` cannot be read or written.
pub fn set(spec: &Path, id: &str, wanted: State) -> Result<bool> {
    change(spec, &|task| (task.id == id).then_some(wanted)).map(|changed| !changed.is_empty())
}

/// Sets boxes, all or none, and gives the ids of those that it has changed.
pub(super) fn change(spec: &Path, wanted: &dyn Fn(&Task) -> Option<State>) -> Result<Vec<String>> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let _turn = Turn::take(&spec.join("tasks.md"));
    let text = text(spec)?;
    let plan = tasks::plan(&text);
    let other = |task: &&Task| wanted(task).is_some_and(|state| state != task.state);
    let changed: Vec<String> =
        plan.tasks.iter().filter(other).map(|task| task.id.clone()).collect();
    let find = |id: &str| plan.tasks.iter().find(|task| task.id == id);
    let made = tasks::tick(&text, &plan, &|id| find(id).and_then(wanted));
    if made == text {
        return Ok(Vec::new());
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
    Ok(changed)
}

/// Gives the tasks whose boxes are ticked.
pub(super) fn ticked(spec: &Path) -> Result<BTreeSet<String>> {
    let plan = tasks::plan(&text(spec)?);
    let done = plan.tasks.into_iter().filter(|task| task.state == State::Done);
    Ok(done.map(|task| task.id).collect())
}

/// The turn of a process to replace the file: without it, of two that read, change and replace it at once, the later one takes the
/// earlier one's tick away. Ends when it is dropped.
#[derive(Debug)]
struct Turn(Option<File>);

impl Turn {
    /// Waits for the turn. The lock is on the file itself, which its holder replaces: who gets the lock of one that was replaced
    /// meanwhile waits for the next. A file system without such locks gives none.
    fn take(path: &Path) -> Self {
        for _ in 0..REPLACED {
            let Ok(file) = File::open(path) else { return Self(None) };
            if flock(&file, FlockOperation::LockExclusive).is_err() {
                return Self(None);
            }
            let (held, now) = (file.metadata(), std::fs::metadata(path));
            match (held, now) {
                (Ok(held), Ok(now)) if (held.dev(), held.ino()) != (now.dev(), now.ino()) => {}
                _ => return Self(Some(file)),
            }
        }
        Self(None)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Closing it would not be enough: a program that another thread is starting just now has it open, too.
        if let Some(file) = &self.0 {
            let _ = flock(file, FlockOperation::Unlock);
        }
    }
}

fn text(spec: &Path) -> Result<String> {
    let folder = Folder::open(&spec.join("tasks.md"))?;
    folder.tasks().map(str::to_owned)
}
