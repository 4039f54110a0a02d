//! Dialects by name: those that are built in, and those of folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::graph::nearest;
use fusion_core::model::chat::{Fault, FaultKind};

use super::dialect::Dialect;
use crate::files::files;

/// The largest description, in bytes.
const MOST: u64 = 256 * 1024;
/// The descriptions that come with the program, and the names in them.
const BUILT_IN: [(&str, &str); 6] = [
    ("claude", include_str!("dialects/claude.json")),
    ("codex", include_str!("dialects/codex.json")),
    ("gemini", include_str!("dialects/gemini.json")),
    ("qwen", include_str!("dialects/qwen.json")),
    ("copilot", include_str!("dialects/copilot.json")),
    ("opencode", include_str!("dialects/opencode.json")),
];

/// The command-line agents that may be named: `claude`, `codex`, `gemini`, `qwen`, `copilot`, `opencode`, those that a program
/// adds, and those described in folders. Of two of one name the first one counts: added, of folders of the user's, built in, of
/// folders of a project.
#[derive(Debug, Clone, Default)]
pub struct Dialects {
    added: Vec<Arc<Dialect>>,
    own: Vec<PathBuf>,
    projects: Vec<PathBuf>,
    /// Where workspaces are made.
    pub(crate) workspaces: Option<PathBuf>,
}

impl Dialects {
    /// Adds a dialect.
    #[must_use]
    pub fn with(mut self, dialect: Dialect) -> Self {
        self.added.push(Arc::new(dialect));
        self
    }

    /// Looks into a folder of the user's too: its descriptions may stand for those that are built in.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.own.push(folder.into());
        self
    }

    /// Looks into a folder of a project too: its descriptions only add names.
    #[must_use]
    pub fn project(mut self, folder: impl Into<PathBuf>) -> Self {
        self.projects.push(folder.into());
        self
    }

    /// Makes the workspaces of agents that are given none in this folder; without it where the system keeps what is temporary.
    #[must_use]
    pub fn workspaces(mut self, folder: impl Into<PathBuf>) -> Self {
        self.workspaces = Some(folder.into());
        self
    }

    /// Lists all, each name once; what is wrong with a description stands in its place.
    pub fn list(&self) -> Vec<Result<Arc<Dialect>, Fault>> {
        let mut all: Vec<Result<Arc<Dialect>, Fault>> = Vec::new();
        for one in self.every() {
            let known = |name: &str| {
                all.iter().any(|other| other.as_ref().is_ok_and(|other| other.name == name))
            };
            if one.as_ref().map_or(true, |one| !known(&one.name)) {
                all.push(one);
            }
        }
        all
    }

    /// Lists the names of all that can be read. What is built in is not read for it.
    pub fn names(&self) -> Vec<String> {
        let name = |one: Result<Arc<Dialect>, Fault>| one.ok().map(|one| one.name.clone());
        let mut all: Vec<String> = self.added.iter().map(|one| one.name.clone()).collect();
        all.extend(BUILT_IN.map(|(name, _)| name.to_owned()));
        all.extend(read_all(&self.own).chain(read_all(&self.projects)).filter_map(name));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// All of them, in the order in which they count; of one name the first one does.
    fn every(&self) -> impl Iterator<Item = Result<Arc<Dialect>, Fault>> {
        let built_in = BUILT_IN.iter().map(|(name, text)| {
            Dialect::read(text).map(Arc::new).map_err(|error| wrong(format!("{name}: {error}")))
        });
        let found = self.added.iter().cloned().map(Ok).chain(read_all(&self.own));
        found.chain(built_in).chain(read_all(&self.projects))
    }

    /// Finds the dialect of what stands behind `command:`, with the model: `NAME`, `NAME:MODEL`, or the line of a program, which
    /// has a blank or a slash in it.
    ///
    /// # Errors
    /// `invalid_request` when there is none, with the nearest one, or its description is wrong.
    pub fn find(&self, text: &str) -> Result<(Arc<Dialect>, String), Fault> {
        let text = text.trim();
        let (name, model) = text.split_once(':').unwrap_or((text, ""));
        if let Some(found) = self.every().flatten().find(|one| one.name == name) {
            return Ok((found, model.to_owned()));
        }
        if text.contains(|sign: char| sign == '/' || sign.is_whitespace()) {
            let made =
                Dialect::of_template(text).map_err(|error| wrong(format!("`{text}`: {error}")))?;
            return Ok((Arc::new(made), String::new()));
        }
        let all = self.list();
        let names = all.iter().flatten().map(|one| one.name.as_str());
        let hint = nearest::hint(name, names);
        let fault = wrong(format!("no command-line agent is called `{name}`: {hint}"));
        let broken: Vec<String> =
            all.iter().filter_map(|one| Some(one.as_ref().err()?.message().to_owned())).collect();
        Err(if broken.is_empty() { fault } else { fault.detail(broken.join("\n")) })
    }
}

impl Dialect {
    /// Tells whether its program is in the `PATH` of this process.
    pub fn is_installed(&self) -> bool {
        let program = Path::new(self.program());
        if program.components().count() > 1 {
            return program.is_file();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    }
}

fn read_all(folders: &[PathBuf]) -> impl Iterator<Item = Result<Arc<Dialect>, Fault>> {
    let is_described = |path: &Path| path.extension().is_some_and(|ending| ending == "json");
    folders.iter().flat_map(move |folder| files(folder, is_described)).map(|file| read(&file))
}

fn read(file: &Path) -> Result<Arc<Dialect>, Fault> {
    let wrong = |what: String| wrong(format!("{}: {what}", file.display()));
    let data = file.metadata().map_err(|error| wrong(error.to_string()))?;
    if !data.is_file() || data.len() > MOST {
        return Err(wrong(format!("it is no file of at most {MOST} bytes")));
    }
    let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    Dialect::read(&text).map(Arc::new).map_err(wrong)
}

fn wrong(message: String) -> Fault {
    Fault::new(FaultKind::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_has_the_names_that_are_said_of_it() {
        let all = Dialects::default();
        let mut read: Vec<String> =
            all.list().into_iter().map(|one| one.unwrap().name.clone()).collect();
        read.sort_unstable();
        assert_eq!(all.names(), read);
    }
}
