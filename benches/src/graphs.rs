//! The graphs that are measured.

use fusion_core::contract::Workflow;
use fusion_core::error::Result;
use fusion_core::model::Graph;
use fusion_core::model::graph::Node;

/// Makes a chain: each node needs the one before it.
pub fn chain(step: &str, length: usize) -> Graph {
    let mut graph = Graph::new("chain");
    for at in 0..length {
        let node = Node::step(&format!("n{at}"), step);
        graph = graph.add(if at == 0 { node } else { node.after(format!("n{}", at - 1).as_str()) });
    }
    graph
}

/// Makes a fan: one node, many that need it, one that needs them all.
pub fn fan(step: &str, width: usize) -> Graph {
    let mut graph = Graph::new("fan").add(Node::step("first", step));
    let names: Vec<String> = (0..width).map(|at| format!("n{at}")).collect();
    for name in &names {
        graph = graph.add(Node::step(name, step).after("first"));
    }
    let last = names.iter().fold(Node::step("last", step), |node, name| node.after(name.as_str()));
    graph.add(last)
}

/// Random layers of a thousand nodes: each node but those of the first layer needs two or three of the layer before it,
/// 2.5 edges a node in all. It is made when it is started, so that nobody keeps a second copy.
#[derive(Debug)]
pub struct Layers {
    /// How many nodes.
    pub nodes: usize,
    /// The step that all run.
    pub step: &'static str,
}

const WIDTH: usize = 1_000;

impl Workflow for Layers {
    fn name(&self) -> &'static str {
        "layers"
    }

    fn graph(&self, _: &serde_json::Value) -> Result<Graph> {
        let mut graph = Graph::new("layers");
        graph.nodes.reserve_exact(self.nodes);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for at in 0..self.nodes {
            let mut node = Node::step(&format!("n{at}"), self.step);
            if at >= WIDTH {
                let first = (at / WIDTH - 1) * WIDTH;
                node.needs.reserve_exact(2 + at % 2);
                for _ in 0..2 + at % 2 {
                    node.needs.push(format!("n{}", first + below(&mut random, WIDTH)).into());
                }
            }
            graph.nodes.push(node);
        }
        Ok(graph)
    }
}

/// Gives a number below `end` (xorshift, Marsaglia 2003).
fn below(state: &mut u64, end: usize) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 33).unwrap_or(0) % end
}
