//! Rules for what is said about an interface: `OpenAPI` documents, as YAML or JSON.

use serde_json::{Map, Value};

use super::finding::{Findings, Look, words};
use super::yaml::{Page, is_template};
use crate::yaml::escaped;

/// What may be asked of a path.
const METHODS: [&str; 9] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// Looks at a document; one that is neither called so nor says so is none.
pub(super) fn judge(look: &Look<'_>, found: &mut Findings) {
    let is_called = words(look.stem()).iter().any(|word| word == "openapi" || word == "swagger");
    let page = match Page::read(look.text, look.name) {
        Ok(page) => page,
        Err((line, why)) => {
            if is_called && !is_template(look.text) {
                found.say(
                    ("api/paths", line),
                    format!("it cannot be read: {why}"),
                    "mend what is written there",
                );
            }
            return;
        }
    };
    let Some(Value::Object(document)) = &page.value else { return };
    let version = ["openapi", "swagger"].iter().find_map(|key| document.get(*key));
    if !version.is_some_and(is_version) {
        return;
    }
    let Some(Value::Object(paths)) = document.get("paths").filter(|paths| paths != &&Value::Null)
    else {
        // Parts of a document that others take in have none, and from 3.1 on they may be left out.
        if !["components", "webhooks", "definitions"].iter().any(|key| document.contains_key(*key))
        {
            found.say(
                ("api/paths", page.line("/paths")),
                "no path is described",
                "describe them under `paths`",
            );
        }
        return;
    };
    for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
        one(&page, (path, item), found);
    }
}

/// Whether a value is a version of the form: `3.1.0`, also where it is read as a number.
fn is_version(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(|sign: char| sign.is_ascii_digit()),
        other => other.is_number(),
    }
}

fn one(page: &Page, (path, item): (&str, &Value), found: &mut Findings) {
    let place = format!("/paths/{}", escaped(path));
    let none = Map::new();
    let item = item.as_object().unwrap_or(&none);
    if item.contains_key("$ref") {
        return;
    }
    let operations: Vec<(&String, &Value)> =
        item.iter().filter(|(key, _)| METHODS.contains(&key.as_str())).collect();
    if operations.is_empty() {
        found.say(
            ("api/operation", page.line(&place)),
            format!("the path `{path}` has no operation"),
            "say what may be asked of it: `get`, `post`",
        );
    }
    for (method, operation) in operations {
        let answers = operation.get("responses").and_then(Value::as_object);
        if answers.is_none_or(Map::is_empty) && operation.get("$ref").is_none() {
            found.say(
                ("api/responses", page.line(&format!("{place}/{method}"))),
                format!("`{method} {path}` does not say what it answers"),
                "describe its `responses`, those that are mistakes too",
            );
        }
    }
}
