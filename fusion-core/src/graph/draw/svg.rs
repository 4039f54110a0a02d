//! SVG: boxes in layers, curved edges, colours by status.

use std::fmt::Write as _;

use super::layout::{Layout, POINTS, Point, layout};
use super::picture::{Drawn, Picture, Shape};
use crate::error::{Code, Error, Result};
use crate::graph::order::layers;
use crate::model::NodeStatus;

const ROW: f64 = 92.0;
const HEIGHT: f64 = 46.0;
const GAP: f64 = 28.0;
const MARGIN: f64 = 24.0;
const HEAD: f64 = 34.0;
/// The width of a character of the two lines of a box, a little more than most fonts need.
const ID_CHAR: f64 = 8.2;
const SUB_CHAR: f64 = 6.4;

const STYLE: &str = "<style>\
text{font-family:ui-sans-serif,system-ui,sans-serif;fill:#111;text-anchor:middle}\
.id{font-size:13px;font-weight:600}.sub{font-size:11px;fill:#444}\
.head{font-size:15px;font-weight:600;text-anchor:start}\
.edge{fill:none;stroke:#8a8f98;stroke-width:1.4}.maybe{stroke-dasharray:5 4}\
@media (prefers-color-scheme:dark){.head{fill:#eee}.edge{stroke:#9aa0aa}}\
</style>\
<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"#8a8f98\"/></marker></defs>\n";

/// The fill and the line of a node's box.
pub(super) fn colours(status: Option<NodeStatus>) -> (&'static str, &'static str) {
    match status {
        None | Some(NodeStatus::Pending) => ("#f4f5f7", "#8a8f98"),
        Some(NodeStatus::Ready) => ("#e8eefc", "#6b8de3"),
        Some(NodeStatus::Running) => ("#cfe0ff", "#2f6fed"),
        Some(NodeStatus::Waiting) => ("#fff3cd", "#c99a06"),
        Some(NodeStatus::Retrying) => ("#ffe2c2", "#d9770b"),
        Some(NodeStatus::Succeeded) => ("#d5f2dc", "#2e9e4f"),
        Some(NodeStatus::Failed) => ("#fbd5d5", "#d13438"),
        Some(NodeStatus::Skipped) => ("#ececec", "#b5b5b5"),
        Some(NodeStatus::Cancelled) => ("#e2dfe8", "#7d7490"),
        Some(NodeStatus::InDoubt) => ("#f6d6f3", "#b1359f"),
    }
}

/// Draws a picture for browsers.
pub(super) fn svg(picture: &Picture<'_>) -> Result<String> {
    let rows = layers(&picture.edges).map_err(|cycle| picture.circle(&cycle.path))?;
    let widths: Vec<f64> = picture.nodes.iter().map(box_width).collect();
    let layout = layout(&picture.edges, &rows, &widths, GAP).ok_or_else(|| {
        let message =
            format!("the graph is too large for a picture: over {POINTS} boxes and bends");
        Error::new(Code::Limit, message).hint("use `--format json` or `--format dot`")
    })?;
    let title = format!("{} v{}", picture.name, picture.version);
    let width = (layout.width + 2.0 * MARGIN).max(columns(&title) * 9.0 + 2.0 * MARGIN);
    let height = HEAD + layout.rows.max(1) as f64 * ROW + MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>{0}</title>\n{STYLE}<text class=\"head\" x=\"{MARGIN}\" \
         y=\"24\">{0}</text>\n",
        escaped(&title)
    );
    let shift = (width - layout.width) / 2.0;
    for (route, (_, to)) in layout.routes.iter().zip(picture.edges.pairs()) {
        let maybe = picture.nodes.get(to as usize).is_some_and(|node| node.when);
        edge(&mut out, route, &layout, shift, maybe);
    }
    for (node, point) in picture.nodes.iter().zip(&layout.points) {
        drawn(&mut out, node, point, shift);
    }
    out.push_str("</svg>\n");
    Ok(out)
}

fn box_width(node: &Drawn<'_>) -> f64 {
    let text = (columns(node.id) * ID_CHAR).max(columns(&node.subtitle()) * SUB_CHAR);
    (text + 28.0).max(90.0)
}

/// How many columns a text takes: signs of East Asia and pictures take two.
fn columns(text: &str) -> f64 {
    text.chars().map(|c| if u32::from(c) < 0x1100 { 1.0 } else { 1.8 }).sum()
}

fn top(row: usize) -> f64 {
    HEAD + MARGIN / 2.0 + row as f64 * ROW
}

fn edge(out: &mut String, route: &[usize], layout: &Layout, shift: f64, maybe: bool) {
    let last = route.len().saturating_sub(1);
    let points = route.iter().filter_map(|index| layout.points.get(*index)).enumerate();
    let mut path = String::new();
    let mut from = (0.0, 0.0);
    for (at, point) in points {
        let across = point.x + shift;
        // A bend passes its row at the height of the boxes' middle; the ends touch their boxes.
        let down = match at {
            0 => top(point.row) + HEIGHT,
            at if at == last => top(point.row) - 2.0,
            _ => top(point.row) + HEIGHT / 2.0,
        };
        let half = f64::midpoint(from.1, down);
        let _ = match at {
            0 => write!(path, "M{across:.1} {down:.1}"),
            _ => {
                write!(path, "C{:.1} {half:.1} {across:.1} {half:.1} {across:.1} {down:.1}", from.0)
            }
        };
        from = (across, down);
    }
    let class = if maybe { "edge maybe" } else { "edge" };
    let _ = writeln!(out, "<path class=\"{class}\" d=\"{path}\" marker-end=\"url(#arrow)\"/>");
}

fn drawn(out: &mut String, node: &Drawn<'_>, point: &Point, shift: f64) {
    let (fill, stroke) = colours(node.status);
    let (left, high) = (point.x + shift - point.width / 2.0, top(point.row));
    let style = format!("fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"1.4\"");
    let mut all = format!("{}: {}", node.id, node.subtitle());
    if let Some(status) = node.status {
        all = format!("{all} ({status})");
    }
    let _ = write!(out, "<g><title>{}</title>", escaped(&all));
    outline(out, node.shape, (left, high), point.width, &style);
    let middle = left + point.width / 2.0;
    let (first, second) = (high + 20.0, high + 36.0);
    let (id, sub) = (escaped(node.id), escaped(&node.subtitle()));
    let _ = writeln!(
        out,
        "<text class=\"id\" x=\"{middle:.1}\" y=\"{first:.1}\">{id}</text>\
         <text class=\"sub\" x=\"{middle:.1}\" y=\"{second:.1}\">{sub}</text></g>"
    );
}

fn outline(out: &mut String, shape: Shape, (left, top): (f64, f64), width: f64, style: &str) {
    let (right, low, half) = (left + width, top + HEIGHT, top + HEIGHT / 2.0);
    let plain = |left: f64, top: f64, round: f64| {
        format!(
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" rx=\"{round}\" {style}/>"
        )
    };
    let drawn = match shape {
        Shape::Box => plain(left, top, 7.0),
        Shape::Loop => plain(left, top, HEIGHT / 2.0),
        Shape::Many => plain(left + 4.0, top + 4.0, 7.0) + &plain(left, top, 7.0),
        Shape::Wait => {
            let (from, to) = (left + 10.0, right - 10.0);
            format!(
                "<path d=\"M{left:.1} {half:.1} {from:.1} {top:.1} {to:.1} {top:.1} {right:.1} {half:.1} \
                 {to:.1} {low:.1} {from:.1} {low:.1}z\" {style}/>"
            )
        }
        Shape::Child => {
            let (from, to) = (left + 6.0, right - 6.0);
            let bars = format!("M{from:.1} {top:.1}V{low:.1}M{to:.1} {top:.1}V{low:.1}");
            plain(left, top, 7.0) + &format!("<path d=\"{bars}\" {style}/>")
        }
    };
    out.push_str(&drawn);
}

/// Writes a text so that XML shows it and does not read it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 has no control characters, not even escaped, and no noncharacters.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
