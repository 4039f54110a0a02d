//! What `fusion_kit._native` holds.

use pyo3::prelude::*;

/// The engine, for `fusion_kit`: everything in here is that package's own business.
#[pymodule(gil_used = true)]
#[pyo3(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<crate::chunks::AnswerChunks>()?;
    module.add_class::<crate::context::Attempt>()?;
    module.add_class::<crate::definition::Definition>()?;
    module.add_class::<crate::engine::Engine>()?;
    module.add_class::<crate::events::Events>()?;
    module.add_class::<crate::lane::Lane>()?;
    module.add_class::<crate::operation::Abort>()?;
    module.add_class::<crate::operation::Operation>()?;
    module.add_class::<crate::pool::Pool>()?;
    module.add_class::<crate::reports::Reports>()?;
    module.add_class::<crate::run::RunHandle>()?;
    module.add_function(wrap_pyfunction!(crate::command::command, module)?)?;
    module.add_function(wrap_pyfunction!(crate::ops::ask_ops, module)?)?;
    module.add_function(wrap_pyfunction!(crate::plugin::load_plugin, module)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
