//! Live progress on a terminal: a bar for the run, a line for each node at work.

use std::collections::BTreeMap;
use std::time::Duration;

use fusion_core::model::Event;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use super::board::Board;
use super::safe::{one_line, safe};
use super::words::length;

/// The most nodes that have a line.
const LINES: usize = 8;

/// What moves on the terminal while a run is followed.
#[derive(Debug)]
pub(crate) struct Live {
    bars: MultiProgress,
    run: ProgressBar,
    nodes: BTreeMap<String, ProgressBar>,
    more: Option<ProgressBar>,
}

impl Live {
    /// Begins with an empty bar.
    pub(crate) fn new(name: &str, total: usize) -> Self {
        let bars = MultiProgress::new();
        let run = bars.add(ProgressBar::new(total as u64));
        let style =
            ProgressStyle::with_template("{prefix} [{bar:28.cyan/dim}] {pos}/{len} {elapsed}");
        run.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━━ "));
        run.set_prefix(name.to_owned());
        run.enable_steady_tick(Duration::from_millis(100));
        Self { bars, run, nodes: BTreeMap::new(), more: None }
    }

    /// Shows where the run stands.
    pub(crate) fn show(&mut self, board: &Board, progress: &BTreeMap<String, Value>, now: i64) {
        let (done, total) = board.progress();
        self.run.set_length(total as u64);
        self.run.set_position(done as u64);
        let active: Vec<_> = board.active().collect();
        let names: Vec<&str> = active.iter().take(LINES).map(|(name, _)| *name).collect();
        let bars = &self.bars;
        self.nodes.retain(|name, bar| {
            let keep = names.contains(&name.as_str());
            if !keep {
                bars.remove(bar);
            }
            keep
        });
        for (name, at) in active.iter().take(LINES) {
            let bar = self.nodes.entry((*name).to_owned()).or_insert_with(|| spinner(bars));
            let told = progress.get(*name).map(told).unwrap_or_default();
            let text =
                format!("{name} {} {} {told}", length((now - at.since) / 100 * 100), at.note);
            bar.set_message(one_line(text.trim_end()));
        }
        let hidden = active.len().saturating_sub(LINES);
        if hidden > 0 {
            let bar = self.more.get_or_insert_with(|| spinner(bars));
            bar.set_message(format!("and {hidden} more"));
        } else if let Some(bar) = self.more.take() {
            bars.remove(&bar);
        }
    }

    /// Writes a line above the bars.
    pub(crate) fn line(&self, text: &str) {
        // A terminal that went away sees nothing.
        let _ = self.bars.println(safe(text));
    }

    /// Tells whether an event deserves a line of its own.
    pub(crate) fn is_told(event: &Event) -> bool {
        !matches!(&*event.name, "node.started" | "node.saved" | "node.expanded" | "run.started")
            && event.node.as_deref().is_none_or(|node| !node.contains('['))
    }

    /// Takes everything that moves off the terminal.
    pub(crate) fn clear(&self) {
        let _ = self.bars.clear();
    }
}

fn spinner(bars: &MultiProgress) -> ProgressBar {
    let bar = bars.add(ProgressBar::new_spinner());
    let style = ProgressStyle::with_template("  {spinner:.cyan} {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Writes what a body said of its progress.
fn told(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
