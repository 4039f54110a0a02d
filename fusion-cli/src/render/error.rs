//! Errors for people and for programs.

use std::error::Error as _;
use std::fmt::Write as _;

use fusion_core::error::Error;
use serde_json::{Map, Value, json};

use super::safe::safe;
use super::words::Color;

/// Writes every error that was found: sentence, code, place, hint.
pub(super) fn text(error: &Error, color: bool) -> String {
    let mut text = String::new();
    for one in error.all() {
        let head = Color::Red.paint("error", color);
        let code = Color::Dim.paint(&format!("[{}]", one.code()), color);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{head}: {} {code}", safe(&sentence(one)));
        if let Some(place) = one.place() {
            let _ = writeln!(text, "  --> {}", safe(&place.to_string()));
        }
        if let Some(detail) = one.failure().and_then(|failure| failure.detail.as_deref()) {
            for line in safe(detail.trim_end()).lines() {
                let _ = writeln!(text, "  | {line}");
            }
        }
        if let Some(hint) = one.hint_text().filter(|hint| !hint.is_empty()) {
            let _ = writeln!(text, "  {}: {}", Color::Cyan.paint("hint", color), safe(hint));
        }
    }
    text
}

/// Makes the JSON form; `errors` has all that were found, the first one again.
pub(crate) fn json(error: &Error) -> Value {
    let mut first = one(error);
    let all: Vec<Value> = error.all().map(|error| Value::Object(one(error))).collect();
    first.insert("errors".to_owned(), Value::Array(all));
    Value::Object(first)
}

fn one(error: &Error) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("code".to_owned(), error.code().text().into());
    map.insert("message".to_owned(), sentence(error).into());
    if let Some(hint) = error.hint_text().filter(|hint| !hint.is_empty()) {
        map.insert("hint".to_owned(), hint.into());
    }
    if let Some(place) = error.place() {
        let place = json!({"file": &*place.file, "line": place.line, "column": place.column});
        map.insert("place".to_owned(), place);
    }
    if let Some(failure) = error.failure() {
        map.insert("failure".to_owned(), json!(failure));
    }
    map
}

/// The sentence with what caused it.
fn sentence(error: &Error) -> String {
    let mut text = error.message().to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            let _ = write!(text, ": {said}");
        }
        source = cause.source();
    }
    text
}
