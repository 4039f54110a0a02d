//! What is asked of a project's components.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use fusion_core::error::Result;
use fusion_core::graph::resolve::Range;
use serde::Deserialize;
use serde_json::{Value, json};

use super::question::{told, unknown};
use crate::component::{Goal, Options, Packed, Project, Registry};

/// Which project, and what else there is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    project: PathBuf,
    /// Folders with packages, beside those that are built in and those of the project.
    #[serde(default)]
    folders: Vec<PathBuf>,
    /// Components of the program.
    #[serde(default)]
    own: Vec<Own>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    stack: Vec<String>,
    /// The folder, within the project, of the specification whose `tasks.md` gets the tasks.
    #[serde(default)]
    spec: Option<String>,
    #[serde(default)]
    overwrite: bool,
    #[serde(default)]
    dry_run: bool,
}

/// A component that a program holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    manifest: Value,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

pub(super) fn ask(verb: &str, asked: &Asked) -> Result<Value> {
    let project = Project::open(&asked.project)?;
    let registry = registry(asked)?;
    match verb {
        "list" => list(asked, &project, &registry),
        "installed" => told(&project.lock()?.components),
        "verify" => {
            let found = project.verify(&registry)?;
            let mut answer = told(&found)?;
            if let Some(answer) = answer.as_object_mut() {
                answer.insert("ok".to_owned(), found.is_fine().into());
            }
            Ok(answer)
        }
        "add" => {
            let mut names = BTreeMap::new();
            for text in &asked.names {
                let (name, range) = text.split_once('@').unwrap_or((text, "*"));
                names.insert(name.to_owned(), range.parse::<Range>()?);
            }
            change(asked, &project, &registry, &Goal::Add(names))
        }
        "remove" => change(asked, &project, &registry, &Goal::Remove(asked.names.clone())),
        "upgrade" => change(asked, &project, &registry, &Goal::Upgrade(asked.names.clone())),
        _ => Err(unknown(verb)),
    }
}

fn registry(asked: &Asked) -> Result<Registry> {
    let mut registry = Registry::built_in();
    registry.folder(&asked.project.join(".fusion/components"));
    for folder in &asked.folders {
        registry.folder(folder);
    }
    for own in &asked.own {
        registry.add(Arc::new(Packed::new(&own.manifest, &own.files)?));
    }
    Ok(registry)
}

fn list(asked: &Asked, project: &Project, registry: &Registry) -> Result<Value> {
    let lock = project.lock()?;
    let all = registry.versions().filter_map(|(name, _)| registry.newest(name));
    let wanted = all.filter(|one| {
        asked.category.as_deref().is_none_or(|category| one.manifest().belongs(category))
    });
    Ok(wanted.map(|one| lock.about(one.as_ref())).collect())
}

fn change(asked: &Asked, project: &Project, registry: &Registry, goal: &Goal) -> Result<Value> {
    let options = Options {
        overwrite: asked.overwrite,
        project: project.name(),
        stack: asked.stack.clone(),
        plan: asked.spec.clone(),
    };
    let plan = project.plan(registry, goal, &options)?;
    if !asked.dry_run {
        project.apply(&plan)?;
    }
    let mut answer = told(&plan)?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("dry_run".to_owned(), asked.dry_run.into());
        answer.insert("changed".to_owned(), json!(!asked.dry_run && !plan.is_empty()));
    }
    Ok(answer)
}
