//! The lists that maps run over, kept while their items run.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::NodeIx;

/// The lists of the maps of one run.
#[derive(Debug, Default)]
pub(super) struct Lists(BTreeMap<NodeIx, Vec<Value>>);

impl Lists {
    pub(super) fn put(&mut self, node: NodeIx, list: Vec<Value>) {
        self.0.insert(node, list);
    }

    pub(super) fn has(&self, node: NodeIx) -> bool {
        self.0.contains_key(&node)
    }

    pub(super) fn item(&self, node: NodeIx, item: u32) -> Option<&Value> {
        self.0.get(&node)?.get(item as usize)
    }

    /// Forgets lists of maps that have ended.
    pub(super) fn keep(&mut self, open: impl Fn(NodeIx) -> bool) {
        self.0.retain(|node, _| open(*node));
    }
}
