//! An event as one plain line.

use std::fmt::Write as _;

use fusion_core::model::Event;
use serde_json::Value;

use super::words::{clock, length};

/// Writes an event for people. Writing to a string cannot fail.
pub(crate) fn line(event: &Event) -> String {
    let time: String = clock(event.at).chars().skip(11).take(8).collect();
    let mut line = match &event.node {
        Some(node) => format!("{time} {:<15} {node}", event.name),
        None => format!("{time} {}", event.name),
    };
    let told = details(event);
    if !told.is_empty() {
        let _ = write!(line, " ({told})");
    }
    let message = event.data.get("message").and_then(Value::as_str);
    if let Some(message) = message {
        let first = message.lines().next().unwrap_or_default();
        let _ = write!(line, ": {first}");
    }
    line
}

fn details(event: &Event) -> String {
    let data = &event.data;
    let text = |name: &str| data.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let number = |name: &str| data.get(name).and_then(Value::as_i64);
    let mut parts = Vec::new();
    if let Some(attempt) = event.attempt.filter(|attempt| *attempt > 1) {
        parts.push(format!("attempt {attempt}"));
    }
    if let Some(ms) = number("duration_ms").filter(|_| event.node.is_some()) {
        parts.push(length(ms));
    }
    if data.get("cached").and_then(Value::as_bool) == Some(true) {
        parts.push("cached".to_owned());
    }
    if let Some(next) = number("next_at") {
        parts.push(format!("next in {}", length(next - event.at)));
    }
    for (name, word) in [("items", "items"), ("round", "round")] {
        if let Some(count) = number(name) {
            parts.push(format!("{count} {word}"));
        }
    }
    for name in ["workflow", "for", "name", "role", "by", "why", "comment", "class"] {
        if let Some(text) = text(name) {
            parts.push(if name == "by" { format!("by {text}") } else { text.to_owned() });
        }
    }
    parts.join(", ")
}
