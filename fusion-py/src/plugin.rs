//! Plugins that a program loads by itself.

use std::path::PathBuf;

use fusion_providers::kit;
use pyo3::prelude::*;

use crate::{error, staff};

/// Loads a plugin's library, and gives what it calls itself.
#[pyfunction]
pub(crate) fn load_plugin(py: Python<'_>, path: PathBuf) -> PyResult<String> {
    // Loading runs the library's code, which may take a while.
    let loaded = py.detach(move || kit::load(&path));
    let named = loaded.map(|library| library.name().to_owned());
    named.map_err(|fault| error::raise(py, &staff::refused(&fault)))
}
