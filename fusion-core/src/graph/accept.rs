//! The door: a graph that is about to run is completed and checked.

use super::check::{Places, check, normalise};
use crate::error::Result;
use crate::model::Graph;

/// Writes down the needs that templates imply, and checks the graph.
///
/// # Errors
/// All that is wrong with it at once, each with its code and a hint.
pub fn checked(mut graph: Graph) -> Result<Graph> {
    normalise(&mut graph);
    check(&graph, &Places::none())?;
    Ok(graph)
}
