//! Questions about specifications and components: no engine is needed for them.

use pyo3::prelude::*;

use crate::{error, value};

/// Asks something of a folder, see `fusion_ops::ask`; other threads go on meanwhile.
#[pyfunction]
pub(crate) fn ask_ops(py: Python<'_>, what: &str, given: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let given = value::to_json(given)?;
    let told = py.detach(|| fusion_ops::ask(what, given));
    let told = told.map_err(|error| error::raise(py, &error))?;
    value::of_json(py, &told).map(Bound::unbind)
}
