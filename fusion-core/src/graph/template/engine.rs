//! The MiniJinja environment: strict, bounded in what it does and makes, without files.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value as Inner;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::budget::Budget;
use super::convert::{is_null, to_text};
use super::{filter, guard};
use crate::model::limits;

/// The functions that a template may call.
pub(crate) const FUNCTIONS: [&str; 3] = ["range", "dict", "namespace"];

/// The filters: MiniJinja's and ours.
pub(crate) const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "fromjson",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "quote",
    "regex_replace",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "truncate",
    "unique",
    "upper",
    "zip",
];
/// The tests: MiniJinja's and ours.
pub(crate) const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "matching",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// Gives an environment without templates; a copy is cheap.
pub(super) fn engine() -> Environment<'static> {
    // A table of functions without state: it is the same for everyone, and making it takes longer than a template.
    static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(build);
    ENGINE.clone()
}

/// Gives the signs of a template: a text ends where its author ended it.
pub(super) fn syntax() -> SyntaxConfig {
    let mut syntax = SyntaxConfig::builder();
    syntax.keep_trailing_newline(true);
    syntax.build().unwrap_or_default()
}

fn build() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // Most evaluations are brief; for others there is a copy with more.
    engine.set_fuel(Some(limits::TEMPLATE_BRIEF_FUEL));
    engine.set_debug(true);
    engine.set_syntax(syntax());
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_formatter(|out, state, value| {
        let budget = Budget::of(state);
        let Some(text) = value.as_str() else {
            return out.write_str(&to_text(value, budget)?).map_err(minijinja::Error::from);
        };
        budget.make(text.len() as u64)?;
        out.write_str(text).map_err(minijinja::Error::from)
    });
    // It would print the whole context, secrets and all.
    engine.remove_global("debug");
    guard::add(&mut engine);
    engine.add_filter("fromjson", filter::fromjson);
    engine.add_filter("tojson", filter::tojson);
    engine.add_filter("default", filter::default);
    engine.add_filter("d", filter::default);
    engine.add_filter("quote", filter::quote);
    engine.add_filter("join", filter::join);
    engine.add_filter("regex_replace", filter::regex_replace);
    engine.add_filter("truncate", filter::truncate);
    engine.add_test("matching", filter::matching);
    engine.add_test("none", |value: &Inner| is_null(value));
    engine
}
