//! What a project should hold: every file and every line of the chosen components.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::resolve::Resolution;

use super::manifest::{Manifest, fits};
use super::package::{Component, hash};
use super::template::{Values, fill};
use super::{Registry, tree};
use crate::tasks::{State, plan, tick};

/// A file that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Want {
    pub(super) of: String,
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
}

/// All that should be there.
#[derive(Debug, Default)]
pub(super) struct Wants {
    pub(super) files: BTreeMap<String, Want>,
    /// For each shared file the lines of each component.
    pub(super) shared: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) hashes: BTreeMap<String, String>,
}

/// Collects what the chosen components bring. `plans` says for each component which folder's `tasks.md` gets its tasks.
pub(super) fn wants(
    registry: &Registry,
    found: &Resolution,
    values: &Values,
    plans: &BTreeMap<String, String>,
) -> Result<Wants> {
    let mut wants = Wants::default();
    for name in &found.order {
        let Some(component) = found.picks.get(name).and_then(|version| registry.get(name, version))
        else {
            return Err(Error::new(
                Code::Internal,
                format!("`{name}` was chosen and is not there"),
            ));
        };
        wants.hashes.insert(name.clone(), hash(component.as_ref())?);
        let plan = plans.get(name).map(String::as_str);
        Bringing { wants: &mut wants, component, values }.all(plan)?;
    }
    Ok(wants)
}

/// One component on its way into the wants.
struct Bringing<'a> {
    wants: &'a mut Wants,
    component: &'a Arc<dyn Component>,
    values: &'a Values,
}

impl Bringing<'_> {
    fn all(&mut self, plan: Option<&str>) -> Result<()> {
        let component = self.component.clone();
        let manifest = component.manifest();
        let stack = &self.values.stack;
        for file in manifest.files.iter().filter(|file| fits(&file.when, stack)) {
            let bytes = component.file(&file.from)?.into_owned();
            self.file(&file.to, bytes, file.executable)?;
        }
        for file in manifest.templates.iter().filter(|file| fits(&file.when, stack)) {
            let text = self.filled(manifest, &file.from)?;
            self.file(&file.to, text.into_bytes(), file.executable)?;
        }
        for block in manifest.blocks.iter().filter(|block| fits(&block.when, stack)) {
            let text = self.filled(manifest, &block.from)?;
            self.lines(&block.into, &text)?;
        }
        let mut tasks = String::new();
        for spec in &manifest.specs {
            let folder = manifest.folder_of(&spec.name);
            let text = self.filled(manifest, &format!("specs/{}/spec.md", spec.name))?;
            self.file(&format!("{folder}/spec.md"), text.into_bytes(), false)?;
            let text = self.filled(manifest, &format!("specs/{}/tasks.md", spec.name))?;
            if plan.is_some() {
                tasks.push_str(&phases(&text, &manifest.name, &spec.name));
            } else {
                self.file(&format!("{folder}/tasks.md"), text.into_bytes(), false)?;
            }
        }
        match plan.filter(|_| !tasks.is_empty()) {
            Some(plan) => self.lines(&format!("{plan}/tasks.md"), &tasks),
            None => Ok(()),
        }
    }

    fn filled(&self, manifest: &Manifest, path: &str) -> Result<String> {
        let mut text = fill(manifest, path, &self.component.file(path)?, self.values)?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    }

    fn file(&mut self, to: &str, bytes: Vec<u8>, executable: bool) -> Result<()> {
        let of = self.component.manifest().name.clone();
        self.free(to, &of, false)?;
        let mode = if executable { 0o755 } else { 0o644 };
        self.wants.files.insert(to.to_owned(), Want { of, bytes, mode });
        Ok(())
    }

    fn lines(&mut self, into: &str, text: &str) -> Result<()> {
        let of = self.component.manifest().name.clone();
        self.free(into, &of, true)?;
        self.wants.shared.entry(into.to_owned()).or_default().insert(of, text.to_owned());
        Ok(())
    }

    /// Refuses a path that another component has, whatever the case of its letters.
    fn free(&self, path: &str, of: &str, shares: bool) -> Result<()> {
        let lower = path.to_lowercase();
        let file = self.wants.files.iter().find(|(other, _)| other.to_lowercase() == lower);
        let lines = self.wants.shared.iter().find(|(other, _)| {
            if shares {
                other.as_str() != path && other.to_lowercase() == lower
            } else {
                other.to_lowercase() == lower
            }
        });
        let other = file.map(|(_, want)| want.of.clone());
        let other = other.or_else(|| lines.and_then(|(_, owners)| owners.keys().next().cloned()));
        let Some(other) = other else { return Ok(()) };
        let message = format!("`{other}` and `{of}` both write {path}");
        Err(Error::new(Code::Unsolvable, message).hint(
            "they do not fit together; their makers should put lines into a shared file (`blocks`)",
        ))
    }
}

/// The phases of a `tasks.md` as they are put into another one: without its title, headings with the component's name.
fn phases(text: &str, component: &str, spec: &str) -> String {
    let mut made = String::new();
    for line in text.lines().skip_while(|line| !line.starts_with("## ")) {
        if let Some(heading) = line.strip_prefix("## ") {
            // Numbers of phases are those of the file that they are put into.
            let heading = heading.rsplit_once(": ").map_or(heading, |(_, name)| name);
            // Writing to a string cannot fail.
            let _ = write!(made, "## {component}/{spec}: {heading}");
        } else {
            made.push_str(line);
        }
        made.push('\n');
    }
    if !made.ends_with("\n\n") {
        made.push('\n');
    }
    made
}

/// Whether a file holds tasks: there a box that was ticked is no edit.
pub(super) fn has_tasks(path: &str) -> bool {
    path == "tasks.md" || path.ends_with("/tasks.md")
}

/// The hash by which the content of a path is compared.
pub(super) fn sum_of(path: &str, bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if has_tasks(path) => tree::sum(empty_boxes(text).as_bytes()),
        _ => tree::sum(bytes),
    }
}

/// A text of tasks with every box empty.
pub(super) fn empty_boxes(text: &str) -> String {
    tick(text, &plan(text), &|_| Some(State::Open))
}

/// A text of tasks with the boxes as they were in another one.
pub(super) fn boxes_of(text: &str, old: &str) -> String {
    let before = plan(old);
    let state = |id: &str| before.tasks.iter().find(|task| task.id == id).map(|task| task.state);
    tick(text, &plan(text), &state)
}
