//! The JSON Schema of a workflow file, made of the same table of keys that the reader uses.

use serde_json::{Map, Value, json};

use super::file::shape::{Shape, Table};
use super::file::table::FILE;

/// Gives the JSON Schema (2020-12) of a workflow file: what editors complete and check with.
///
/// ```
/// let schema = fusion_core::graph::schema::workflow();
/// assert!(schema["properties"]["nodes"]["description"].is_string());
/// ```
pub fn workflow() -> Value {
    let mut defs = Map::new();
    let mut schema = table(&FILE, &mut defs);
    if let Value::Object(map) = &mut schema {
        map.shift_insert(
            0,
            "$schema".to_owned(),
            "https://json-schema.org/draft/2020-12/schema".into(),
        );
        map.shift_insert(1, "title".to_owned(), "Fusion workflow".into());
        map.insert("$defs".to_owned(), Value::Object(defs));
    }
    schema
}

fn table(table: &'static Table, defs: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for field in table.keys {
        let mut schema = shape(field.shape, defs);
        schema.insert("description".to_owned(), field.about.into());
        properties.insert(field.key.to_owned(), Value::Object(schema));
    }
    let mut schema = json!({
        "description": table.about,
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<&str> =
        table.keys.iter().filter(|field| field.required).map(|field| field.key).collect();
    if let Value::Object(map) = &mut schema {
        if !required.is_empty() {
            map.insert("required".to_owned(), json!(required));
        }
        if !table.one_of.is_empty() {
            let each = table.one_of.iter().map(|key| json!({"required": [key]}));
            map.insert("oneOf".to_owned(), each.collect());
        }
    }
    schema
}

fn shape(shape: Shape, defs: &mut Map<String, Value>) -> Map<String, Value> {
    let schema = match shape {
        Shape::Any => json!({}),
        Shape::Null => json!({"type": "null"}),
        Shape::Text => json!({"type": "string"}),
        Shape::Word => json!({"type": ["string", "number", "boolean"]}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Shape::Number(least, most) => json!({"type": "number", "minimum": least, "maximum": most}),
        Shape::Time => {
            json!({"type": "string", "pattern": r"^\s*([0-9]+(\.[0-9]+)?\s*[a-z]+\s*)+$"})
        }
        Shape::Money => json!({"type": ["string", "number"], "minimum": 0}),
        Shape::Words(words) => json!({"enum": words}),
        Shape::List(item) => json!({"type": "array", "items": self::shape(*item, defs)}),
        Shape::Dict(item) => {
            json!({"type": "object", "additionalProperties": self::shape(*item, defs)})
        }
        Shape::Object(inner) => {
            if !defs.contains_key(inner.name) {
                // Its place is taken first, so that a table that leads back to itself ends.
                defs.insert(inner.name.to_owned(), Value::Null);
                let schema = table(inner, defs);
                defs.insert(inner.name.to_owned(), schema);
            }
            json!({"$ref": format!("#/$defs/{}", inner.name)})
        }
        Shape::OneOf(shapes) => {
            let each: Vec<_> = shapes.iter().map(|one| self::shape(*one, defs)).collect();
            json!({"anyOf": each})
        }
    };
    match schema {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says where a value does not fit, for the keywords that the schema uses; any other keyword is a bug.
    fn misfit(schema: &Value, value: &Value, root: &Value) -> Option<String> {
        let Value::Object(schema) = schema else { return None };
        for (word, rule) in schema {
            let list = || rule.as_array().unwrap().iter();
            let is = |name: &Value| match name.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                other => panic!("type {other}"),
            };
            let fine = match word.as_str() {
                "description" | "title" | "$schema" | "$defs" => true,
                "$ref" => {
                    let target = root.pointer(&rule.as_str().unwrap()[1..]).unwrap();
                    if let Some(why) = misfit(target, value, root) {
                        return Some(why);
                    }
                    true
                }
                "type" if rule.is_array() => list().any(is),
                "type" => is(rule),
                "enum" => list().any(|one| one == value),
                "anyOf" => list().any(|one| misfit(one, value, root).is_none()),
                "oneOf" => list().filter(|one| misfit(one, value, root).is_none()).count() == 1,
                "required" => list().all(|key| value.get(key.as_str().unwrap()).is_some()),
                "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
                "pattern" => {
                    let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                    value.as_str().is_none_or(|text| pattern.is_match(text))
                }
                "items" => {
                    let items = value.as_array().into_iter().flatten();
                    items.clone().all(|item| misfit(rule, item, root).is_none())
                }
                "properties" => {
                    for (key, one) in rule.as_object().unwrap() {
                        if let Some(why) = value.get(key).and_then(|value| misfit(one, value, root))
                        {
                            return Some(format!("{key}.{why}"));
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    let known = schema.get("properties").and_then(Value::as_object);
                    let mut more = value.as_object().into_iter().flatten();
                    more.all(|(key, value)| {
                        known.is_some_and(|known| known.contains_key(key))
                            || (rule != &Value::Bool(false) && misfit(rule, value, root).is_none())
                    })
                }
                other => panic!("keyword {other}"),
            };
            if !fine {
                return Some(word.clone());
            }
        }
        None
    }

    fn fits(yaml: &str) -> Option<String> {
        let schema = workflow();
        misfit(&schema, &crate::graph::file::as_json(yaml), &schema)
    }

    #[test]
    fn what_the_reader_takes_the_schema_takes() {
        assert_eq!(fits(include_str!("file/tests/release.yaml")), None);
        assert_eq!(fits(include_str!("file/tests/every_key.yaml")), None);
    }

    #[test]
    fn what_the_schema_refuses_the_reader_refuses() {
        let node = |lines: &str| format!("fusion: 1\nname: w\nnodes:\n  a: {{ {lines} }}\n");
        assert_eq!(fits(&node("step: s")), None);
        for lines in [
            "comand: [x]",
            "step: s, command: [x]",
            "step: 5",
            "step: s, retry: { attempts: 0 }",
            "step: s, timeout: 30",
            "step: s, timeout: soon",
            "step: s, on_unknown: maybe",
            "wait: { duration: 1s, signal: x }",
            "step: s, validate: [5]",
            "agent: { system: x }",
            "agent: { needs: [x], model: y }",
            "agent: { model: y, tools: [{ workspace: x, command: [y] }] }",
            "agent: { model: y, tols: [] }",
        ] {
            let text = node(lines);
            assert!(fits(&text).is_some(), "schema: {lines}");
            assert!(crate::graph::file::parse(&text, "w.yaml").is_err(), "reader: {lines}");
        }
    }

    #[test]
    fn the_schema_is_stable() {
        let schema = workflow();
        let mut keys: Vec<String> = Vec::new();
        let defs = schema["$defs"].as_object().unwrap();
        for (name, def) in defs.iter().chain([(&"workflow".to_owned(), &schema)]) {
            let words = def["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            keys.push(format!("{name}: {}", words.join(" ")));
        }
        keys.sort();
        insta::assert_snapshot!(keys.join("\n"));
    }
}
