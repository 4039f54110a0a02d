//! Files of components: made, replaced, removed, or kept because somebody else has changed them.

use std::collections::BTreeSet;

use fusion_core::error::Result;

use super::super::lock::{LockedFile, Whose};
use super::super::package::FILE_BYTES;
use super::super::want::{Want, boxes_of, has_tasks, sum_of};
use super::super::{project, tree};
use super::plan::{Action, Change, Conflict, Planner};

/// What stands at a path.
struct Now {
    bytes: Vec<u8>,
    mode: u32,
    sum: String,
}

impl Planner<'_> {
    /// Plans every file that is wanted or was.
    pub(super) fn files(&mut self) -> Result<()> {
        let mut paths: BTreeSet<String> = self.old.files.keys().cloned().collect();
        paths.extend(self.wants.files.keys().cloned());
        for path in paths {
            let old = self.old.files.get(&path).cloned();
            match (old, self.wants.files.get(&path).cloned()) {
                (old, Some(want)) => self.put(&path, old, &want)?,
                (Some(old), None) => self.take(&path, old)?,
                (None, None) => {}
            }
        }
        Ok(())
    }

    fn now(&self, path: &str) -> Result<Option<Now>> {
        let Some(about) = tree::look(self.dir, path)? else { return Ok(None) };
        // What a component did not write may be larger; then it is somebody's own.
        let bytes = tree::read(self.dir, path, FILE_BYTES * 64)?.unwrap_or_default();
        Ok(Some(Now { sum: tree::sum(&bytes), mode: tree::mode(&about), bytes }))
    }

    /// A file that is wanted.
    fn put(&mut self, path: &str, old: Option<LockedFile>, want: &Want) -> Result<()> {
        let hash = sum_of(path, &want.bytes);
        let was = old.as_ref().and_then(|old| old.was.clone());
        let entry = |whose, was| LockedFile { of: want.of.clone(), hash: hash.clone(), whose, was };
        let Some(now) = self.now(path)? else {
            self.change(
                Action::Create,
                (path, &want.of),
                None,
                Some((want.bytes.clone(), want.mode)),
            );
            self.lock.files.insert(path.to_owned(), entry(Whose::Ours, was));
            return Ok(());
        };
        let here = sum_of(path, &now.bytes);
        let is_ours = old.as_ref().is_some_and(|old| old.whose == Whose::Ours);
        let locked = if here == hash {
            let whose = old.map_or(Whose::Same, |old| {
                if old.whose == Whose::Yours { Whose::Same } else { old.whose }
            });
            entry(whose, was)
        } else if old.as_ref().is_some_and(|old| old.whose != Whose::Yours && old.hash == here)
            && is_ours
        {
            self.replace(path, want, now);
            entry(Whose::Ours, was)
        } else if self.overwrite {
            let was = if is_ours { was } else { Some(self.keep(&want.of, &now)?) };
            self.replace(path, want, now);
            entry(Whose::Ours, was)
        } else if let Some(old) = old {
            // Edited here. While the component says the same as before, there is nothing to decide.
            if old.hash != hash {
                self.conflict(
                    path,
                    &want.of,
                    "it was edited here and is kept; `--overwrite` takes the component's new text",
                );
            }
            LockedFile { of: want.of.clone(), ..old }
        } else {
            self.conflict(path, &want.of, "it was there before and is kept; `--overwrite` replaces it and gives it back on removal");
            entry(Whose::Yours, None)
        };
        self.lock.files.insert(path.to_owned(), locked);
        Ok(())
    }

    fn replace(&mut self, path: &str, want: &Want, now: Now) {
        let mut bytes = want.bytes.clone();
        if has_tasks(path)
            && let (Ok(new), Ok(old)) =
                (std::str::from_utf8(&bytes), std::str::from_utf8(&now.bytes))
        {
            bytes = boxes_of(new, old).into_bytes();
        }
        if bytes != now.bytes {
            self.change(Action::Update, (path, &want.of), Some(now.sum), Some((bytes, now.mode)));
        }
    }

    /// Keeps what is about to be replaced, and gives its hash.
    fn keep(&mut self, of: &str, now: &Now) -> Result<String> {
        if tree::look(self.dir, project::FOLDER)?.is_none()
            && !self.changes.iter().any(|change| change.path == project::IGNORE)
        {
            self.change(
                Action::Create,
                (project::IGNORE, of),
                None,
                Some((b"*\n".to_vec(), 0o644)),
            );
        }
        let kept = kept_at(&now.sum);
        let is_planned = self.changes.iter().any(|change| change.path == kept);
        if !is_planned && self.now(&kept)?.is_none_or(|old| old.sum != now.sum) {
            // Its mode comes back with it.
            self.change(Action::Create, (&kept, of), None, Some((now.bytes.clone(), now.mode)));
        }
        Ok(now.sum.clone())
    }

    /// A file that is wanted no longer.
    fn take(&mut self, path: &str, old: LockedFile) -> Result<()> {
        if old.whose != Whose::Ours {
            return Ok(());
        }
        let Some(now) = self.now(path)? else { return Ok(()) };
        if sum_of(path, &now.bytes) != old.hash {
            self.conflict(
                path,
                &old.of,
                "it was edited here and is kept; remove it by hand if nobody needs it",
            );
            return Ok(());
        }
        let Some(was) = old.was else {
            self.change(Action::Remove, (path, &old.of), Some(now.sum), None);
            return Ok(());
        };
        let kept = kept_at(&was);
        let Some(before) = self.now(&kept)?.filter(|kept| kept.sum == was) else {
            let why =
                format!("what stood there before is not in {kept} any more: it is kept as it is");
            self.conflict(path, &old.of, &why);
            return Ok(());
        };
        let after = Some((before.bytes, before.mode));
        self.change(Action::Restore, (path, &old.of), Some(now.sum), after);
        let needed = |(other, file): (&String, &LockedFile)| {
            other != path && file.was.as_ref() == Some(&was)
        };
        if !self.old.files.iter().any(needed) {
            self.change(Action::Remove, (&kept, &old.of), Some(was), None);
        }
        Ok(())
    }

    pub(super) fn change(
        &mut self,
        action: Action,
        (path, of): (&str, &str),
        before: Option<String>,
        after: Option<(Vec<u8>, u32)>,
    ) {
        let (path, component) = (path.to_owned(), of.to_owned());
        self.changes.push(Change { action, path, component, before, after });
    }

    pub(super) fn conflict(&mut self, path: &str, of: &str, why: &str) {
        let (path, component, why) = (path.to_owned(), of.to_owned(), why.to_owned());
        self.conflicts.push(Conflict { path, component, why });
    }

    /// Plans the folders: those that have to be made, the highest first, and those of ours that nothing is left in, the
    /// deepest first.
    pub(super) fn folders(&mut self) -> Result<(Vec<String>, Vec<String>)> {
        let mut made = BTreeSet::new();
        for change in self.changes.iter().filter(|change| change.after.is_some()) {
            for folder in tree::parents(&change.path) {
                if tree::look(self.dir, folder)?.is_none() {
                    made.insert(folder.to_owned());
                }
            }
        }
        let mut gone: BTreeSet<String> = self
            .changes
            .iter()
            .filter(|change| change.after.is_none())
            .map(|change| change.path.clone())
            .collect();
        let added: Vec<&str> = self
            .changes
            .iter()
            .filter(|change| change.after.is_some())
            .map(|change| change.path.as_str())
            .collect();
        let mut emptied = Vec::new();
        self.lock.folders = self.old.folders.clone();
        for folder in self.old.folders.iter().rev() {
            let inside = format!("{folder}/");
            if added.iter().any(|path| path.starts_with(&inside)) {
                continue;
            }
            let is_dir = tree::look(self.dir, folder)?.is_some_and(|about| about.is_dir());
            let mut names = Vec::new();
            if is_dir {
                let entries =
                    self.dir.read_dir(folder).map_err(|error| tree::failed(folder, error))?;
                for entry in entries {
                    let entry = entry.map_err(|error| tree::failed(folder, error))?;
                    names.push(entry.file_name().to_string_lossy().into_owned());
                }
                if !names.iter().all(|name| gone.contains(&format!("{inside}{name}"))) {
                    continue;
                }
                // A folder that was empty all along is somebody's by now.
                if !names.is_empty() {
                    emptied.push(folder.clone());
                    gone.insert(folder.clone());
                }
            }
            self.lock.folders.remove(folder);
        }
        self.lock
            .folders
            .extend(made.iter().filter(|folder| !folder.starts_with(project::FOLDER)).cloned());
        Ok((made.into_iter().collect(), emptied))
    }
}

fn kept_at(sum: &str) -> String {
    format!("{}/replaced/{sum}", project::FOLDER)
}
