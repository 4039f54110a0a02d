//! `fusion spec analyze`: what a specification needs.

use fusion_core::error::Result;
use fusion_ops::analyze::{Analysis, Analyzer, Component};
use fusion_ops::spec::Folder;
use serde_json::json;

use crate::args::Analyzing;
use crate::render::{Color, Out, Table};

/// Prints stack, components and agents.
pub(super) fn analyze(args: &Analyzing, out: &Out) -> Result<u8> {
    let folder = Folder::open(&args.folder)?;
    let analysis = Analyzer::new().analyze(&folder);
    if out.json {
        Out::value(&json!(analysis));
    } else {
        show(&analysis, out);
    }
    Ok(0)
}

fn show(analysis: &Analysis, out: &Out) {
    let stack = &analysis.stack;
    let lists = [
        ("languages", &stack.languages),
        ("frameworks", &stack.frameworks),
        ("database", &stack.database),
        ("infrastructure", &stack.infrastructure),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        out.say(&format!("{name}: {}", list.join(", ")));
    }
    out.say("");
    components(&analysis.components, out);
    if !analysis.possible.is_empty() {
        let names: Vec<&str> = analysis.possible.iter().map(|one| one.id).collect();
        out.say(&format!("\nperhaps also: {}", names.join(", ")));
    }
    out.say("");
    let mut table = Table::new(&["agent", "part", "why"]);
    for agent in &analysis.agents {
        let part = format!("{:.0} %", agent.score * 100.0);
        let cells = [agent.agent.clone(), part, agent.reason.clone()];
        table.row(cells.map(|cell| (Color::Plain, cell)).to_vec());
    }
    table.print(out);
}

fn components(list: &[Component], out: &Out) {
    let mut table = Table::new(&["component", "sure", "because of"]);
    for component in list {
        let why = component.evidence.first().map(|line| {
            let text: String = line.text.chars().take(70).collect();
            format!("{}:{} {text}", line.file, line.line)
        });
        let sure = format!("{:.0} %", component.confidence * 100.0);
        let cells = [component.id.to_owned(), sure, why.unwrap_or_default()];
        table.row(cells.map(|cell| (Color::Plain, cell)).to_vec());
    }
    table.print(out);
}
