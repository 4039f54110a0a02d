//! Templates: a value or a failure in words, the same each time, and never a secret in the words.

use std::cell::RefCell;

use fusion_core::graph::template::{Data, Found, References, Scope, Templates};
use fusion_core::model::Failure;
use serde_json::{Value, json};

use crate::shape::{Shape, magnitude};

/// What must never be told.
const CANARY: &str = "canary-9f2c7";

/// Pieces of templates.
pub(crate) const WORDS: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{# ",
    " #}",
    "nodes.log",
    "nodes[\"a-b\"]",
    "nodes.skipped.x.y",
    "inputs.n",
    "inputs.list",
    "inputs.map.key",
    "secrets.token",
    "item",
    "index",
    "round",
    "previous",
    "output",
    " | ",
    "length",
    "upper",
    "lower",
    "default(1)",
    "first",
    "last",
    "join(\",\")",
    "sort",
    "unique",
    "tojson",
    "tojson(indent=2)",
    "fromjson",
    "quote",
    "regex_replace(\"a+\", \"b\")",
    "truncate(3)",
    "round(2)",
    "sum",
    "min",
    "max",
    "replace(\"a\", \"b\")",
    "split(\",\")",
    "title",
    "trim",
    "select(\"matching\", \"a\")",
    "map(\"upper\")",
    "reject(\"none\")",
    "items",
    "list",
    "lines",
    " is matching(\"(a|b)*\")",
    " is defined",
    " is none",
    "if ",
    "else",
    "endif",
    "for x in ",
    "endfor",
    "set x = ",
    "range(10)",
    "range(1000000000)",
    "loop.index",
    "not ",
    " and ",
    " or ",
    " in ",
    " ~ ",
    " ** ",
    " // ",
    " % ",
    "[0]",
    "[-1]",
    "[1:]",
    "[::-1]",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\\",
    "1e400",
    "9223372036854775807",
    "\u{0}",
    "é",
    "macro f(a)",
    "endmacro",
    "call f(1)",
    "raw",
    "endraw",
    "include \"x\"",
    "import \"x\"",
    "debug()",
    "dict(a=1)",
];

struct Run {
    extra: Vec<(&'static str, Data)>,
    asked: RefCell<bool>,
}

impl Run {
    fn new() -> Self {
        let extra = vec![
            ("item", json!({"name": "n", "n": 3}).into()),
            ("index", json!(1).into()),
            ("round", json!(2).into()),
            ("previous", json!([1, "a", null]).into()),
            ("output", json!({"text": "aab"}).into()),
        ];
        Self { extra, asked: RefCell::new(false) }
    }
}

impl Scope for Run {
    fn node(&self, name: &str) -> Found {
        match name {
            "log" => {
                Found::Output(json!({"lines": ["a", "b,c"], "text": "é\n<&>", "n": 1.5}).into())
            }
            "a-b" => Found::Output(json!("{\"k\": [1, 2]}").into()),
            "skipped" => Found::Skipped,
            _ => Found::Unknown,
        }
    }

    fn inputs(&self) -> Data {
        json!({"n": 7, "list": [3, 1, 2], "map": {"key": "v"}, "text": "aAbB"}).into()
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.asked.replace(true);
        (name == "token").then(|| CANARY.to_owned())
    }

    fn extra(&self) -> &[(&'static str, Data)] {
        &self.extra
    }
}

pub(crate) fn check(bytes: &[u8]) -> Result<u64, String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(0) };
    let mut shape = Shape::new();
    for refs in [References::of_text(text), References::of_expression(text)] {
        match refs {
            Ok(refs) => shape.words(&format!("{refs:?}")),
            Err(flaw) => shape.words(&format!("{flaw:?}")),
        }
    }
    let (run, templates) = (Run::new(), Templates::new());
    let value = Value::String(text.to_owned());
    let once = (templates.render(&value, &run), templates.value(text, &run));
    // The first compiled them, the second finds them compiled, a third compiles them again.
    for templates in [&templates, &Templates::new()] {
        let again = (templates.render(&value, &run), templates.value(text, &run));
        if !same(&once.0, &again.0) || !same(&once.1, &again.1) {
            return Err(format!("once {once:?}, then {again:?}"));
        }
    }
    let condition = templates.condition(text, &run);
    if let (Ok(condition), Ok(value)) = (&condition, &once.1)
        && value.is_boolean()
        && *value != Value::Bool(*condition)
    {
        return Err(format!("the condition is {condition}, and the value {value}"));
    }
    for judged in [&once.0, &once.1] {
        told(judged, &run, &mut shape)?;
    }
    Ok(shape.value())
}

fn same(one: &Result<Value, Failure>, other: &Result<Value, Failure>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => one.message == other.message,
        _ => false,
    }
}

fn told(judged: &Result<Value, Failure>, run: &Run, shape: &mut Shape) -> Result<(), String> {
    match judged {
        Ok(value) => {
            shape.number(magnitude(value.to_string().len()));
            shape.number(u64::from(value.is_string()) + 2 * u64::from(value.is_object()));
        }
        Err(failure) => {
            let words = format!("{failure:?}");
            if words.contains(CANARY) {
                return Err(format!("a secret is in the failure: {words}"));
            }
            shape.words(&failure.message);
        }
    }
    shape.number(u64::from(*run.asked.borrow()));
    Ok(())
}
