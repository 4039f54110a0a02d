//! The graph as JSON: what other programs draw from.

use serde_json::{Map, Value, json};

use super::picture::Picture;
use crate::error::Result;
use crate::graph::order::{critical_path, layers};

/// Writes nodes, edges, layers and the critical path, each node counting one.
pub(super) fn json(picture: &Picture<'_>) -> Result<String> {
    let layer = layers(&picture.edges).map_err(|cycle| picture.circle(&cycle.path))?;
    let weights = vec![1; picture.nodes.len()];
    let path = critical_path(&picture.edges, &weights).map_err(|c| picture.circle(&c.path))?;
    let name = |index: u32| picture.nodes.get(index as usize).map_or("", |node| node.id);
    let mut rows: Vec<Vec<&str>> = Vec::new();
    let mut nodes = Vec::with_capacity(picture.nodes.len());
    for (node, layer) in picture.nodes.iter().zip(layer) {
        let layer = layer as usize;
        rows.resize_with(rows.len().max(layer + 1), Vec::new);
        if let Some(row) = rows.get_mut(layer) {
            row.push(node.id);
        }
        let mut drawn = Map::new();
        drawn.insert("id".to_owned(), node.id.into());
        drawn.insert("kind".to_owned(), node.kind.into());
        drawn.insert("what".to_owned(), node.what.as_str().into());
        drawn.insert("layer".to_owned(), layer.into());
        if node.when {
            drawn.insert("when".to_owned(), true.into());
        }
        if let Some(status) = node.status {
            drawn.insert("status".to_owned(), status.word().into());
        }
        nodes.push(Value::Object(drawn));
    }
    let edges: Vec<_> = picture
        .edges
        .pairs()
        .map(|(from, to)| json!({"from": name(from), "to": name(to)}))
        .collect();
    let all = json!({
        "workflow": picture.name,
        "version": picture.version,
        "nodes": nodes,
        "edges": edges,
        "layers": rows,
        "critical_path": path.path.into_iter().map(name).collect::<Vec<_>>(),
    });
    Ok(format!("{all:#}\n"))
}
