//! A checked graph in the form that runs keep.

use std::sync::Arc;

use bytes::Bytes;

use super::accept::checked;
use crate::error::{Code, Error, Result};
use crate::model::{Digest, Graph, json};

/// A graph that was checked and encoded once, to be started often: what is done for each run then does not depend on its
/// size. Cheap to clone.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use fusion_core::{Fusion, model::Graph};
/// let fusion = Fusion::open("memory://").await?;
/// let double = fusion.step("double", |n: i64| async move { Ok(n * 2) });
/// let twice = Graph::new("twice").node("a", double.with(21)).define()?;
/// for _ in 0..3 {
///     fusion.start(&twice, serde_json::json!({})).await?.result::<serde_json::Value>().await?;
/// }
/// # Ok::<(), fusion_core::error::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Definition {
    graph: Arc<Graph>,
    json: Bytes,
    digest: Digest,
}

impl Definition {
    /// Checks and encodes a graph.
    ///
    /// # Errors
    /// `FU02xx`: all that is wrong with it at once, each with its code and a hint.
    pub fn new(graph: Graph) -> Result<Self> {
        let graph = checked(graph)?;
        let json = json::to_vec(&graph).map_err(|e| {
            Error::new(Code::InvalidInput, format!("the graph cannot be stored: {e}"))
        })?;
        let digest = Digest::of(&json);
        Ok(Self { graph: Arc::new(graph), json: json.into(), digest })
    }

    /// Gives the graph, with the needs that its templates imply.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// Gives the graph as JSON.
    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// Gives the hash of the JSON.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl Graph {
    /// Checks and encodes the graph once, so that starting it often costs little.
    ///
    /// # Errors
    /// `FU02xx`: all that is wrong with it at once, each with its code and a hint.
    pub fn define(self) -> Result<Definition> {
        Definition::new(self)
    }
}
