//! `fusion runs show`.

use fusion_core::error::Result;
use fusion_core::model::{Key, Wait};
use serde_json::Value;

use crate::args::{Global, Showing};
use crate::command::find;
use crate::render::{Color, Out, Report, Table, clock, length, report, status_color};

/// Prints a run and its nodes.
pub(super) async fn show(args: &Showing, global: &Global, out: &Out) -> Result<u8> {
    let (fusion, run) = find::open(global, &args.run).await?;
    let report = report(&run, fusion.driver(run.id()).await?).await?;
    let now = fusion.now_ms();
    let json = report.json(&run, out.json || args.outputs).await?;
    fusion.close().await?;
    if out.json {
        Out::value(&json);
        return Ok(0);
    }
    head(&report, run.id().as_str(), now, out);
    let mut table = Table::new(&["node", "status", "attempts", "took", "about"]);
    for (ix, name) in report.nodes() {
        table.row(row(&report, Key::node(ix), name, now));
        if let Some(undo) = report.undo(ix) {
            table.row(row(&report, undo, &undo.text(name), now));
        }
    }
    table.print(out);
    if args.outputs
        && let Some(Value::Object(nodes)) = json.get("nodes")
    {
        for (name, node) in nodes {
            if let Some(output) = node.get("output") {
                Out::result(&format!("\n{name}: {output:#}"));
            }
        }
    }
    if let Some(Value::Object(outputs)) = json.get("outputs") {
        for (name, value) in outputs {
            let told = format!(" {name}: {value}");
            Out::print(&out.line().paint(Color::Dim, "output").add(&told));
        }
    }
    Ok(0)
}

fn head(report: &Report, run: &str, now: i64, out: &Out) {
    let start = report.state.start();
    let status = report.run_status().word();
    let (began, ended) = report.span();
    let length = length(ended.unwrap_or(now) - began);
    Out::result(&format!("run {run}"));
    Out::result(&format!("workflow {} version {}", start.workflow, start.version));
    let long = if ended.is_some() { format!("took {length}") } else { format!("{length} ago") };
    let times = format!(", began {}, {long}", clock(began));
    Out::print(&out.line().paint(status_color(status), status).add(&times));
    if let Some((_, _, Some(failure))) = report.state.result() {
        let told = format!(": {failure}");
        Out::print(&out.line().paint(Color::Red, "error").add(&told));
    }
    Out::result("");
}

/// A node, or its undoing.
fn row(report: &Report, key: Key, name: &str, now: i64) -> Vec<(Color, String)> {
    let status = report.status_of(key).word();
    let attempts = report.state.attempts(key);
    let attempts = if attempts == 0 { String::new() } else { attempts.to_string() };
    vec![
        (Color::Plain, name.to_owned()),
        (status_color(status), status.to_owned()),
        (Color::Plain, attempts),
        (Color::Plain, report.took(name, now).map(length).unwrap_or_default()),
        about(report, key),
    ]
}

fn about(report: &Report, key: Key) -> (Color, String) {
    let state = &report.state;
    if let Some(failure) = report.failure(key) {
        let first = failure.message.lines().next().unwrap_or_default();
        return (Color::Red, format!("{}: {first}", failure.class));
    }
    if !key.is_undo()
        && let Some((count, left)) = state.items(key.node)
    {
        return (Color::Plain, format!("{}/{count} items", count - left));
    }
    let waits = match state.wait(key) {
        Some(Wait::Approval(role, message, _)) if role.is_empty() => format!("asks: {message}"),
        Some(Wait::Approval(role, message, _)) => format!("asks {role}: {message}"),
        Some(Wait::Signal(name, _)) => format!("for the signal `{name}`"),
        Some(Wait::Timer(due)) => format!("until {}", clock(*due)),
        Some(Wait::Child(run) | Wait::ChildUntil(run, _)) => format!("run {run}"),
        None => String::new(),
    };
    (Color::Yellow, waits)
}
