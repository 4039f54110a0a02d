//! From a plan to a workflow file.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use fusion_core::coordination::{Aim, Card, Router};
use serde_json::Value;

use super::model::{Plan, State, Task};
use super::told::{open_needs, requirements};

/// The first line of every file that is made here.
pub const HEADER: &str = "# Made by `fusion spec plan`: change the tasks, not this file.";

/// Writes the workflow file of a plan: a node for each open task, in the order that the plan asks for.
///
/// A task without an agent goes to the one that its text fits best. `texts` are the requirements by id: a task is told those
/// that it names. None when no task is open.
pub fn workflow(plan: &Plan, name: &str, texts: &BTreeMap<String, String>) -> Option<String> {
    let needs = open_needs(plan);
    let nodes = names(plan);
    let router = Router::new(Card::known());
    let mut made = format!(
        "{HEADER}\nfusion: 1\nname: {}\nversion: 1\ninputs:\n  workspace: {{ type: string, default: \".\", \
         description: \"The folder that the agents work in\" }}\nnodes:\n",
        quoted(&named(name, "tasks"))
    );
    let mut any = false;
    for (at, task) in plan.tasks.iter().enumerate().filter(|(_, task)| task.state == State::Open) {
        let Some(node) = nodes.get(at) else { continue };
        any = true;
        let agent = task.agent.clone().unwrap_or_else(|| {
            router.route(&task.title, Aim::Fit).agent.trim_start_matches('@').to_owned()
        });
        // Writing to a string cannot fail.
        let _ = writeln!(made, "  {}:", quoted(node));
        let _ = writeln!(made, "    description: {}", quoted(&task.title));
        let _ = writeln!(
            made,
            "    agent: {{ program: {}, mode: edit, workspace: \"{{{{ inputs.workspace }}}}\" }}",
            quoted(&agent)
        );
        let _ =
            writeln!(made, "    with: {{ prompt: {} }}", quoted(&literal(&prompt(task, texts))));
        let first = needs.get(at).into_iter().flatten().filter_map(|need| nodes.get(*need));
        let first: Vec<String> = first.map(|node| quoted(node)).collect();
        if !first.is_empty() {
            let _ = writeln!(made, "    needs: [{}]", first.join(", "));
        }
    }
    any.then_some(made)
}

fn prompt(task: &Task, texts: &BTreeMap<String, String>) -> String {
    let mut prompt = format!("{} {}", task.id, task.title);
    if !task.files.is_empty() {
        let _ = write!(prompt, "\n\nFiles: {}", task.files.join(", "));
    }
    prompt.push_str(&requirements(task, texts));
    prompt
}

/// A text in which nothing is a template any more.
fn literal(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign == '{' && signs.peek().is_some_and(|next| "{%#".contains(*next)) {
            made.push_str("{{ '{' }}");
        } else {
            made.push(sign);
        }
    }
    made
}

/// A text as YAML: JSON, which is YAML too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A name that nodes and workflows may have.
fn named(text: &str, otherwise: &str) -> String {
    let fits = |sign: char| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-';
    let name: String =
        text.chars().map(|sign| if fits(sign) { sign } else { '_' }).take(100).collect();
    let name = name.trim_matches(['_', '-']);
    match name.chars().next() {
        None => otherwise.to_owned(),
        Some(sign) if sign.is_ascii_digit() => {
            format!("{}{name}", otherwise.get(..1).unwrap_or("t"))
        }
        Some(_) => name.to_owned(),
    }
}

/// The names of the nodes, each once.
fn names(plan: &Plan) -> Vec<String> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut names = Vec::new();
    for task in &plan.tasks {
        let name = named(&task.id, "Task");
        let mut own = name.clone();
        let mut copies = 1;
        while !seen.insert(own.clone()) {
            copies += 1;
            own = format!("{name}_{copies}");
        }
        names.push(own);
    }
    names
}
