//! Errors of the engine as exceptions of `fusion_kit`, and exceptions of bodies as failures.

use fusion_core::error::{Code, Error};
use fusion_core::model::{Class, Failure};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static PLAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn found<'py>(
    py: Python<'py>,
    kept: &PyOnceLock<Py<PyAny>>,
    (module, name): (&str, &str),
) -> PyResult<Bound<'py, PyAny>> {
    kept.import(py, module, name).cloned()
}

/// Turns an error of the engine into the exception of its code.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let made = found(py, &MAKE, ("fusion_kit._errors", "_make")).and_then(|make| {
        let all: Vec<String> = error.all().map(line).collect();
        let fields = PyDict::new(py);
        fields.set_item("code", error.code().text())?;
        fields.set_item("message", all.join("\n"))?;
        fields.set_item("hint", error.hint_text())?;
        if let Some(failure) = error.failure() {
            fields.set_item("failure", failure_of(py, failure)?)?;
        }
        make.call((), Some(&fields))
    });
    made.map_or_else(|error| error, PyErr::from_value)
}

/// Makes the exception of a code with one sentence.
pub(crate) fn refuse(py: Python<'_>, code: Code, message: &str) -> PyErr {
    raise(py, &Error::new(code, message))
}

fn line(error: &Error) -> String {
    let place = error.place().map(|place| format!("{place}: ")).unwrap_or_default();
    let mut text = format!("{place}{}", error.message());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Gives a failure as a map of its fields.
pub(crate) fn failure_of<'py>(py: Python<'py>, failure: &Failure) -> PyResult<Bound<'py, PyDict>> {
    let fields = PyDict::new(py);
    fields.set_item("class", failure.class.to_string())?;
    fields.set_item("message", &failure.message)?;
    fields.set_item("detail", failure.detail.as_deref())?;
    Ok(fields)
}

/// What a body says about its exception: class, message, traceback, whether to try again, and not before how many
/// milliseconds.
pub(crate) type Told = (String, String, Option<String>, Option<bool>, Option<u64>);

/// Makes a failure of what a body says about its exception.
pub(crate) fn failure((class, message, detail, retryable, retry_after_ms): Told) -> Failure {
    let class = Class::from(class.as_str());
    Failure { class, message, detail, retryable, retry_after_ms }
}

/// Makes the exception for a value that JSON cannot hold.
pub(crate) fn unfit(message: &str) -> PyErr {
    PyTypeError::new_err(message.to_owned())
}

/// Gives a plain value for one that is not.
pub(crate) fn plain<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    found(value.py(), &PLAIN, ("fusion_kit._values", "plain"))?.call1((value,))
}
