//! What a specification requires, added.

use std::collections::BTreeMap;
use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::resolve::Range;
use fusion_ops::analyze::{Analysis, Analyzer};
use fusion_ops::component::{Goal, Options, Registry};
use fusion_ops::spec::Folder;
use serde_json::{Value, json};

use super::change::{Done, change};
use super::place;
use crate::args::Changing;
use crate::render::Out;

/// What a specification requires, and what was done about it.
#[derive(Debug)]
pub(in crate::command) struct Required {
    pub(in crate::command) analysis: Analysis,
    done: Done,
    /// The components that are required and that no registry has.
    unknown: Vec<&'static str>,
}

/// Adds what a specification requires, and tells it.
pub(super) async fn required(how: &Changing, registry: &Registry, out: &Out) -> Result<u8> {
    let spec = how.spec.as_deref().ok_or_else(|| {
        Error::new(Code::InvalidInput, "no specification is named")
            .hint("name it with `--spec DIR`")
    })?;
    let required = install(spec, how, registry, out).await?;
    if out.json {
        Out::value(&required.json());
        return Ok(0);
    }
    let ids: Vec<&str> = required.analysis.components.iter().map(|one| one.id).collect();
    out.say(&format!(
        "required: {}",
        if ids.is_empty() { "nothing".to_owned() } else { ids.join(", ") }
    ));
    required.lines(out);
    Ok(0)
}

/// Analyses a specification, and adds what it requires. What components put into its files does not count as its words, so that
/// doing it again changes nothing.
pub(in crate::command) async fn install(
    spec: &Path,
    how: &Changing,
    registry: &Registry,
    out: &Out,
) -> Result<Required> {
    let folder = Folder::open(spec)?;
    let analysis = Analyzer::new().analyze(&folder.without_components());
    let (root, inner) = place::of_spec(&folder)?;
    let project = place::open_at(&root, out)?;
    let (mut names, mut unknown) = (BTreeMap::new(), Vec::new());
    for component in &analysis.components {
        if registry.find(component.id).is_ok() {
            names.insert(component.id.to_owned(), Range::any());
        } else {
            unknown.push(component.id);
        }
    }
    let mut stack = how.stack.clone();
    let found = &analysis.stack;
    for words in [&found.languages, &found.frameworks, &found.database, &found.infrastructure] {
        stack.extend(words.iter().map(ToString::to_string));
    }
    let options = Options { stack, plan: Some(inner), ..Options::default() };
    let done = change(&project, registry, &Goal::Add(names), options, how).await?;
    Ok(Required { analysis, done, unknown })
}

impl Required {
    /// Gives the analysis, in which each component has its state, and what was changed.
    pub(in crate::command) fn json(&self) -> Value {
        let mut told = json!(self.analysis);
        for component in
            told.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten()
        {
            let id = component.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(component) = component.as_object_mut() {
                component.insert("state".to_owned(), self.state(&id).into());
            }
        }
        if let Some(told) = told.as_object_mut() {
            told.insert("install".to_owned(), self.done.json());
        }
        told
    }

    /// What became of a component.
    fn state(&self, id: &str) -> &'static str {
        if self.unknown.contains(&id) {
            "unknown"
        } else if !self.done.plan.components.iter().any(|one| one.name == id) {
            "installed"
        } else if self.done.json().get("dry_run").and_then(Value::as_bool) == Some(true) {
            "planned"
        } else {
            "added"
        }
    }

    /// Prints what was changed.
    pub(in crate::command) fn lines(&self, out: &Out) {
        for id in &self.unknown {
            out.note(&format!("no registry has a component `{id}`"));
        }
        self.done.lines(out);
    }
}
