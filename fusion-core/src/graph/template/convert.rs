//! Between MiniJinja's values and JSON.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind, Value as Inner};
use serde_json::{Map, Number, Value};

use super::budget::Budget;

/// How deep a value may be nested.
const DEPTH: usize = 128;

/// The output of a node that was skipped: nothing, and nothing inside it.
#[derive(Debug)]
pub(super) struct Skipped;

impl Object for Skipped {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, _key: &Inner) -> Option<Inner> {
        Some(Inner::from_dyn_object(Arc::clone(self)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Empty
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// Tells whether a value is `null` or comes from a skipped node.
pub(super) fn is_null(value: &Inner) -> bool {
    value.is_none() || value.downcast_object_ref::<Skipped>().is_some()
}

/// Turns a value into JSON.
pub(super) fn to_json(value: &Inner, budget: &mut Budget) -> Result<Value, Error> {
    nested(value, DEPTH, budget)
}

fn nested(value: &Inner, depth: usize, budget: &mut Budget) -> Result<Value, Error> {
    budget.make_values(1)?;
    if depth == 0 {
        return Err(refused(format!("the value is nested deeper than {DEPTH} levels")));
    }
    if is_null(value) {
        return Ok(Value::Null);
    }
    match value.kind() {
        ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::Bool => Ok(Value::Bool(value.is_true())),
        ValueKind::Number => number(value),
        ValueKind::Map => {
            let mut map = Map::new();
            for key in value.try_iter()? {
                let item = value.get_item(&key)?;
                let key = key.to_string();
                budget.make(key.len() as u64)?;
                map.insert(key, nested(&item, depth - 1, budget)?);
            }
            Ok(Value::Object(map))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|item| nested(&item, depth - 1, budget)).collect()
        }
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            budget.make(text.len() as u64)?;
            Ok(Value::String(text.to_owned()))
        }
        kind => Err(refused(format!("a {kind} is not a JSON value"))),
    }
}

fn number(value: &Inner) -> Result<Value, Error> {
    if value.is_integer() {
        return i64::try_from(value.clone())
            .map(Value::from)
            .or_else(|_| u64::try_from(value.clone()).map(Value::from))
            .map_err(|_| refused(format!("{value} does not fit into a number of 64 bits")));
    }
    let float = f64::try_from(value.clone())?;
    Number::from_f64(float)
        .map(Value::Number)
        .ok_or_else(|| refused(format!("{value} is not a JSON number")))
}

/// Writes a value into a text: lists and maps as JSON, `null` as nothing.
pub(super) fn to_text(value: &Inner, budget: &mut Budget) -> Result<String, Error> {
    match to_json(value, budget)? {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        other => Ok(other.to_string()),
    }
}

pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}
