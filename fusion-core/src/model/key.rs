//! The name of one execution within a run: the step key.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The index of a node in its compiled graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeIx(pub u32);

impl NodeIx {
    /// Gives the index as a `usize`, for the flat arrays.
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// One unit of execution in a run: a node, or one item of a map.
///
/// Attempts and iterations of a loop share the key's result slot: exactly one outcome is recorded per key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The node.
    pub node: NodeIx,
    /// The item of a map; [`Key::WHOLE`] for the node itself.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub item: u32,
}

fn whole() -> u32 {
    Key::WHOLE
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_whole(item: &u32) -> bool {
    *item == Key::WHOLE
}

impl Key {
    /// The item number that stands for the node itself.
    pub const WHOLE: u32 = u32::MAX;
    /// The item number that stands for the undoing of the node.
    pub const UNDO: u32 = u32::MAX - 1;

    /// Names a node.
    pub fn node(node: NodeIx) -> Self {
        Self { node, item: Self::WHOLE }
    }

    /// Names an item of a map node.
    pub fn item(node: NodeIx, item: u32) -> Self {
        Self { node, item }
    }

    /// Names the undoing of a node.
    pub fn undo(node: NodeIx) -> Self {
        Self { node, item: Self::UNDO }
    }

    /// Gives the item's number if the key is an item of a map.
    pub fn index(self) -> Option<u32> {
        (self.item < Self::UNDO).then_some(self.item)
    }

    /// Tells whether this is the undoing of a node.
    pub fn is_undo(self) -> bool {
        self.item == Self::UNDO
    }

    /// Writes the key with its node's name: `fetch`, `fetch[3]` for an item, `fetch[undo]` for its undoing.
    pub fn text(self, name: &str) -> String {
        match self.index() {
            None if self.is_undo() => format!("{name}[undo]"),
            None => name.to_owned(),
            Some(item) => format!("{name}[{item}]"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(&format!("#{}", self.node.0)))
    }
}
