//! Mermaid and DOT.

use std::fmt::Write as _;

use super::picture::{Drawn, Picture, Shape};
use super::svg::colours;
use crate::model::NodeStatus;

/// Draws a flow chart in Mermaid.
pub(super) fn mermaid(picture: &Picture<'_>) -> String {
    let mut out = String::from("flowchart TD\n");
    for (index, node) in picture.nodes.iter().enumerate() {
        let (open, close) = match node.shape {
            Shape::Box => ("[", "]"),
            Shape::Many => ("[[", "]]"),
            Shape::Loop => ("([", "])"),
            Shape::Wait => ("{{", "}}"),
            Shape::Child => ("[/", "/]"),
        };
        let label = format!("{}<br/>{}", entities(node.id), entities(&node.subtitle()));
        line(&mut out, format_args!("    n{index}{open}\"{label}\"{close}"));
    }
    for (from, to) in picture.edges.pairs() {
        let maybe = picture.nodes.get(to as usize).is_some_and(|node| node.when);
        line(&mut out, format_args!("    n{from} {} n{to}", if maybe { "-.->" } else { "-->" }));
    }
    for status in NodeStatus::ALL {
        let which = |(_, node): &(usize, &Drawn<'_>)| node.status == Some(*status);
        let these = picture.nodes.iter().enumerate().filter(which);
        let these: Vec<String> = these.map(|(index, _)| format!("n{index}")).collect();
        if !these.is_empty() {
            let (fill, stroke) = colours(Some(*status));
            line(
                &mut out,
                format_args!("    classDef {status} fill:{fill},stroke:{stroke},color:#111"),
            );
            line(&mut out, format_args!("    class {} {status}", these.join(",")));
        }
    }
    out
}

/// Draws a graph for Graphviz.
pub(super) fn dot(picture: &Picture<'_>) -> String {
    let mut out = format!("digraph \"{}\" {{\n", quoted(picture.name));
    out.push_str(
        "    rankdir=TB;\n    node [fontname=\"sans-serif\", style=\"filled,rounded\"];\n",
    );
    for (index, node) in picture.nodes.iter().enumerate() {
        let shape = match node.shape {
            Shape::Box => "box",
            Shape::Many => "box3d",
            Shape::Loop => "ellipse",
            Shape::Wait => "hexagon",
            Shape::Child => "component",
        };
        let label = format!("{}\\n{}", quoted(node.id), quoted(&node.subtitle()));
        let (fill, stroke) = colours(node.status);
        line(
            &mut out,
            format_args!(
                "    n{index} [label=\"{label}\", shape={shape}, fillcolor=\"{fill}\", color=\"{stroke}\"];"
            ),
        );
    }
    for (from, to) in picture.edges.pairs() {
        let maybe = picture.nodes.get(to as usize).is_some_and(|node| node.when);
        let style = if maybe { " [style=dashed]" } else { "" };
        line(&mut out, format_args!("    n{from} -> n{to}{style};"));
    }
    out.push_str("}\n");
    out
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a text cannot fail.
    let _ = writeln!(out, "{text}");
}

/// Writes a text so that Mermaid shows it and does not read it.
fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || " ._:/-,+=×↻…'()".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

/// Writes a text inside the quotes of DOT.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, " ")
}
