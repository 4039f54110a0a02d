//! Errors and values as JSON.

use fusion_core::error::{Code, Error};
use serde::Serialize;
use serde_json::{Value, json};

/// Writes an error as JSON.
pub(crate) fn error_text(error: &Error) -> String {
    error_json(error).to_string()
}

/// Makes the error that JavaScript catches: its message is JSON, which the package makes an error of its own of.
pub(crate) fn thrown(error: &Error) -> napi::Error {
    napi::Error::from_reason(error_text(error))
}

/// Writes a value as JSON.
pub(crate) fn text(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|cause| Error::new(Code::Internal, "a value cannot be JSON").because(cause))
}

fn error_json(error: &Error) -> Value {
    let mut value = one(error);
    let others: Vec<Value> = error.all().skip(1).map(one).collect();
    if let Some(fields) = value.as_object_mut()
        && !others.is_empty()
    {
        fields.insert("others".to_owned(), others.into());
    }
    value
}

fn one(error: &Error) -> Value {
    let mut message = error.message().to_owned();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    let place = error
        .place()
        .map(|place| json!({"file": &*place.file, "line": place.line, "column": place.column}));
    json!({
        "code": error.code().text(), "message": message, "hint": error.hint_text(), "place": place,
        "failure": error.failure(),
    })
}
