//! Nodes by name: a table of places with open addressing, the same in every process.

use std::hash::{DefaultHasher, Hasher};

use crate::model::graph::Node;

/// Where nodes are, by name: 8 to 16 bytes a node, one or two looks a question whatever the size of the graph.
#[derive(Debug)]
pub(super) struct Lookup {
    /// Places of nodes; twice as many as there are nodes at least, a power of two.
    slots: Vec<u32>,
}

const EMPTY: u32 = u32::MAX;

impl Lookup {
    /// Makes the table. Of nodes with the same name it finds the first; the others are given beside it.
    pub(super) fn new(nodes: &[Node]) -> (Self, Vec<u32>) {
        let mut table = Self { slots: vec![EMPTY; (nodes.len() * 2).next_power_of_two().max(2)] };
        let mut repeated = Vec::new();
        for (place, node) in (0u32..).zip(nodes) {
            let at = table.slot(&node.id, nodes);
            match table.slots.get_mut(at) {
                Some(slot) if *slot == EMPTY => *slot = place,
                _ => repeated.push(place),
            }
        }
        (table, repeated)
    }

    /// Finds a node of the graph that the table was made for.
    pub(super) fn find(&self, name: &str, nodes: &[Node]) -> Option<u32> {
        let place = self.slots.get(self.slot(name, nodes)).copied();
        place.filter(|place| *place != EMPTY)
    }

    /// Gives the slot of a name, or the empty one where it would go.
    fn slot(&self, name: &str, nodes: &[Node]) -> usize {
        let mut hasher = DefaultHasher::new();
        hasher.write(name.as_bytes());
        let mask = self.slots.len() - 1;
        let mut at = usize::try_from(hasher.finish() >> 16).unwrap_or(0) & mask;
        loop {
            match self.slots.get(at) {
                Some(place) if *place != EMPTY => {
                    if nodes.get(*place as usize).is_some_and(|node| *node.id == *name) {
                        return at;
                    }
                }
                _ => return at,
            }
            at = (at + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_found_and_nothing_else() {
        let nodes: Vec<Node> = (0..5_000).map(|at| Node::step(&format!("n{at}"), "s")).collect();
        let (table, repeated) = Lookup::new(&nodes);
        assert!(repeated.is_empty());
        for (place, node) in (0u32..).zip(&nodes) {
            assert_eq!(table.find(&node.id, &nodes), Some(place));
        }
        assert_eq!(table.find("n5000", &nodes), None);
        assert_eq!(Lookup::new(&[]).0.find("a", &[]), None);
    }

    #[test]
    fn of_two_with_one_name_the_first_is_found() {
        let nodes = ["a", "b", "a", "a"].map(|name| Node::step(name, "s"));
        let (table, repeated) = Lookup::new(&nodes);
        assert_eq!((table.find("a", &nodes), repeated), (Some(0), vec![2, 3]));
    }
}
