//! JSON Schema of arguments and results: whoever does not keep to it is told where and why.

use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// How many things that do not fit are told.
const TOLD: usize = 5;
/// How much is told of each of them, in characters.
const TOLD_CHARS: usize = 240;
/// The largest regular expression of a schema, compiled, in bytes.
const PATTERN_BYTES: usize = 1 << 20;

/// A schema that was read (all drafts, 2020-12 where it names none).
#[derive(Clone)]
pub(super) struct Reader(Arc<Validator>);

impl Reader {
    /// Reads a schema. What it refers to has to be in it: nothing is fetched.
    pub(super) fn new(schema: &Value) -> Result<Self, String> {
        // Linear in time whatever the text: values come from models, and schemas may come from other services.
        let patterns =
            PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES);
        let read = jsonschema::options().offline().with_pattern_options(patterns).build(schema);
        read.map(|validator| Self(Arc::new(validator)))
            .map_err(|error| told(&error.to_string(), error.instance_path().as_str()))
    }

    /// Says what does not fit, a line each.
    pub(super) fn check(&self, value: &Value) -> Result<(), String> {
        if self.0.is_valid(value) {
            return Ok(());
        }
        let lines: Vec<String> = self
            .0
            .iter_errors(value)
            .take(TOLD)
            .map(|error| told(&error.to_string(), error.instance_path().as_str()))
            .collect();
        Err(lines.join("\n"))
    }
}

fn told(what: &str, place: &str) -> String {
    let cut = what.char_indices().nth(TOLD_CHARS).map(|(at, _)| at);
    let what = cut
        .and_then(|at| what.get(..at))
        .map_or_else(|| what.to_owned(), |start| format!("{start}…"));
    if place.is_empty() { what } else { format!("at `{place}`: {what}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let city = json!({"type": "string", "pattern": "^[A-Z]"});
        let schema = json!({"type": "object", "properties": {"city": city, "days": {"type": "integer", "minimum": 1}},
            "required": ["city"], "additionalProperties": false});
        let reader = Reader::new(&schema).unwrap();
        assert_eq!(reader.check(&json!({"city": "Oslo", "days": 2})), Ok(()));
        let wrong = reader.check(&json!({"city": "oslo", "days": 0, "x": 1})).unwrap_err();
        assert_eq!(wrong.lines().count(), 3, "{wrong}");
        for part in ["at `/city`: ", "at `/days`: ", "'x' was unexpected"] {
            assert!(wrong.contains(part), "{wrong}");
        }
        let long = reader.check(&json!({"city": "x".repeat(10_000)})).unwrap_err();
        assert!(long.chars().count() < 300, "{long}");
    }

    #[test]
    fn schemas_that_cannot_be_read_say_why_and_nothing_is_fetched() {
        for (schema, part) in [
            (json!({"type": "objekt"}), "objekt"),
            (json!({"pattern": "("}), "pattern"),
            (json!({"$ref": "#/$defs/none"}), "none"),
            (json!({"$ref": "http://127.0.0.1:9/schema.json"}), "127.0.0.1"),
            (json!({"$ref": "file:///etc/passwd"}), "passwd"),
            (json!({"pattern": "(a{1000}){1000}"}), "pattern"),
        ] {
            let error = Reader::new(&schema).err().unwrap_or_default();
            assert!(error.contains(part), "{schema}: {error}");
        }
    }

    #[test]
    fn schemas_without_end_come_to_one() {
        let node = json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}});
        let list = Reader::new(&json!({"$ref": "#/$defs/node", "$defs": {"node": node}})).unwrap();
        let deep = (0..120).fold(json!({}), |inner, _| json!({"next": inner}));
        assert_eq!(list.check(&deep), Ok(()));
        for endless in
            [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]}), json!({"not": {"$ref": "#"}})]
        {
            if let Ok(reader) = Reader::new(&endless) {
                let _either = reader.check(&json!(1));
            }
        }
        // A pattern on which others would spend years.
        let slow = Reader::new(&json!({"pattern": "^(a+)+$"})).unwrap();
        assert!(slow.check(&json!(format!("{}!", "a".repeat(100_000)))).is_err());
    }
}
