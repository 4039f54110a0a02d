//! The flat arrays: twelve bytes a node, reached only through indices of the run's own program.

use std::ops::{Index, IndexMut};

use super::transitions::NODE;
use crate::model::{NodeIx, NodeStatus, Payload};

/// No output.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// At least one need succeeded.
pub(super) const LIVE: u8 = 1;
/// At least one need failed for good.
pub(super) const DEAD: u8 = 2;
/// The fallback runs now.
pub(super) const FALLBACK: u8 = 4;
/// A body was started by this owner and has not answered. Not durable.
pub(super) const ISSUED: u8 = 8;
/// The start of an at-most-once body is recorded.
pub(super) const INTENT: u8 = 16;

/// What is known of one node or item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub status: NodeStatus,
    pub flags: u8,
    /// The number of the last attempt whose end is recorded.
    pub attempt: u16,
    /// How many needs are not settled.
    pub pending: u32,
    /// Where the output is.
    pub slot: u32,
}

impl Cell {
    pub(super) const NEW: Self =
        Self { status: NodeStatus::Pending, flags: 0, attempt: 0, pending: 0, slot: NO_SLOT };

    /// Changes the status, along the table.
    pub(super) fn turn(&mut self, to: NodeStatus) {
        debug_assert!(
            NODE.contains(&(self.status, to)),
            "a node goes from {} to {to}",
            self.status
        );
        #[cfg(test)]
        super::tests::coverage::took_node(self.status, to);
        self.status = to;
    }

    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn set(&mut self, flag: u8) {
        self.flags |= flag;
    }

    pub(super) fn clear(&mut self, flag: u8) {
        self.flags &= !flag;
    }
}

/// The cells of a graph's nodes or of a map's items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cells(pub Vec<Cell>);

#[expect(
    clippy::indexing_slicing,
    reason = "indices come from the program that the cells were made for; `State::knows` checks foreign ones"
)]
impl Index<NodeIx> for Cells {
    type Output = Cell;

    fn index(&self, node: NodeIx) -> &Cell {
        &self.0[node.at()]
    }
}

#[expect(clippy::indexing_slicing, reason = "see Index")]
impl IndexMut<NodeIx> for Cells {
    fn index_mut(&mut self, node: NodeIx) -> &mut Cell {
        &mut self.0[node.at()]
    }
}

/// The outputs, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Slots(Vec<Payload>);

impl Slots {
    /// Keeps a payload; the JSON `null`, which most bodies return, takes no place.
    pub(super) fn put(&mut self, payload: &Payload) -> u32 {
        if payload.is_null() {
            return NO_SLOT;
        }
        let slot = u32::try_from(self.0.len()).unwrap_or(NO_SLOT);
        self.0.push(payload.clone());
        slot
    }

    pub(super) fn get(&self, slot: u32) -> &Payload {
        static NULL: Payload = Payload::NULL;
        self.0.get(slot as usize).unwrap_or(&NULL)
    }
}
