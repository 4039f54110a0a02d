//! `fusion validate`: checks workflow files.

use std::path::Path;

use fusion_core::error::{Code, Error, Result};
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
                if args.strict && !loaded.warnings.is_empty() {
                    errors.push(strict(path, loaded.warnings.len()));
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
    for warning in &loaded.warnings {
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

fn strict(path: &Path, count: usize) -> Error {
    let message = format!("{} has {count} warnings", path.display());
    Error::new(Code::WrongType, message).hint("without `--strict` they are allowed")
}
