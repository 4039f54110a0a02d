//! The texts of a graph: where each is, how it is read, and what it may name.

use serde_json::Value;

use crate::graph::template::Form;
use crate::model::graph::{Action, Check, Kind, Node, Task, WaitSpec};

/// A path into a graph as its file has it; costs nothing until it is written out.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    up: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    /// Begins a path at the top of the file.
    pub fn top(name: &'a str) -> Self {
        Self { up: None, step: Step::Name(name) }
    }

    /// Goes into a map.
    #[must_use]
    pub fn name(&'a self, name: &'a str) -> Self {
        Self { up: Some(self), step: Step::Name(name) }
    }

    /// Goes into a list.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        Self { up: Some(self), step: Step::Index(index) }
    }

    /// Writes the path as a JSON pointer.
    pub fn pointer(&self) -> String {
        let mut path = self.up.map(At::pointer).unwrap_or_default();
        path.push('/');
        match self.step {
            Step::Name(name) => path.push_str(&name.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => path.push_str(&index.to_string()),
        }
        path
    }

    /// Writes the path for people, without the node that it is in: `with.items[2]`.
    pub fn words(&self) -> String {
        self.split().1
    }

    /// Names the part for a message: ``node `log`: `retry.attempts` ``.
    pub fn label(&self) -> String {
        match self.split() {
            (Some(node), words) if words.is_empty() => format!("node `{node}`"),
            (Some(node), words) => format!("node `{node}`: `{words}`"),
            (None, words) => format!("`{words}`"),
        }
    }

    /// Names the part as the owner of something: ``node `log` ``, or ``the `retry` of node `log` ``.
    pub fn owner(&self) -> String {
        match self.split() {
            (Some(node), words) if words.is_empty() => format!("node `{node}`"),
            (Some(node), words) => format!("the `{words}` of node `{node}`"),
            (None, words) => format!("`{words}`"),
        }
    }

    /// Splits the path into the node that it is in, and the words inside.
    fn split(&self) -> (Option<&'a str>, String) {
        let mut steps = Vec::new();
        let mut here = Some(self);
        while let Some(at) = here {
            steps.push(at.step);
            here = at.up;
        }
        steps.reverse();
        let (node, inside) = match steps.as_slice() {
            [Step::Name("nodes"), Step::Name(node), inside @ ..]
            | [Step::Name("workflows"), _, Step::Name("nodes"), Step::Name(node), inside @ ..] => {
                (Some(*node), inside)
            }
            all => (None, all),
        };
        let mut words = String::new();
        for step in inside {
            match step {
                Step::Name(name) if words.is_empty() => words.push_str(name),
                Step::Name(name) => words.extend([".", name]),
                Step::Index(index) => words.extend(["[", index.to_string().as_str(), "]"]),
            }
        }
        (node, words)
    }
}

/// What a text may name beside nodes and inputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct May {
    /// The further words.
    pub(super) words: &'static [&'static str],
    /// Secrets: only where nothing is recorded.
    pub(super) secrets: bool,
    /// The node's own output: what undoes a node may look at it.
    pub(super) own: bool,
}

/// One text of a graph.
pub(super) struct Site<'a> {
    pub(super) at: At<'a>,
    pub(super) text: &'a str,
    pub(super) form: Form,
    pub(super) may: May,
}

type Visit<'v> = &'v mut dyn FnMut(&Site<'_>);

const PLAIN: May = May { words: &[], secrets: false, own: false };
const ITEM: &[&str] = &["item", "index"];
const ROUND: &[&str] = &["round", "previous"];
const OUT: &[&str] = &["output"];
const ITEM_OUT: &[&str] = &["output", "item", "index"];
const UNTIL: &[&str] = &["output", "round", "previous"];

/// Visits every text of a node that is a template or an expression.
pub(super) fn of_node(node: &Node, at: &At<'_>, visit: Visit<'_>) {
    let words = match &node.kind {
        Kind::Map(_) => ITEM,
        Kind::Repeat(_) => ROUND,
        Kind::Run(_) | Kind::Wait(_) => &[],
    };
    let may = May { words, secrets: true, own: false };
    match &node.kind {
        Kind::Run(task) => of_task(task, at, may, visit),
        Kind::Map(map) => {
            of_value(&map.over, &at.name("map"), PLAIN, visit);
            of_task(&map.task, at, may, visit);
        }
        Kind::Repeat(repeat) => {
            let up = at.name("repeat");
            let until = May { words: UNTIL, ..PLAIN };
            one(&up.name("until"), &repeat.until, Form::Expression, until, visit);
            of_task(&repeat.task, at, may, visit);
        }
        Kind::Wait(wait) => of_wait(wait, &at.name("wait"), visit),
    }
    let Some(more) = &node.more else { return };
    if let Some(when) = &more.when {
        one(&at.name("when"), when, Form::Expression, PLAIN, visit);
    }
    if let Some(concurrency) = &more.policy.concurrency {
        let may = May { words, ..PLAIN };
        one(&at.name("concurrency").name("key"), &concurrency.key, Form::Text, may, visit);
    }
    for (index, check) in more.validate.iter().enumerate() {
        if let Check::That(text) = check {
            let words = match &node.kind {
                Kind::Map(_) => ITEM_OUT,
                Kind::Repeat(_) => UNTIL,
                Kind::Run(_) | Kind::Wait(_) => OUT,
            };
            let may = May { words, ..PLAIN };
            let up = at.name("validate");
            one(&up.index(index).name("that"), text, Form::Expression, may, visit);
        }
    }
    if let Some(task) = &more.fallback {
        of_task(task, &at.name("fallback"), may, visit);
    }
    if let Some(task) = &more.compensate {
        of_task(task, &at.name("compensate"), May { own: true, words: OUT, ..may }, visit);
    }
}

/// Visits every text of a JSON value.
pub(super) fn of_value(value: &Value, at: &At<'_>, may: May, visit: Visit<'_>) {
    match value {
        Value::String(text) => one(at, text, Form::Text, may, visit),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                of_value(item, &at.index(index), may, visit);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                of_value(item, &at.name(key), may, visit);
            }
        }
        _ => {}
    }
}

/// Visits the texts of an output of the graph.
pub(super) fn of_output(value: &Value, at: &At<'_>, visit: Visit<'_>) {
    of_value(value, at, PLAIN, visit);
}

fn of_task(task: &Task, at: &At<'_>, may: May, visit: Visit<'_>) {
    // The arguments of a sub-workflow are recorded as its input.
    let recorded = matches!(task.action, Action::Workflow(_));
    let with = May { secrets: may.secrets && !recorded, ..may };
    of_value(&task.with, &at.name("with"), with, visit);
    match &task.action {
        Action::Command(program) => {
            for (index, arg) in program.argv.iter().enumerate() {
                one(&at.name("command").index(index), arg, Form::Text, may, visit);
            }
            for (name, text) in [("stdin", &program.stdin), ("cwd", &program.cwd)] {
                if let Some(text) = text {
                    one(&at.name(name), text, Form::Text, may, visit);
                }
            }
            for (name, text) in &program.env {
                one(&at.name("env").name(name), text, Form::Text, may, visit);
            }
        }
        Action::Agent(value) => of_value(value, &at.name("agent"), may, visit),
        Action::Model(value) => of_value(value, &at.name("model"), may, visit),
        Action::Step(_) | Action::Workflow(_) => {}
    }
}

fn of_wait(wait: &WaitSpec, at: &At<'_>, visit: Visit<'_>) {
    match wait {
        WaitSpec::Duration(text) => one(&at.name("duration"), text, Form::Text, PLAIN, visit),
        WaitSpec::Until(text) => one(&at.name("until"), text, Form::Text, PLAIN, visit),
        WaitSpec::Signal { name, .. } => one(&at.name("signal"), name, Form::Text, PLAIN, visit),
        WaitSpec::Approval { role, message, .. } => {
            let up = at.name("approval");
            one(&up.name("role"), role, Form::Text, PLAIN, visit);
            one(&up.name("message"), message, Form::Text, PLAIN, visit);
        }
    }
}

fn one(at: &At<'_>, text: &str, form: Form, may: May, visit: Visit<'_>) {
    visit(&Site { at: *at, text, form, may });
}
