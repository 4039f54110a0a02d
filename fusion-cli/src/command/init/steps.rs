//! What is made of a project, a step each. Every step looks at what is there and adds what is missing, so that all of them can be
//! done again after any of them was cut off.

use std::collections::BTreeMap;

use fusion_core::error::Result;
use fusion_core::graph::resolve::Range;
use fusion_ops::analyze::Analyzer;
use fusion_ops::build::Said;
use fusion_ops::component::{Goal, Options, Project, Registry, Wish, resolve};
use fusion_ops::mode::{FILE, Mode, ProjectFile, Set};
use fusion_ops::spec::{self, Folder};
use fusion_ops::tasks;

use crate::args::Changing;
use crate::command::components::{Done, change};

/// The file with the checks and gates of a build.
const SETTINGS: &str = "build.yaml";
/// What stands in a new one: all of it is what the mode asks for, so that it moves with the mode.
const FIRST: &str = "# Checks and gates of this specification: docs/build.md of Fusion says what may stand here. What it does not\n\
                     # say is what the project's mode asks for (docs/modes.md).\nbuild: 1\n";
/// The plan as a workflow.
const WORKFLOW: &str = "workflow.yaml";

/// What came of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    Made,
    Changed,
    Same,
    /// It is somebody's own.
    Kept,
}

/// Writes down the mode, and where the specification is.
pub(super) fn file(project: &Project, mode: Mode, spec: &str) -> Result<Came> {
    let Some(before) = project.read(FILE)? else {
        project.put(FILE, ProjectFile::text(mode, spec)?.as_bytes())?;
        return Ok(Came::Made);
    };
    let text = String::from_utf8_lossy(&before);
    let after = ProjectFile::moved(&text, FILE, mode, spec)?;
    if after.as_bytes() == before {
        return Ok(Came::Same);
    }
    project.swap(FILE, &before, after.as_bytes())?;
    Ok(Came::Changed)
}

/// Makes tasks of the requirements where nobody has written any, as `fusion spec plan` does.
pub(super) fn tasks(project: &Project, folder: &Folder, inner: &str) -> Result<Came> {
    let own = folder.text("tasks.md");
    let is_written = own.is_some_and(|text| !spec::is_unfilled(text));
    let read = folder.text("spec.md").map(spec::read).unwrap_or_default();
    // What components bring stands beside their own specifications until there is something to do here.
    if is_written || has_tasks(folder) || tasks::derive(&read, &[]).is_none() {
        return Ok(Came::Same);
    }
    let Some(text) = tasks::derive(&read, &spec::components(&folder.path)) else {
        return Ok(Came::Same);
    };
    let path = format!("{inner}/tasks.md");
    if let Some(before) = project.read(&path)? {
        project.swap(&path, &before, text.as_bytes())?;
        return Ok(Came::Changed);
    }
    project.put(&path, text.as_bytes())?;
    Ok(Came::Made)
}

/// Whether there is something to do, or will be when tasks are made of the requirements.
pub(super) fn will_have_tasks(folder: &Folder) -> bool {
    let read = folder.text("spec.md").map(spec::read).unwrap_or_default();
    let is_written = folder.text("tasks.md").is_some_and(|text| !spec::is_unfilled(text));
    has_tasks(folder) || (!is_written && tasks::derive(&read, &[]).is_some())
}

/// Whether there is something to do.
pub(super) fn has_tasks(folder: &Folder) -> bool {
    folder.text("tasks.md").is_some_and(|text| !tasks::plan(text).tasks.is_empty())
}

/// The components of a mode.
pub(super) struct Wanted {
    /// Their names, those that somebody can give.
    pub names: Vec<String>,
    /// Those that the specification requires, and that no registry has.
    pub unknown: Vec<String>,
    stack: Vec<String>,
}

/// Says which components a set stands for with this specification.
///
/// # Errors
/// `FU0205` for a component that a project names, and that is not there.
pub(super) fn wanted(set: &Set, folder: Option<&Folder>, registry: &Registry) -> Result<Wanted> {
    let analysis = folder.map(|folder| Analyzer::new().analyze(&folder.without_components()));
    let required: Vec<&str> =
        analysis.iter().flat_map(|analysis| &analysis.components).map(|one| one.id).collect();
    let mut wanted = Wanted { names: Vec::new(), unknown: Vec::new(), stack: Vec::new() };
    for name in set.components(&required) {
        match registry.find(name) {
            Ok(_) => wanted.names.push(name.to_owned()),
            Err(_) if required.contains(&name) => wanted.unknown.push(name.to_owned()),
            Err(error) => return Err(error),
        }
    }
    if let Some(found) = analysis.map(|analysis| analysis.stack) {
        for words in [&found.languages, &found.frameworks, &found.database, &found.infrastructure] {
            wanted.stack.extend(words.iter().map(ToString::to_string));
        }
    }
    Ok(wanted)
}

impl Wanted {
    fn goal(&self) -> BTreeMap<String, Range> {
        self.names.iter().map(|name| (name.clone(), Range::any())).collect()
    }

    /// Adds those that are not there. Their tasks go to those of the specification, where it has some.
    pub(super) async fn add(
        self,
        project: &Project,
        registry: &Registry,
        plan: Option<String>,
    ) -> Result<Option<Done>> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let goal = Goal::Add(self.goal());
        let options = Options { stack: self.stack, plan, ..Options::default() };
        change(project, registry, &goal, options, &Changing::default()).await.map(Some)
    }

    /// Says which would come, with what they need.
    pub(super) fn missing(
        &self,
        project: Option<&Project>,
        registry: &Registry,
    ) -> Result<Vec<String>> {
        let lock = project.map(Project::lock).transpose()?.unwrap_or_default();
        let mut wish = Wish { asked: self.goal(), stack: self.stack.clone(), ..Wish::default() };
        let known = lock.components.iter();
        wish.locked.extend(known.map(|(name, one)| (name.clone(), one.version.clone())));
        let found = resolve(registry, &wish)?;
        Ok(found.order.into_iter().filter(|name| !lock.components.contains_key(name)).collect())
    }
}

/// Writes the plan as a workflow file, unless somebody's own stands there.
pub(super) fn workflow(project: &Project, folder: &Folder, inner: &str) -> Result<Option<Came>> {
    let path = format!("{inner}/{WORKFLOW}");
    let Some(text) = folder.text("tasks.md") else { return Ok(None) };
    let read = folder.text("spec.md").map(spec::read).unwrap_or_default();
    let name = inner.rsplit('/').next().unwrap_or(inner);
    let texts = Said::new(&read, spec::component_texts(&folder.path)).texts;
    let made = tasks::workflow(&tasks::plan(text), name, &texts);
    let before = project.read(&path)?;
    Ok(match (made, before) {
        (None, before) => before.map(|_| Came::Same),
        (Some(text), None) => {
            project.put(&path, text.as_bytes())?;
            Some(Came::Made)
        }
        (Some(text), Some(before)) if text.as_bytes() == before => Some(Came::Same),
        (Some(_), Some(before)) if !before.starts_with(tasks::HEADER.as_bytes()) => {
            Some(Came::Kept)
        }
        (Some(text), Some(before)) => {
            project.swap(&path, &before, text.as_bytes())?;
            Some(Came::Changed)
        }
    })
}

/// Makes a `build.yaml` where there is none.
pub(super) fn settings(project: &Project, inner: &str) -> Result<Came> {
    let made = project.put(&format!("{inner}/{SETTINGS}"), FIRST.as_bytes())?;
    Ok(if made { Came::Made } else { Came::Same })
}
