//! Graphs, checked and ready to be started.

use fusion_core::error::{Code, Error};
use fusion_core::graph::draw::{Format, draw};
use fusion_core::graph::{self, file};
use fusion_core::model::Graph;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error;
use crate::value;

/// A checked graph.
#[pyclass(frozen, module = "fusion_kit._native")]
#[derive(Clone)]
pub(crate) struct Definition(pub(crate) graph::Definition);

impl Definition {
    /// Gives a copy of the graph.
    pub(crate) fn graph(&self) -> Graph {
        Graph::clone(self.0.graph())
    }
}

#[pymethods]
impl Definition {
    /// Checks a graph in the engine's own form.
    #[staticmethod]
    fn of(py: Python<'_>, graph: &Bound<'_, PyAny>) -> PyResult<Self> {
        let graph: Graph = serde_json::from_value(value::to_json(graph)?).map_err(|cause| {
            let message = "the graph has a field that does not fit";
            error::raise(py, &Error::new(Code::WrongType, message).because(cause))
        })?;
        graph.define().map(Self).map_err(|error| error::raise(py, &error))
    }

    /// Reads a workflow file: the workflow, and those that it holds beside it.
    #[staticmethod]
    fn parse(py: Python<'_>, text: &str, name: &str) -> PyResult<(Self, Vec<Self>)> {
        let parsed = file::parse(text, name).map_err(|error| error::raise(py, &error))?;
        let define = |graph: Graph| graph.define().map(Self).map_err(|e| error::raise(py, &e));
        let others = parsed.workflows.into_values().map(define).collect::<PyResult<_>>()?;
        Ok((define(parsed.graph)?, others))
    }

    /// The workflow's name.
    #[getter]
    fn name(&self) -> &str {
        &self.0.graph().name
    }

    /// The definition's version.
    #[getter]
    fn version(&self) -> u32 {
        self.0.graph().version
    }

    /// The names of the nodes, in the author's order.
    #[getter]
    fn nodes(&self) -> Vec<&str> {
        self.0.graph().nodes.iter().map(|node| &*node.id).collect()
    }

    /// The graph as the engine stores it.
    fn json<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        value::read(py, self.0.json())
    }

    /// Draws the graph: `mermaid`, `dot`, `svg` or `json`, with the nodes' statuses if they are given.
    #[pyo3(signature = (format, statuses = None))]
    fn draw(
        &self,
        py: Python<'_>,
        format: &str,
        statuses: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<String> {
        let Some(format) = Format::from_name(format) else {
            let message = format!("`{format}` is no format: take mermaid, dot, svg or json");
            return Err(error::refuse(py, Code::InvalidInput, &message));
        };
        let status = |name: &str| {
            let word: String = statuses?.get_item(name).ok()??.extract().ok()?;
            fusion_core::model::NodeStatus::from_word(&word)
        };
        let status: Option<graph::draw::Statuses<'_>> =
            if statuses.is_some() { Some(&status) } else { None };
        draw(self.0.graph(), format, status).map_err(|error| error::raise(py, &error))
    }
}
