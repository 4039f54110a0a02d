//! The JSON Schema of a report.

use serde_json::{Map, Value, json};

/// Gives the JSON Schema of a report, which `fusion test --json` prints.
pub fn schema() -> Value {
    let flaky = object(
        &["suite", "class", "name", "why"],
        &json!({"suite": text("Its suite"), "class": text("Its class"), "name": text("Its name"), "why": text("How that is known")}),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A report of tests",
        "type": "object",
        "required": ["report", "run", "folder", "tree", "started", "finished", "status", "counts", "flaky", "suites"],
        "properties": {
            "report": {"const": 1, "description": "The version of the form"},
            "run": text("The run"),
            "task": text("The task that it was run for"),
            "folder": text("The folder that was tested"),
            "tree": text("The hash of its files, before"),
            "changed": {"type": "boolean", "description": "Whether its files are others at the end"},
            "started": number("When it began, in milliseconds since 1970"),
            "finished": number("When it ended, in milliseconds since 1970"),
            "status": {"$ref": "#/$defs/status"},
            "counts": {"$ref": "#/$defs/counts"},
            "flaky": {"type": "array", "items": flaky},
            "suites": {"type": "array", "items": suite()},
        },
        "$defs": {"status": {"enum": ["empty", "passed", "failed", "error"]}, "counts": counts(), "case": case()},
    })
}

fn text(about: &str) -> Value {
    json!({"type": "string", "description": about})
}

fn number(about: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": about})
}

fn object(required: &[&str], properties: &Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

fn counts() -> Value {
    let all = ["tests", "passed", "failed", "errors", "skipped", "flaky"];
    let fields: Map<String, Value> = all
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "integer", "minimum": 0})))
        .collect();
    object(&all, &Value::Object(fields))
}

fn case() -> Value {
    object(
        &["name", "time_ms", "outcome"],
        &json!({
            "name": text("What it is called"),
            "class": text("The class, module or group that it belongs to"),
            "file": text("The file that it stands in, where the runner tells"),
            "time_ms": number("How long it took, in milliseconds"),
            "outcome": {"enum": ["passed", "failed", "error", "skipped"]},
            "flaky": {"type": "boolean", "description": "Whether it failed and passed with the same files"},
            "message": text("What is wrong, or why it was skipped"),
            "output": text("The end of what it wrote"),
        }),
    )
}

fn suite() -> Value {
    object(
        &[
            "name",
            "folder",
            "runner",
            "command",
            "status",
            "started",
            "duration_ms",
            "rounds",
            "counts",
            "cases",
        ],
        &json!({
            "name": text("What it is called"),
            "folder": text("Its folder, from the one that was tested"),
            "runner": {"enum": ["cargo", "pytest", "unittest", "node", "vitest", "jest", "script", "go", "maven", "gradle", "make"]},
            "command": {"type": "array", "items": {"type": "string"}, "description": "The command line, before what makes it write a report"},
            "status": {"$ref": "#/$defs/status"},
            "exit_code": {"type": "integer", "description": "The exit code of the last round"},
            "started": number("When it began, in milliseconds since 1970"),
            "duration_ms": number("How long its commands took, in milliseconds"),
            "rounds": number("How often its command was run"),
            "error": text("Why it could not be run or read, with what to do"),
            "counts": {"$ref": "#/$defs/counts"},
            "output": text("The end of what the command wrote, when not all is well"),
            "cases": {"type": "array", "items": {"$ref": "#/$defs/case"}},
        }),
    )
}
