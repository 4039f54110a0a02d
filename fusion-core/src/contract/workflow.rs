//! A graph made from an input.

use std::fmt;

use serde_json::Value;

use crate::error::Result;
#[cfg(feature = "files")]
use crate::graph::Definition;
use crate::model::Graph;

/// Makes the graph of a run from its input, once; the run keeps it to its end.
///
/// ```
/// use fusion_core::contract::Workflow;
/// use fusion_core::error::Result;
/// use fusion_core::model::Graph;
///
/// #[derive(Debug)]
/// struct Nightly;
///
/// impl Workflow for Nightly {
///     fn name(&self) -> &str { "nightly" }
///     fn graph(&self, input: &serde_json::Value) -> Result<Graph> {
///         let tables = input["tables"].as_array().cloned().unwrap_or_default();
///         let mut graph = Graph::new("nightly");
///         for table in tables {
///             graph = graph.step(&format!("copy-{}", table.as_str().unwrap_or("?")), "copy");
///         }
///         Ok(graph)
///     }
/// }
/// ```
pub trait Workflow: fmt::Debug + Send + Sync + 'static {
    /// Gives the name.
    fn name(&self) -> &str;

    /// Makes the graph.
    ///
    /// # Errors
    /// When the input does not fit; the run is then not started.
    fn graph(&self, input: &Value) -> Result<Graph>;

    /// Makes the definition that a run keeps; a [`Definition`] gives itself, and nothing is made again.
    ///
    /// # Errors
    /// As [`Workflow::graph`], and all that is wrong with the graph.
    #[cfg(feature = "files")]
    fn definition(&self, input: &Value) -> Result<Definition> {
        Definition::new(self.graph(input)?)
    }
}

#[cfg(feature = "files")]
impl Workflow for Definition {
    fn name(&self) -> &str {
        &self.graph().name
    }

    fn graph(&self, _input: &Value) -> Result<Graph> {
        Ok(Graph::clone(self.graph()))
    }

    fn definition(&self, _input: &Value) -> Result<Definition> {
        Ok(self.clone())
    }
}

impl Workflow for Graph {
    fn name(&self) -> &str {
        &self.name
    }

    fn graph(&self, _input: &Value) -> Result<Graph> {
        Ok(self.clone())
    }
}
