//! Definitions that the store keeps by name: documents of kind `workflow`.

use crate::error::{Code, Error, Result};
use crate::model::{Document, Graph, Op};

use super::engine::Shared;

/// The kind of the documents.
pub(crate) const KIND: &str = "workflow";

/// Finds the definition of this name.
pub(crate) async fn get(engine: &Shared, name: &str) -> Result<Option<Graph>> {
    match engine.store.get(KIND, name).await? {
        Some(document) => read(&document).map(Some),
        None => Ok(None),
    }
}

/// Makes the operation that keeps a definition; none when it is there already.
pub(crate) async fn put(engine: &Shared, graph: &Graph) -> Result<Option<Op>> {
    let body = serde_json::to_vec(graph)
        .map_err(|e| Error::new(Code::Internal, "a definition cannot be encoded").because(e))?;
    let known = engine.store.get(KIND, &graph.name).await?;
    if known.is_some_and(|known| known.body == body) {
        return Ok(None);
    }
    let document = Document {
        kind: KIND.into(),
        id: graph.name.as_str().into(),
        version: 0,
        at: 0,
        tag: format!("version {}", graph.version).into(),
        body: body.into(),
    };
    Ok(Some(Op::Put(document, None)))
}

fn read(document: &Document) -> Result<Graph> {
    serde_json::from_slice(&document.body).map_err(|error| {
        Error::new(Code::Codec, format!("the workflow `{}` cannot be read", document.id))
            .because(error)
    })
}
