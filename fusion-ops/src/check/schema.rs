//! The JSON Schema of `build.yaml`.

use serde_json::{Map, Value, json};

use super::settings::{Gates, MOST_ATTEMPTS, MOST_CHECKS};

/// Gives the JSON Schema of `build.yaml`, which `fusion schema build` prints. That what is named is there, only [`Settings`](super::Settings)
/// and `fusion build` know.
pub fn schema() -> Value {
    let words = |about: &str| json!({"type": "array", "items": {"type": ["string", "number"]}, "description": about});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The checks and gates of a build",
        "type": "object",
        "required": ["build"],
        "additionalProperties": false,
        "properties": {
            "build": {"const": 1, "description": "The version of the form"},
            "attempts": {"type": "integer", "minimum": 1, "maximum": MOST_ATTEMPTS, "description": "How often each agent tries a task: 3 unless it is said"},
            "checks": {"type": ["array", "null"], "maxItems": MOST_CHECKS, "items": {"$ref": "#/$defs/check"}, "description": "What proves tasks, requirements, stories and the whole"},
            "gates": {"$ref": "#/$defs/gates"},
            "inputs": {
                "type": "object", "additionalProperties": words("Files in the workspace"),
                "description": "The files that must be there before a task begins, by its id",
            },
            "rules": super::rules::schema(),
            "commands": words("Programs that models may run: `python3`, `npm test`"),
        },
        "$defs": {"check": check(), "gates": gates()},
    })
}

fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

fn check() -> Value {
    let retries = json!({"type": "integer", "minimum": 0, "maximum": MOST_ATTEMPTS, "description": "How often what failed is run again"});
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "One check: of a task after each attempt, else at the end",
        "properties": {
            "task": text("The task that it proves"),
            "requirement": text("The requirement that it proves"),
            "story": text("The user story that it proves"),
            "command": {"type": "array", "minItems": 1, "items": {"type": ["string", "number"]}, "description": "A program with its arguments that must end with 0"},
            "http": {
                "type": "object", "required": ["url"], "additionalProperties": false,
                "description": "A service that must answer",
                "properties": {
                    "url": {"type": "string", "pattern": "^http://", "description": "Where"},
                    "status": {"type": "integer", "minimum": 0, "maximum": 65_535, "description": "The status that must come: 200 unless it is said"},
                    "contains": {"type": ["string", "null"], "description": "What must stand in the answer"},
                    "serve": {"type": "array", "items": {"type": "string"}, "description": "The program that is the service: started for the check, ended after it"},
                },
            },
            "tests": {
                "description": "The project's own tests, which must be there and pass",
                "oneOf": [{"const": true}, {
                    "type": "object", "additionalProperties": false,
                    "properties": {"suite": {"type": ["string", "null"], "description": "Only this suite, by its name in `fusion test --list`"}, "retries": retries},
                }],
            },
            "schema": text("The JSON Schema that `file` must fit, in the workspace"),
            "file": text("The file that must fit `schema`, in the workspace"),
            "timeout": text("How long it may take: `30s`, `2m`; two minutes unless it is said"),
        },
        "oneOf": [{"required": ["command"]}, {"required": ["http"]}, {"required": ["tests"]}, {"required": ["schema", "file"]}],
        "dependentRequired": {"schema": ["file"], "file": ["schema"]},
        "not": {"anyOf": [{"required": ["task", "requirement"]}, {"required": ["task", "story"]}, {"required": ["requirement", "story"]}]},
    })
}

fn gates() -> Value {
    let about = |key: &str| match key {
        "coverage" => "The share of requirements that must be proved, 0 to 1",
        "success" => "The share of tasks that must succeed, 0 to 1",
        "placeholders" => "Whether placeholders are allowed in the files that tasks name",
        "critical" => "Stories and requirements that must be proved by more than files",
        "syntax" => "Whether the syntax of files is checked",
        "tests" => "Whether the project's own tests must be there and pass",
        "every" => "Whether every requirement must have a task or a check",
        "must" => "Whether each requirement that says MUST is critical",
        _ => "Whether the checks that components bring must hold",
    };
    let one = |(key, usual): (String, Value)| {
        let mut form = match usual {
            Value::Bool(_) => json!({"type": "boolean"}),
            Value::Array(_) => json!({"type": "array", "items": {"type": "string"}}),
            _ => json!({"type": "number", "minimum": 0, "maximum": 1}),
        };
        if let Some(form) = form.as_object_mut() {
            form.insert("description".to_owned(), about(&key).into());
        }
        (key, form)
    };
    let usual = serde_json::to_value(Gates::default()).unwrap_or_default();
    let fields: Map<String, Value> =
        usual.as_object().cloned().unwrap_or_default().into_iter().map(one).collect();
    json!({"type": "object", "additionalProperties": false, "properties": fields, "description": "What a build must reach; what is not said is what the project's mode asks for"})
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    /// What the reader takes the schema takes, and what one refuses the other does.
    #[test]
    fn the_schema_and_the_reader_agree() {
        let schema = jsonschema::validator_for(&schema()).unwrap();
        for (text, good) in [
            ("build: 1", true),
            ("build: 1\nchecks: [{ task: T001, command: [python3, -m, 1] }]\nattempts: 20", true),
            (
                "build: 1\nchecks: [{ story: US1, http: { url: 'http://a/', serve: [a] } }, { tests: true }]",
                true,
            ),
            ("build: 1\nchecks: [{ tests: { suite: api, retries: 2 }, timeout: 2m }]", true),
            ("build: 1\nchecks: [{ requirement: FR-001, schema: s.json, file: a.json }]", true),
            (
                "build: 1\ngates: { coverage: 0.8, success: 1, placeholders: true, critical: [US1], every: true, must: false, components: true, syntax: true, tests: true }",
                true,
            ),
            ("build: 1\ninputs: { T001: [a.sql] }\ncommands: [python3, npm test]", true),
            (
                "build: 1\nrules: { on: [docs], off: [devops/pinned-image], agents: { my-agent: [api, testing] } }",
                true,
            ),
            ("build: 1\nrules: { off: [devop] }", false),
            ("build: 1\nrules: { agents: [api] }", false),
            ("build: 1\nrules: { of: [api] }", false),
            ("build: 2", false),
            ("{}", false),
            ("build: 1\ncheks: []", false),
            ("build: 1\nattempts: 21", false),
            ("build: 1\ngates: { coverage: 1.5 }", false),
            ("build: 1\ngates: { sucess: 1 }", false),
            ("build: 1\nchecks: [{ task: T001 }]", false),
            ("build: 1\nchecks: [{ command: [] }]", false),
            ("build: 1\nchecks: [{ command: [a], tests: true }]", false),
            ("build: 1\nchecks: [{ task: T001, story: US1, tests: true }]", false),
            ("build: 1\nchecks: [{ schema: s.json, tests: true }]", false),
            ("build: 1\nchecks: [{ http: { url: 'https://a/' } }]", false),
            ("build: 1\nchecks: [{ tests: { retries: 21 } }]", false),
        ] {
            let value = fusion_core::graph::file::value(text, "build.yaml").unwrap();
            assert_eq!(schema.is_valid(&value), good, "the schema: {text}");
            assert_eq!(Settings::parse(text, "build.yaml").is_ok(), good, "the reader: {text}");
        }
    }
}
