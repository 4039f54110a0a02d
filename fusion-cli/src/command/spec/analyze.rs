//! `fusion spec analyze`: what a specification needs.

use fusion_core::error::Result;
use fusion_ops::analyze::{Analysis, Analyzer, Component};
use fusion_ops::spec::{Folder, Severity, validate};
use serde_json::json;

use crate::args::{Analyzing, Changing};
use crate::command::{components, runtime};
use crate::project::components as registry;
use crate::render::{Color, Out, Table};

/// Prints stack, components and agents.
pub(super) fn analyze(args: &Analyzing, out: &Out) -> Result<u8> {
    if args.auto_install {
        return runtime::block_on(install(args, out));
    }
    // What components put into its files is not what the specification says.
    let folder = Folder::open(&args.folder)?.without_components();
    unread(&folder, out);
    let analysis = Analyzer::new().analyze(&folder);
    if out.json {
        Out::value(&json!(analysis));
    } else {
        show(&analysis, out);
    }
    Ok(0)
}

/// Says which files could not be read as what they are: their words count, and nothing else of them.
fn unread(folder: &Folder, out: &Out) {
    let wrong = validate(folder).into_iter().filter(|one| {
        one.severity == Severity::Error && ["spec.yaml", "spec.yml"].contains(&one.file.as_str())
    });
    for one in wrong {
        let place = format!("{}:{}", folder.path.join(&one.file).display(), one.line);
        out.note(&format!("warning: {}\n  --> {place}", one.message));
    }
}

/// Adds what is required, and prints what it is because of.
async fn install(args: &Analyzing, out: &Out) -> Result<u8> {
    let registry = registry(&args.registry);
    let (dry_run, allow_hooks) = (args.dry_run, args.allow_hooks);
    let how = Changing { dry_run, allow_hooks, ..Changing::default() };
    let required = components::install(&args.folder, &how, &registry, out).await?;
    if out.json {
        Out::value(&required.json());
    } else {
        show(&required.analysis, out);
        out.say("");
        required.lines(out);
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
    table_of(&analysis.components, out);
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

fn table_of(list: &[Component], out: &Out) {
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
