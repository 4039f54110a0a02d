//! Tests of pictures.

use proptest::prelude::*;

use super::*;
use crate::error::Code;
use crate::model::graph::{Node, WaitSpec};
use crate::model::{Graph, NodeStatus};

fn sample() -> Graph {
    Graph::new("notes")
        .add(Node::command("log", ["git", "log", "--format=%s"]))
        .add(Node::step("each", "classify").map("{{ nodes.log.lines }}").after(["log"]))
        .add(Node::step("draft", "write").until("output.done", 3).after(["log", "each"]))
        .add(Node::wait("ok", WaitSpec::Duration("10m".into())).after(["draft"]))
        .add(Node::workflow("publish", "send \"it\" <now>").when("true").after(["ok", "log"]))
}

fn status(name: &str) -> Option<NodeStatus> {
    match name {
        "log" => Some(NodeStatus::Succeeded),
        "each" => Some(NodeStatus::Running),
        _ => None,
    }
}

fn picture(format: Format) -> String {
    draw(&sample(), format, Some(&status)).unwrap()
}

#[test]
fn mermaid() {
    insta::assert_snapshot!(picture(Format::Mermaid));
}

#[test]
fn dot() {
    insta::assert_snapshot!(picture(Format::Dot));
}

#[test]
fn svg() {
    insta::assert_snapshot!(picture(Format::Svg));
}

#[test]
fn json() {
    insta::assert_snapshot!(picture(Format::Json));
}

#[test]
fn a_circle_is_drawn_where_no_order_is_needed() {
    let graph = Graph::new("g")
        .add(Node::step("a", "s").after(["b"]))
        .add(Node::step("b", "s").after(["a"]));
    assert!(draw(&graph, Format::Mermaid, None).unwrap().contains("n0 --> n1\n    n1 --> n0"));
    assert!(draw(&graph, Format::Dot, None).is_ok());
    for format in [Format::Svg, Format::Json] {
        let error = draw(&graph, format, None).unwrap_err();
        assert_eq!(error.code(), Code::Cycle);
        assert!(error.message().contains("a → b → a"), "{error}");
    }
}

#[test]
fn large_graphs_are_drawn_or_refused_quickly() {
    let node = |n: u32| {
        Node::step(&format!("n{n}"), "s")
            .after((0..3).map(|k| format!("n{}", n / (k + 2))).collect::<Vec<_>>())
    };
    let many = |count: u32| {
        let mut graph = Graph::new("g").add(Node::step("n0", "s"));
        graph.nodes.extend((1..count).map(node));
        graph
    };
    assert!(draw(&many(300), Format::Svg, None).unwrap().len() > 10_000);
    let error = draw(&many(100_000), Format::Svg, None).unwrap_err();
    assert_eq!(error.code(), Code::Limit);
    assert!(draw(&many(100_000), Format::Mermaid, None).is_ok());
    assert!(draw(&Graph::new("empty"), Format::Svg, None).unwrap().ends_with("</svg>\n"));
}

/// Tells whether every `<` opens a tag that we write, and every tag closes.
fn is_well_formed(svg: &str) -> bool {
    let mut open = Vec::new();
    for piece in svg.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else { return false };
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        if text.contains('"') || text.replace("&lt;", "").replace("&gt;", "").contains('>') {
            return false;
        }
    }
    open.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn hostile_names_stay_words(names in prop::collection::vec("\\PC{0,12}|[<>&\"'\\\\`#;{}\\[\\]|\n\r\t\u{0}-]{0,12}", 1..6), shift in 0_usize..4) {
        let mut graph = Graph::new(&names[0]);
        for (index, name) in names.iter().enumerate() {
            let need = names.get((index + shift) % names.len()).filter(|need| *need > name);
            graph.nodes.push(Node::step(name, name).after(need.map(String::as_str).as_slice()));
        }
        let lines = draw(&graph, Format::Mermaid, None).unwrap().lines().count();
        let edges: usize = lines - 1 - names.len();
        prop_assert!(edges <= names.len() * names.len());
        let mermaid = draw(&graph, Format::Mermaid, None).unwrap();
        let quotes = mermaid.lines().filter(|line| line.contains('"')).all(|line| line.matches('"').count() == 2);
        prop_assert!(quotes, "{}", mermaid);
        if let Ok(svg) = draw(&graph, Format::Svg, None) {
            prop_assert!(is_well_formed(&svg), "{}", svg);
        }
        if let Ok(json) = draw(&graph, Format::Json, None) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
        }
    }
}
