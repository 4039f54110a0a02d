//! Workflow files: an error with a place, or a graph that stays the same when it is written and read.

use fusion_core::error::Code;
use fusion_core::graph::draw::{Format, draw};
use fusion_core::graph::file::parse_bytes;
use fusion_core::graph::{Program, checked};
use fusion_core::model::Graph;

use crate::shape::{Shape, magnitude};

/// Pieces of workflow files.
pub(crate) const WORDS: &[&str] = &[
    "fusion: 1\n",
    "name: ",
    "nodes:\n  ",
    "inputs:\n  ",
    "outputs:\n  ",
    "workflows:\n  ",
    "secrets: [x]\n",
    "command: [a]",
    "step: s",
    "workflow: w",
    "wait: {duration: 1s}",
    "wait: {signal: s}",
    "wait: {approval: {}}",
    "agent: a",
    "model: m",
    "needs: [a]",
    "when: \"inputs.x\"",
    "with: {a: 1}",
    "map: [1, 2]",
    "repeat: {until: x, max: 3}",
    "expand: true",
    "compensate: {step: u}",
    "fallback: {step: u}",
    "retry: 3",
    "retry: {attempts: 3, backoff: 1s}",
    "timeout: 10s",
    "cache: true",
    "concurrency: {key: k, limit: 1}",
    "priority: 5",
    "at_most_once: true",
    "on_unknown: reconcile",
    "on_failure: stop",
    "check: [\"output.ok\"]",
    "default: 1",
    "type: integer",
    "required: false",
    "\"{{ nodes.a.b }}\"",
    "\"{{ item }}\"",
    "\"{{ secrets.x }}\"",
    "{{",
    "}}",
    "{%",
    "%}",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "? ",
    "- ",
    ": ",
    "\n",
    "\n  ",
    "\n    ",
    "|\n",
    ">\n",
    "#",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    "~",
    "null",
    "true",
    ".inf",
    "0x10",
    "1_000",
    "\u{feff}",
    "\t",
    "---\n",
    "...\n",
    "\r\n",
    "\u{0}",
    "\u{2028}",
];

pub(crate) fn check(bytes: &[u8]) -> Result<u64, String> {
    let mut shape = Shape::new();
    let file = match parse_bytes(bytes, "w.yaml") {
        Ok(file) => file,
        Err(error) => {
            for one in error.all() {
                if one.message().trim().is_empty() {
                    return Err(format!("an error {} without words", one.code()));
                }
                shape.words(&one.code().to_string());
                shape.words(one.message());
            }
            return Ok(shape.value());
        }
    };
    for warning in &file.warnings {
        shape.words(&format!("{warning:?}"));
    }
    for graph in file.workflows.values().chain([&file.graph]) {
        whole(graph, &mut shape)?;
    }
    Ok(shape.value())
}

/// Judges a graph that was accepted.
fn whole(graph: &Graph, shape: &mut Shape) -> Result<(), String> {
    let text = serde_json::to_vec(graph).map_err(|why| format!("it cannot be written: {why}"))?;
    let again: Graph = serde_json::from_slice(&text).map_err(|why| {
        format!("it cannot be read again: {why}: {}", String::from_utf8_lossy(&text))
    })?;
    if again != *graph {
        return Err(format!("it was read as {again:?}, and is {graph:?}"));
    }
    let same = checked(graph.clone()).map_err(|why| format!("accepted, then refused: {why}"))?;
    if same != *graph {
        return Err(format!("checked again it is {same:?}, and was {graph:?}"));
    }
    Program::compile(graph.clone()).map_err(|why| format!("it cannot be compiled: {why}"))?;
    for (name, format) in Format::ALL {
        if let Err(why) = draw(graph, format, None)
            && why.code() != Code::Limit
        {
            return Err(format!("it cannot be drawn as {name}: {why}"));
        }
    }
    shape.number(magnitude(graph.nodes.len()));
    for node in &graph.nodes {
        let kind = format!("{:?}", node.kind);
        shape.words(kind.split(['(', '{', ' ']).next().unwrap_or_default());
        let policy = format!("{:?}", node.policy_ref());
        shape.words(&policy);
    }
    Ok(())
}
