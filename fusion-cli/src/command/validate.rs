//! `fusion validate`: checks workflow files.

use std::path::Path;

use fusion_core::error::{Code, Error, Result, nearest};
use fusion_core::graph::check::{Warning, What};
use serde_json::{Value, json};

use crate::args::Validate;
use crate::project::{self, Loaded};
use crate::render::Out;

/// Checks every file and says everything that is wrong with it.
pub(super) fn validate(args: &Validate, out: &Out) -> Result<u8> {
    let mut errors = Vec::new();
    let mut files = Vec::new();
    for path in &args.files {
        match project::load(path) {
            Ok(loaded) => {
                files.push(tell(path, &loaded, out));
                let count = loaded.warnings.len() + unknown(&loaded).len();
                if args.strict && count > 0 {
                    errors.push(strict(path, count));
                }
            }
            Err(error) => errors.push(error),
        }
    }
    if let Some(error) = Error::join(errors) {
        return Err(error);
    }
    if out.json {
        Out::value(&json!({"files": files}));
    }
    Ok(0)
}

fn tell(path: &Path, loaded: &Loaded, out: &Out) -> Value {
    let graph = &loaded.graph;
    let mut warnings = Vec::new();
    for warning in loaded.warnings.iter().chain(&unknown(loaded)) {
        let place = warning.place.as_ref().map(ToString::to_string);
        if !out.json {
            out.note(&format!("warning: {}", warning.message));
            if let Some(place) = &place {
                out.note(&format!("  --> {place}"));
            }
        }
        warnings.push(json!({"message": warning.message, "place": place}));
    }
    let nodes = graph.nodes.len();
    let word = if nodes == 1 { "node" } else { "nodes" };
    let name = path.display();
    out.say(&format!(
        "{name}: workflow `{}` version {}, {nodes} {word}",
        graph.name, graph.version
    ));
    json!({
        "file": name.to_string(),
        "workflow": graph.name,
        "version": graph.version,
        "nodes": nodes,
        "workflows": loaded.others.keys().collect::<Vec<_>>(),
        "warnings": warnings,
    })
}

/// Workflows that no file defines may be in the store or in a program's code.
fn unknown(loaded: &Loaded) -> Vec<Warning> {
    let names = loaded.named.iter().filter_map(|named| match &named.what {
        What::Workflow(name) => Some((named, name)),
        _ => None,
    });
    let warnings = names.map(|(named, name)| {
        let near = nearest::nearest(name, loaded.near.iter().map(String::as_str));
        let hint = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
        let message =
            format!("node `{}`: no file here defines the workflow `{name}`{hint}", named.node);
        Warning { message, place: named.place.clone() }
    });
    warnings.collect()
}

fn strict(path: &Path, count: usize) -> Error {
    let message = format!(
        "{} has {count} {}",
        path.display(),
        if count == 1 { "warning" } else { "warnings" }
    );
    Error::new(Code::WrongType, message).hint("without `--strict` they are allowed")
}
