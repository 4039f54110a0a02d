//! The keys of an agent that a file describes, and of the tools that it is given.

use std::collections::BTreeSet;

use super::layers::{BUDGET, FALLBACK, KEYS, PRICE, RATE};
use super::shape::Shape::{
    Bool, Dict, Int, List, Money, Number, Object, OneOf, Text, Time, Word, Words,
};
use super::shape::{Shape, Table};
use super::table::{MANY, key, must};
use super::tree::{Body, Tree};
use crate::error::{Code, Error, nearest};
use crate::graph::check::{At, Report};
use crate::graph::duration::parse_ms;

const TEXTS: Shape = OneOf(&[List(&Text), Text]);
/// What a model is asked with.
const ARGUMENTS: [&str; 4] = ["prompt", "system", "messages", "schema"];
/// The keys of which a tool has exactly one.
const SETS: [&str; 5] = ["workspace", "command", "http", "mcp", "memory"];

/// The keys that belong to some sets of tools only.
const BELONG: [(&str, &[&str]); 12] = [
    ("write", &["workspace"]),
    ("name", &["workspace", "mcp"]),
    ("folder", &["command"]),
    ("sandbox", &["command"]),
    ("network", &["command"]),
    ("readable", &["command"]),
    ("env", &["command", "mcp"]),
    ("timeout", &["command", "http"]),
    ("post", &["http"]),
    ("private", &["http"]),
    ("allow", &["mcp"]),
    ("key", &["mcp"]),
];

/// The keys that belong to one kind of agent only.
const BELONG_TO_AGENT: [(&str, &str); 14] = [
    ("mode", "program"),
    ("workspace", "program"),
    ("session", "program"),
    ("idle", "program"),
    ("tools", "model"),
    ("turns", "model"),
    ("cost", "model"),
    ("temperature", "model"),
    ("max_output_tokens", "model"),
    ("fallback", "model"),
    ("keys", "model"),
    ("rate", "model"),
    ("budget", "model"),
    ("price", "model"),
];

/// An agent that is found, or made, by what the file says of it.
pub(crate) static AGENT: Table = Table {
    name: "agent",
    about: "Exactly one of `needs` (an agent that can do this), `model` (an agent that is made here) and `program` (one on the command line).",
    one_of: &["needs", "model", "program"],
    keys: &[
        key("needs", TEXTS, "What it has to be able to do."),
        key(
            "model",
            Text,
            "Who answers: the name of a provider, such as `openai:gpt-4o-mini` or `local`.",
        ),
        key(
            "program",
            Text,
            "A program that works in a folder, such as `claude` or `codex:gpt-5`.",
        ),
        key(
            "mode",
            Words(&["read_only", "edit", "full"]),
            "What a program may do; it reads without it.",
        ),
        key("workspace", Text, "The folder of a program; without it one is made."),
        key("session", Text, "The conversation with which a program goes on."),
        key(
            "time",
            Time,
            "How long it may take (a program 1h); then its reply holds what there is.",
        ),
        key("idle", Time, "How long a program may be silent (10m); then the attempt fails."),
        key("name", Text, "What it is called in replies and budgets; `agent` by default."),
        key("system", Text, "Its instructions."),
        key("tools", List(&Object(&TOOLS)), "What it may use."),
        key(
            "turns",
            Int(1, MANY),
            "How often the model is asked for a turn at the most; 32 by default.",
        ),
        key(
            "cost",
            Money,
            "What may be spent for one task, in US dollars: no call is made once it is reached.",
        ),
        key("temperature", Number(0.0, 2.0), "How freely words are chosen."),
        key("max_output_tokens", Int(1, MANY), "How long an answer may be, in tokens."),
        FALLBACK,
        KEYS,
        RATE,
        BUDGET,
        PRICE,
    ],
};

/// The model that a `model` node asks.
pub(crate) static MODEL: Table = Table {
    name: "model",
    about: "A model, with how it is asked.",
    one_of: &[],
    keys: &[
        must(
            "name",
            Text,
            "Who answers: the name of a provider, such as `openai:gpt-4o-mini` or `local`.",
        ),
        key("system", Text, "Its instructions."),
        key("temperature", Number(0.0, 2.0), "How freely words are chosen."),
        key("top_p", Number(0.0, 1.0), "The share of probability that words are chosen from."),
        key(
            "seed",
            Int(-MANY, MANY),
            "The same seed makes answers alike, where a model takes one.",
        ),
        key("max_output_tokens", Int(1, MANY), "How long an answer may be, in tokens."),
        FALLBACK,
        KEYS,
        RATE,
        BUDGET,
        PRICE,
    ],
};

/// A set of tools.
pub(crate) static TOOLS: Table = Table {
    name: "tools",
    about: "A set of tools: exactly one of `workspace`, `command`, `http`, `mcp`, `memory`.",
    one_of: &SETS,
    keys: &[
        key(
            "workspace",
            Text,
            "A folder whose files may be seen; a relative one begins in the folder in which `fusion` is called.",
        ),
        key("write", Bool, "Its files may be changed, too; it is made if it is not there."),
        key(
            "command",
            List(&Text),
            "Command lines that may be run: `cargo` (any arguments), `git status` (just this), `git log *`.",
        ),
        key("folder", Text, "Where they run; in the agent's one workspace by default."),
        key(
            "sandbox",
            Words(&["strict", "available", "off"]),
            "How well they are isolated: `strict` is refused when a layer is missing, `available` takes the layers that there are; `off` without it.",
        ),
        key(
            "network",
            Words(&["none", "own", "host"]),
            "What they reach of the network in a sandbox; nothing without it.",
        ),
        key(
            "readable",
            List(&Text),
            "Further folders that they may read and execute in a sandbox, by their full paths.",
        ),
        key(
            "http",
            List(&Text),
            "Hosts that may be asked: `docs.rs`, `*.rust-lang.org`, `*` for any; only public addresses.",
        ),
        key("post", Bool, "POST is allowed, too."),
        key("private", Bool, "Addresses of this machine and its network are allowed, too."),
        key("timeout", Time, "How long one call of a program (2m) or a host (30s) may take."),
        key(
            "mcp",
            OneOf(&[List(&Text), Text]),
            "A server of the Model Context Protocol: its program and arguments, or its URL.",
        ),
        key("allow", List(&Text), "Which of its tools; one `*` stands for anything."),
        key("key", Text, "What is sent to its URL as a bearer token."),
        key(
            "memory",
            Text,
            "Whose memory: facts that are found again in later tasks, by `remember`, `recall` and `forget`.",
        ),
        key("name", Text, "What stands before the names of the tools of a workspace or a server."),
        key("env", Dict(&Word), "Variables for programs."),
    ],
};

/// Reports an agent or a set of tools that is several things at once, or nothing.
pub(super) fn check(tree: &Tree, at: &At<'_>, report: &mut Report<'_>) {
    if !matches!(tree.body, Body::Map(_)) {
        return;
    }
    one_of(tree, &AGENT, at, report);
    let mut kinds = ["model", "program"].into_iter().filter(|key| tree.get(key).is_some());
    if let (Some(kind), None) = (kinds.next(), kinds.next()) {
        for (key, of) in BELONG_TO_AGENT.into_iter().filter(|(_, of)| *of != kind) {
            if tree.get(key).is_some() {
                let message = format!("an agent with a `{kind}` has no `{key}`");
                let hint = format!("it belongs to one with a `{of}`");
                report.add(&at.name(key), Error::new(Code::UnknownKey, message).hint(hint));
            }
        }
    }
    for key in ["model", "program", "name"] {
        filled(tree, key, at, report);
    }
    for key in ["time", "idle"] {
        if tree.get(key).and_then(Tree::word).is_some_and(|text| parse_ms(&text) == Ok(0)) {
            let what = format!("{}: nothing could ever be done in time", at.name(key).label());
            report.add(&at.name(key), Error::new(Code::WrongType, what));
        }
    }
    let tools = tree.get("tools").map(Tree::items).unwrap_or_default();
    let below = at.name("tools");
    folders(tools, &below, report);
    for (index, set) in tools.iter().enumerate().filter(|(_, set)| matches!(set.body, Body::Map(_)))
    {
        let at = below.index(index);
        one_of(set, &TOOLS, &at, report);
        let mut given = SETS.iter().filter(|key| set.get(key).is_some());
        if let (Some(kind), None) = (given.next(), given.next()) {
            check_set(set, kind, &at, report);
        }
    }
}

/// Reports a text that is there and empty.
fn filled(tree: &Tree, key: &str, at: &At<'_>, report: &mut Report<'_>) {
    if tree.get(key).and_then(Tree::text).is_some_and(|text| text.trim().is_empty()) {
        let at = at.name(key);
        let hint = "fill it in, or take the key away";
        report.add(&at, Error::new(Code::WrongType, format!("{} is empty", at.label())).hint(hint));
    }
}

/// Reports workspaces whose tools would have the same names.
fn folders(tools: &[Tree], at: &At<'_>, report: &mut Report<'_>) {
    let mut names = BTreeSet::new();
    for (index, set) in tools.iter().enumerate().filter(|(_, set)| set.get("workspace").is_some()) {
        if !names.insert(set.get("name").and_then(Tree::text).unwrap_or_default()) {
            let at = at.index(index);
            let message =
                format!("{} has tools of the same names as another workspace", at.label());
            let hint = "give each a `name` of its own: it stands before the names of its tools";
            report.add(&at, Error::new(Code::WrongType, message).hint(hint));
        }
    }
}

/// Reports what does not belong to a set of tools, and what it lacks.
fn check_set(set: &Tree, kind: &str, at: &At<'_>, report: &mut Report<'_>) {
    for (key, of) in BELONG {
        if set.get(key).is_some() && !of.contains(&kind) {
            let message = format!("tools of a `{kind}` have no `{key}`");
            let hint = format!("it belongs to `{}`", of.join("` and `"));
            report.add(&at.name(key), Error::new(Code::UnknownKey, message).hint(hint));
        }
    }
    let items = set.get(kind).filter(|list| matches!(list.body, Body::List(_)));
    if items.is_some_and(|list| list.items().is_empty()) {
        let at = at.name(kind);
        let message = format!("{} is an empty list", at.label());
        let hint = "say what is allowed, or take the tools away";
        report.add(&at, Error::new(Code::WrongType, message).hint(hint));
    }
    // A misspelt key was reported already, and is most probably the one that is missing.
    let misspelt = set.entries().iter().any(|entry| TOOLS.field(&entry.key).is_none());
    if kind == "mcp" && !misspelt && ["name", "allow"].iter().any(|key| set.get(key).is_none()) {
        let message = "a server of tools (`mcp`) needs a `name`, and `allow`";
        let hint = "say which of its tools the agent may use: allow: [\"read_*\"]";
        report.add(at, Error::new(Code::WrongType, message).hint(hint));
    }
    let is_off = set.get("sandbox").is_none_or(|word| word.text() == Some("off"));
    let only = ["network", "readable"].into_iter().find(|key| set.get(key).is_some());
    if let (true, "command", Some(key)) = (is_off, kind, only) {
        let message =
            format!("`{key}` needs `sandbox`: commands reach all that this program reaches");
        report.add(&at.name(key), Error::new(Code::WrongType, message).hint("add sandbox: strict"));
    }
}

/// Reports a model without a name.
pub(super) fn check_model(model: &Tree, at: &At<'_>, report: &mut Report<'_>) {
    filled(model, "name", at, report);
    if model.text().is_some_and(|text| text.trim().is_empty()) {
        let message = format!("{} is empty", at.label());
        let hint = "name who answers: a provider such as `openai:gpt-4o-mini` or `local`";
        report.add(at, Error::new(Code::WrongType, message).hint(hint));
    }
}

/// Reports arguments that no model takes, and a prompt that is not there.
pub(super) fn check_arguments(with: &Tree, at: &At<'_>, report: &mut Report<'_>) {
    filled(with, "prompt", at, report);
    let misspelt = with.entries().iter().any(|entry| !ARGUMENTS.contains(&&*entry.key));
    let is_asked = match &with.body {
        Body::Text(text) => !text.trim().is_empty(),
        Body::Map(_) => with.get("prompt").is_some() || misspelt,
        _ => false,
    };
    if !is_asked {
        unasked(at, report);
    }
    for entry in with.entries().iter().filter(|entry| !ARGUMENTS.contains(&&*entry.key)) {
        let message = format!("{} has no key `{}`", at.owner(), entry.key);
        let hint = nearest::hint(&entry.key, ARGUMENTS);
        report.add(&at.name(&entry.key), Error::new(Code::UnknownKey, message).hint(hint));
    }
}

/// Reports a model that is asked nothing.
pub(super) fn unasked(at: &At<'_>, report: &mut Report<'_>) {
    let message = format!("{} does not say what the model is asked", at.label());
    let hint = "`with` is a text, or a map with `prompt`";
    report.add(at, Error::new(Code::WrongType, message).hint(hint));
}

fn one_of(tree: &Tree, table: &Table, at: &At<'_>, report: &mut Report<'_>) {
    let given: Vec<&str> =
        table.one_of.iter().copied().filter(|key| tree.get(key).is_some()).collect();
    // A misspelt key was reported already, and is most probably the one that is missing.
    let misspelt = tree.entries().iter().any(|entry| table.field(&entry.key).is_none());
    if given.len() == 1 || (given.is_empty() && misspelt) {
        return;
    }
    let message = match given.as_slice() {
        [] => format!("{} says not what it is", at.owner()),
        many => format!("{} has {} at once", at.owner(), many.join(" and ")),
    };
    let hint = format!("give exactly one of `{}`", table.one_of.join("`, `"));
    report.add(at, Error::new(Code::WrongType, message).hint(hint));
}
