//! `show` and `tree`: one component, and who needs whom.

use std::collections::BTreeMap;

use fusion_core::error::{Code, Error, Result};
use fusion_ops::component::{Lock, Manifest, Registry, hash};
use serde_json::{Value, json};

use super::place;
use crate::args::ShowComponent;
use crate::render::{Color, Out, Table};

/// Shows what a component is.
pub(super) fn show(args: &ShowComponent, registry: &Registry, out: &Out) -> Result<u8> {
    let (name, version) = match args.name.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (args.name.as_str(), None),
    };
    let mut component = registry.find(name)?;
    let known: Vec<String> = registry
        .versions()
        .filter(|(other, _)| *other == component.manifest().name)
        .flat_map(|(_, all)| all.rev().map(|one| one.manifest().version.to_string()))
        .collect();
    if let Some(version) = version {
        let parsed = version.parse().ok();
        component = parsed.and_then(|version| registry.get(name, &version)).ok_or_else(|| {
            let message = format!("there is no version {version} of `{name}`");
            Error::new(Code::UnknownReference, message)
                .hint(format!("there are {}", known.join(", ")))
        })?;
    }
    let manifest = component.manifest();
    if let Some(path) = &args.file {
        let bytes = component.file(path)?;
        if out.json {
            Out::value(&json!({"path": path, "text": String::from_utf8_lossy(&bytes)}));
        } else {
            Out::text(&String::from_utf8_lossy(&bytes));
        }
        return Ok(0);
    }
    let (source, hash) = (component.source(), hash(component.as_ref())?);
    if out.json {
        let mut told = json!(manifest);
        if let Some(told) = told.as_object_mut() {
            told.insert("source".to_owned(), source.into());
            told.insert("hash".to_owned(), hash.into());
            told.insert("versions".to_owned(), json!(known));
            told.insert("paths".to_owned(), json!(manifest.paths()));
        }
        Out::value(&told);
        return Ok(0);
    }
    lines(manifest, &source, &known, out);
    Ok(0)
}

fn lines(manifest: &Manifest, source: &str, known: &[String], out: &Out) {
    let mut table = Table::new(&["what", "value"]);
    let mut row = |what: &str, value: String| {
        if !value.is_empty() {
            table.row(vec![(Color::Dim, what.to_owned()), (Color::Plain, value)]);
        }
    };
    let list = |all: Vec<String>| all.join(", ");
    row("component", format!("{} {}", manifest.name, manifest.version));
    row("about", manifest.description.clone());
    row("category", manifest.category.clone());
    row("source", source.to_owned());
    row("versions", known.join(", "));
    row("provides", list(manifest.provides.iter().map(ToString::to_string).collect()));
    row(
        "requires",
        list(manifest.requires.iter().map(|(name, range)| format!("{name} {range}")).collect()),
    );
    row(
        "conflicts",
        list(manifest.conflicts.iter().map(|(name, range)| format!("{name} {range}")).collect()),
    );
    row("stack", manifest.stack.join(", "));
    row("specs", list(manifest.specs.iter().map(|one| one.name.clone()).collect()));
    row(
        "files",
        list(manifest.files.iter().chain(&manifest.templates).map(|one| one.to.clone()).collect()),
    );
    row("lines in", list(manifest.blocks.iter().map(|one| one.into.clone()).collect()));
    row("checks", list(manifest.checks.iter().map(|one| one.name.clone()).collect()));
    row("hooks", list(manifest.hooks.iter().map(|one| one.command.join(" ")).collect()));
    table.print(out);
}

/// Draws who needs whom.
pub(super) fn tree(out: &Out) -> Result<u8> {
    let lock = place::open(out)?.lock()?;
    if out.json {
        let all: BTreeMap<&String, Value> = lock
            .components
            .iter()
            .map(|(name, one)| {
                let told = json!({
                    "version": one.version, "asked": one.asked, "needs": one.needs, "needed_by": lock.needed_by(name),
                    "source": one.source, "plan": one.plan,
                });
                (name, told)
            })
            .collect();
        Out::value(&json!({"components": all}));
        return Ok(0);
    }
    if lock.components.is_empty() {
        out.say("this project has no components; `fusion components list` shows what there is");
    }
    for (name, _) in lock.components.iter().filter(|(_, one)| one.asked.is_some()) {
        branch(&lock, name, "", &mut Vec::new(), out);
    }
    Ok(0)
}

fn branch<'a>(lock: &'a Lock, name: &'a str, indent: &str, above: &mut Vec<&'a str>, out: &Out) {
    let Some(one) = lock.components.get(name) else { return };
    out.say(&format!("{indent}{name} {}", one.version));
    above.push(name);
    let mut needs: Vec<&String> = one.needs.values().collect();
    needs.sort();
    needs.dedup();
    for need in needs.into_iter().filter(|need| !above.contains(&need.as_str())).collect::<Vec<_>>()
    {
        branch(lock, need, &format!("{indent}  "), above, out);
    }
    above.pop();
}
