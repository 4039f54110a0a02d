//! `list`: what there is, and what this project has of it.

use fusion_core::error::Result;
use fusion_ops::component::{Component, Registry};
use serde_json::{Value, json};

use super::place;
use crate::args::ListComponents;
use crate::render::{Color, Out, Table};

/// Lists components.
pub(super) fn list(args: &ListComponents, registry: &Registry, out: &Out) -> Result<u8> {
    let lock = place::open(out)?.lock()?;
    let all = registry.versions().filter_map(|(name, _)| registry.newest(name));
    let wanted = all.filter(|one| {
        let manifest = one.manifest();
        args.category.as_deref().is_none_or(|category| manifest.belongs(category))
            && (!args.installed || lock.components.contains_key(&manifest.name))
    });
    let wanted: Vec<&dyn Component> = wanted.map(AsRef::as_ref).collect();
    if out.json {
        let all: Vec<Value> = wanted.iter().map(|one| lock.about(*one)).collect();
        let broken: Vec<Value> = registry
            .broken()
            .map(|(path, error)| json!({"path": path, "code": error.code().text(), "wrong": error.to_string()}))
            .collect();
        Out::value(&json!({"components": all, "broken": broken}));
        return Ok(0);
    }
    let mut table = Table::new(&["component", "version", "here", "category", "what it is"]);
    for one in &wanted {
        let manifest = one.manifest();
        let here = lock.components.get(&manifest.name).map(|one| one.version.to_string());
        let color = if here.is_some() { Color::Green } else { Color::Plain };
        table.row(vec![
            (color, manifest.name.clone()),
            (Color::Plain, manifest.version.to_string()),
            (color, here.unwrap_or_default()),
            (Color::Plain, manifest.category.clone()),
            (Color::Dim, manifest.description.clone()),
        ]);
    }
    table.print(out);
    for (path, error) in registry.broken() {
        out.note(&format!("left out: {}: {}", path.display(), error.message()));
    }
    Ok(0)
}
