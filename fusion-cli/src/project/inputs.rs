//! The inputs of a run, from a file and from the command line.

use std::collections::BTreeMap;
use std::path::Path;

use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::{file, inputs};
use fusion_core::model::Graph;
use serde_json::Value;

/// Reads `NAME=VALUE` texts.
pub(crate) fn pairs(texts: &[String]) -> Result<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    for text in texts {
        let Some((name, value)) = text.split_once('=') else {
            let message = format!("the input `{text}` has no `=`");
            return Err(Error::new(Code::InvalidInput, message).hint("write `--input NAME=VALUE`"));
        };
        if pairs.insert(name.trim().to_owned(), value.to_owned()).is_some() {
            let message = format!("the input `{}` is given twice", name.trim());
            return Err(Error::new(Code::InvalidInput, message));
        }
    }
    Ok(pairs)
}

/// Puts the inputs together: those of a file, then those of the command line.
pub(crate) fn given(graph: &Graph, texts: &[String], from: Option<&Path>) -> Result<Value> {
    let mut given = match from {
        Some(path) => of_file(path)?,
        None => Value::Null,
    };
    let texts = inputs::bind_texts(graph, &pairs(texts)?)?;
    match (&mut given, texts) {
        (Value::Object(given), Value::Object(texts)) => given.extend(texts),
        (Value::Null, texts) => given = texts,
        _ => {}
    }
    inputs::bind(graph, &given)
}

fn of_file(path: &Path) -> Result<Value> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Error::new(Code::FileUnreadable, format!("the file {name} cannot be read")).because(error)
    })?;
    match file::value(&text, &name)? {
        value @ (Value::Object(_) | Value::Null) => Ok(value),
        _ => Err(Error::new(Code::InvalidInput, format!("{name} has no map of inputs by name"))
            .hint("write `name: value` lines")),
    }
}
