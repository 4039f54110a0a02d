//! The inputs of a run: given values against declared ones.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::nearest::hint;
use crate::error::{Code, Error, Result};
use crate::model::Graph;
use crate::model::graph::{Input, InputType};
use crate::model::json::{self, NotRead};

/// Completes given inputs with defaults and checks them against what the graph declares.
///
/// A graph that declares no inputs takes whatever is given: its author did not ask for a check.
///
/// # Errors
/// Everything that is wrong, joined: `FU0101` for unknown names and values that do not fit, `FU0107` for what is
/// missing.
pub fn bind(graph: &Graph, given: &Value) -> Result<Value> {
    let given = match given {
        Value::Null => &Map::new(),
        Value::Object(map) => map,
        other if graph.inputs.is_empty() => return Ok(other.clone()),
        other => {
            let message =
                format!("the inputs of a workflow are a map by name, found `{}`", shortened(other));
            return Err(Error::new(Code::InvalidInput, message));
        }
    };
    if graph.inputs.is_empty() {
        return Ok(Value::Object(given.clone()));
    }
    let unknown = given.keys().filter(|name| !graph.inputs.contains_key(*name));
    let mut errors: Vec<Error> = unknown.map(|name| no_input(graph, name)).collect();
    let mut bound = Map::new();
    for (name, input) in &graph.inputs {
        if let Some(value) = given.get(name).or(input.default.as_ref()) {
            if let Err(why) = fits(input, value) {
                errors.push(Error::new(Code::InvalidInput, format!("the input `{name}` {why}")));
            }
            bound.insert(name.clone(), value.clone());
        } else {
            errors.push(missing(name, input));
        }
    }
    Error::join(errors).map_or(Ok(Value::Object(bound)), Err)
}

/// Turns texts from a command line into values of the declared types.
///
/// Texts stay as they are for `string`; anything else is read as JSON; for `any`, what is no JSON is a text.
///
/// # Errors
/// `FU0101` for names that the graph does not declare, and for texts that are no value of the type.
pub fn bind_texts(graph: &Graph, given: &BTreeMap<String, String>) -> Result<Value> {
    let mut errors = Vec::new();
    let mut values = Map::new();
    for (name, text) in given {
        let Some(input) = graph.inputs.get(name) else {
            errors.push(no_input(graph, name));
            continue;
        };
        match convert(input.kind, text) {
            Ok(value) => {
                values.insert(name.clone(), value);
            }
            Err(why) => {
                errors.push(Error::new(Code::InvalidInput, format!("the input `{name}` {why}")));
            }
        }
    }
    Error::join(errors).map_or(Ok(Value::Object(values)), Err)
}

fn missing(name: &str, input: &Input) -> Error {
    let about = match input.description.as_str() {
        "" => String::new(),
        text => format!(" ({text})"),
    };
    let error = Error::new(Code::MissingInput, format!("the input `{name}` is missing"));
    error.hint(format!("give it with `--input {name}=…`{about}"))
}

fn no_input(graph: &Graph, name: &str) -> Error {
    let error =
        Error::new(Code::InvalidInput, format!("workflow `{}` has no input `{name}`", graph.name));
    match hint(name, graph.inputs.keys().map(String::as_str)) {
        hint if hint.is_empty() => error.hint("it takes no inputs"),
        hint => error.hint(hint),
    }
}

fn convert(kind: InputType, text: &str) -> Result<Value, String> {
    let trimmed = text.trim();
    let truth = match trimmed.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    };
    match kind {
        InputType::String => Ok(Value::from(text)),
        InputType::Boolean => {
            truth.map(Value::Bool).ok_or_else(|| wanted(kind, &Value::from(text)))
        }
        _ => match json::read(trimmed) {
            Ok(value) => Ok(value),
            Err(wide @ NotRead::Wide) => Err(format!("cannot be kept as it is: {wide}")),
            Err(NotRead::Syntax(_)) if kind == InputType::Any => Ok(Value::from(text)),
            Err(NotRead::Syntax(_)) => Err(wanted(kind, &Value::from(text))),
        },
    }
}

/// Says why a value does not fit an input: the end of a sentence.
pub(crate) fn fits(input: &Input, value: &Value) -> Result<(), String> {
    let fine = match input.kind {
        InputType::String => value.is_string(),
        InputType::Integer => value.is_i64() || value.is_u64(),
        InputType::Number => value.is_number(),
        InputType::Boolean => value.is_boolean(),
        InputType::Array => value.is_array(),
        InputType::Object => value.is_object(),
        InputType::Any => true,
    };
    if !fine {
        return Err(wanted(input.kind, value));
    }
    if input.choices.is_empty() || input.choices.contains(value) {
        return Ok(());
    }
    let choices: Vec<String> = input.choices.iter().map(Value::to_string).collect();
    Err(format!("must be one of {}, found {}", choices.join(", "), shortened(value)))
}

fn wanted(kind: InputType, value: &Value) -> String {
    let wanted = match kind {
        InputType::String => "a text",
        InputType::Integer => "a whole number",
        InputType::Number => "a number",
        InputType::Boolean => "`true` or `false`",
        InputType::Array => "a list (JSON, such as `[1, 2]`)",
        InputType::Object => "a map (JSON, such as `{\"a\": 1}`)",
        InputType::Any => "a value",
    };
    format!("must be {wanted}, found {}", shortened(value))
}

fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn graph() -> Graph {
        let mut graph = Graph::new("g");
        let input = |kind, default: Option<Value>| Input { kind, default, ..Input::default() };
        graph.inputs = BTreeMap::from([
            ("limit".to_owned(), input(InputType::Integer, Some(json!(5)))),
            ("repo".to_owned(), input(InputType::String, None)),
            ("deep".to_owned(), input(InputType::Boolean, Some(json!(false)))),
            ("list".to_owned(), input(InputType::Array, Some(json!([])))),
            ("any".to_owned(), input(InputType::Any, Some(Value::Null))),
        ]);
        let size = Input {
            choices: vec![json!("s"), json!("m")],
            default: Some(json!("s")),
            ..Input::default()
        };
        graph.inputs.insert("size".to_owned(), size);
        graph
    }

    fn said(error: &Error) -> Vec<String> {
        let line =
            |e: &Error| format!("{} {} ({})", e.code(), e.message(), e.hint_text().unwrap_or("-"));
        error.all().map(line).collect()
    }

    #[test]
    fn defaults_complete_what_is_given() {
        let bound = bind(&graph(), &json!({"repo": ".", "size": "m"})).unwrap();
        let all =
            json!({"any": null, "deep": false, "limit": 5, "list": [], "repo": ".", "size": "m"});
        assert_eq!(bound, all);
        assert_eq!(
            bind(&Graph::new("g"), &json!([1])).unwrap(),
            json!([1]),
            "no declaration, no check"
        );
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let error = bind(&graph(), &json!({"limt": 1, "limit": "3", "size": "xl"})).unwrap_err();
        let said = said(&error);
        for part in [
            "FU0101 workflow `g` has no input `limt` (did you mean `limit`?)",
            "FU0101 the input `limit` must be a whole number, found \"3\"",
            "FU0107 the input `repo` is missing (give it with `--input repo=…`)",
            "FU0101 the input `size` must be one of \"s\", \"m\", found \"xl\"",
        ] {
            assert!(said.iter().any(|line| line.contains(part)), "{part} in {said:#?}");
        }
    }

    #[test]
    fn texts_take_the_declared_types() {
        let texts = |pairs: &[(&str, &str)]| {
            let given = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            bind_texts(&graph(), &given)
        };
        let bound = texts(&[
            ("limit", "7"),
            ("repo", "5"),
            ("deep", "yes"),
            ("list", "[1]"),
            ("any", "x y"),
        ]);
        let all = json!({"any": "x y", "deep": true, "limit": 7, "list": [1], "repo": "5"});
        assert_eq!(bound.unwrap(), all);
        let error = texts(&[("limit", "many"), ("nope", "1"), ("list", "a,b")]).unwrap_err();
        assert_eq!(error.all().count(), 3, "{error:?}");
    }
}
