//! The events of a run, as many at a time as there are.

use std::sync::Arc;

use fusion_core::model::Event;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyList;
use tokio::sync::Mutex;

use crate::error;
use crate::operation::Operation;
use crate::shared::Shared;
use crate::value;

/// The events of a run.
#[pyclass(frozen, module = "fusion_kit._native")]
pub(crate) struct Events {
    events: Arc<Mutex<fusion_core::Events>>,
    shared: Arc<Shared>,
}

impl Events {
    pub(crate) fn new(events: fusion_core::Events, shared: Arc<Shared>) -> Self {
        Self { events: Arc::new(Mutex::new(events)), shared }
    }
}

#[pymethods]
impl Events {
    /// Waits for the next events; an empty list at the end of the run.
    fn next(&self, py: Python<'_>) -> PyResult<Operation> {
        let runtime = self.shared.runtime().map_err(|error| error::raise(py, &error))?;
        let events = self.events.clone();
        let work = async move {
            let batch: Vec<Event> = events.lock().await.batch().await?;
            Ok(batch)
        };
        Ok(Operation::new(runtime, work, |py, batch| {
            let list = PyList::empty(py);
            for event in batch {
                let fields = serde_json::to_value(&event)
                    .map_err(|cause| PyRuntimeError::new_err(cause.to_string()))?;
                list.append(value::of_json(py, &fields)?)?;
            }
            Ok(list.into_any().unbind())
        }))
    }
}
