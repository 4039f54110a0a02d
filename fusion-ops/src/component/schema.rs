//! The JSON Schema of a `component.toml`: what editors complete and check with.

use serde_json::{Map, Value, json};

impl super::Manifest {
    /// Gives the JSON Schema (2020-12) of a `component.toml`.
    ///
    /// ```
    /// let schema = fusion_ops::component::Manifest::schema();
    /// assert_eq!(schema["properties"]["hooks"]["items"]["required"][0], "on");
    /// ```
    pub fn schema() -> Value {
        let name = json!({"type": "string", "pattern": "^[a-z][a-z0-9-]{0,63}$"});
        let ranges = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let properties = json!({
            "name": about(name.clone(), "The name: lower-case letters, digits and `-`"),
            "version": about(text(), "The version, all three numbers"),
            "category": about(name, "What it is listed under"),
            "description": about(text(), "What it is, in a line"),
            "provides": about(texts(), "Further names that it stands for: `name` or `name@1.2.0`"),
            "requires": about(ranges.clone(), "The components that must be there too, each with its range"),
            "conflicts": about(ranges, "The components that must not be there, each with its range"),
            "stack": about(texts(), "For which projects it is: one of these words is in the project's stack"),
            "files": list(&file(), &["from", "to"], "Files that are copied as they are"),
            "templates": list(&file(), &["from", "to"], "Files that are filled in with the values of the project"),
            "blocks": list(&block(), &["from", "into"], "Lines that are put into files which several share"),
            "specs": list(&json!({"name": about(text(), "Its name: `specs/NAME/spec.md` and `specs/NAME/tasks.md`")}),
                &["name"], "Its specifications, each with its tasks"),
            "checks": checks(),
            "hooks": list(&hook(), &["on", "command"], "Commands that are run when the operator allows it"),
        });
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Fusion component",
            "type": "object",
            "properties": properties,
            "required": ["name", "version"],
            "additionalProperties": false,
        })
    }
}

fn text() -> Value {
    json!({"type": "string"})
}

fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

/// A schema with what it is about.
fn about(mut schema: Value, words: &str) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), words.into());
    }
    schema
}

fn list(properties: &Value, required: &[&str], words: &str) -> Value {
    let items = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    about(json!({"type": "array", "maxItems": 500, "items": items}), words)
}

fn file() -> Value {
    json!({
        "from": about(text(), "Its path in the package"),
        "to": about(text(), "Its path in the project"),
        "when": about(texts(), "Only for stacks with one of these words"),
        "executable": about(json!({"type": "boolean"}), "Whether it is a program"),
    })
}

fn block() -> Value {
    json!({
        "from": about(text(), "The path in the package of the lines"),
        "into": about(text(), "The path in the project of the shared file"),
        "when": about(texts(), "Only for stacks with one of these words"),
    })
}

fn hook() -> Value {
    json!({
        "on": about(json!({"enum": ["after-add", "after-upgrade"]}), "When"),
        "command": about(json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 100}),
            "The program and its arguments; no shell is between"),
        "why": about(text(), "What for, in a line"),
    })
}

fn checks() -> Value {
    let kinds = ["exists", "matches", "env", "command"];
    let properties = json!({
        "name": about(text(), "What is looked at, in a line"),
        "exists": about(texts(), "One of these paths is there"),
        "matches": about(text(), "A regular expression is found in one of the files of `in`"),
        "env": about(text(), "A variable is named in one of the files of `in`, by default `.env.example`"),
        "in": about(texts(), "Where `matches` and `env` look"),
        "command": about(texts(), "A command that exits with 0; it is run only when the operator allows it"),
    });
    let mut checks = list(&properties, &["name"], "What must hold when its tasks are done");
    let one_of: Vec<Value> = kinds.iter().map(|kind| json!({"required": [kind]})).collect();
    let items = checks.get_mut("items").and_then(Value::as_object_mut);
    if let Some(items) = items {
        items.extend(Map::from_iter([("oneOf".to_owned(), Value::Array(one_of))]));
    }
    checks
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::{Block, Check, File, Hook, Manifest, Moment, Spec};

    fn keys(value: &Value) -> BTreeSet<&String> {
        value.as_object().unwrap().keys().collect()
    }

    #[test]
    fn it_has_the_keys_that_are_read_and_no_others() {
        let text = "name = \"a\"\nversion = \"1.0.0\"\n";
        let mut manifest = Manifest::read("a", text).unwrap();
        let empty = || (String::new(), Vec::new());
        let (from, when) = empty();
        manifest.files = vec![File {
            from: from.clone(),
            to: String::new(),
            when: when.clone(),
            executable: false,
        }];
        manifest.templates = manifest.files.clone();
        manifest.blocks = vec![Block { from, into: String::new(), when }];
        manifest.specs = vec![Spec { name: String::new() }];
        manifest.checks = vec![Check {
            name: String::new(),
            exists: Vec::new(),
            matches: None,
            env: None,
            within: Vec::new(),
            command: Vec::new(),
        }];
        manifest.hooks =
            vec![Hook { on: Moment::AfterAdd, command: Vec::new(), why: String::new() }];
        let (read, schema) = (serde_json::to_value(&manifest).unwrap(), Manifest::schema());
        assert_eq!(keys(&read), keys(&schema["properties"]));
        for list in ["files", "templates", "blocks", "specs", "checks", "hooks"] {
            assert_eq!(
                keys(&read[list][0]),
                keys(&schema["properties"][list]["items"]["properties"]),
                "{list}"
            );
        }
    }
}
