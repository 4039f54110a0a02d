//! Reading a node.

use serde_json::Value;

use super::agents;
use super::policy::{Layered, ms, policy, texts, whole};
use super::table::{ACTIONS, NODE, PROGRAM, WAITS};
use super::tree::{Body, Tree};
use crate::error::{Code, Error};
use crate::graph::check::{At, Report, hand_down};
use crate::model::graph::{
    Action, Check, Kind, Map, More, Node, OnItemFailure, Program, Repeat, Task, WaitSpec,
};

/// How many items of a map run at once when the file does not say.
const PARALLEL: u32 = 16;

/// Reads a node; what it lacks is reported and stands in as something harmless, so that the rest can be checked.
pub(super) fn node(
    id: &str,
    tree: &Tree,
    defaults: Option<&Tree>,
    at: &At<'_>,
    report: &mut Report<'_>,
) -> Node {
    let layered = Layered { own: Some(tree), below: defaults };
    let mut more = More { when: tree.get("when").and_then(Tree::word), ..More::default() };
    let kind = if let Some(wait) = tree.get("wait") {
        more.policy.priority = whole(tree.get("priority")).unwrap_or(0);
        alone(tree, at, report);
        Kind::Wait(Box::new(self::wait(wait, tree.get("timeout"), at, report)))
    } else {
        more.validate = tree.get("validate").map(checks).unwrap_or_default();
        more.expand = tree.get("expand").and_then(Tree::bool).unwrap_or(false);
        let task = task(tree, layered, at, report);
        if asks(tree) && tree.get("with").is_none() {
            agents::unasked(at, report);
        }
        if let Some(fallback) = tree.get("fallback") {
            let at = at.name("fallback");
            let other = self::task(fallback, below(fallback, defaults), &at, report);
            more.fallback = Some(other);
        }
        let kind = looped(task, layered, at, report);
        more.policy = policy(layered, &kind, more.expand);
        kind
    };
    if let Some(undo) = tree.get("compensate") {
        more.compensate =
            Some(self::task(undo, below(undo, defaults), &at.name("compensate"), report));
    }
    let more = (more != More::default()).then(|| Box::new(more));
    let needs = tree.get("needs").map(texts).unwrap_or_default();
    let needs = needs.into_iter().map(Box::from).collect();
    let mut node = Node { id: id.into(), kind, needs, more };
    hand_down(&mut node);
    node
}

fn below<'t>(own: &'t Tree, defaults: Option<&'t Tree>) -> Layered<'t> {
    Layered { own: Some(own), below: defaults }
}

/// Reads what runs: exactly one action with its arguments.
fn task(tree: &Tree, layered: Layered<'_>, at: &At<'_>, report: &mut Report<'_>) -> Task {
    let given: Vec<&str> = ACTIONS.into_iter().filter(|key| tree.get(key).is_some()).collect();
    let refuse = |message: String, hint: &str, report: &mut Report<'_>| {
        report.add(at, Error::new(Code::WrongType, message).hint(hint));
    };
    match given.as_slice() {
        [_] => {}
        [] => {
            // A misspelt key was reported already, and is most probably the one that is missing.
            let misspelt = tree.entries().iter().any(|entry| NODE.field(&entry.key).is_none());
            if !misspelt && matches!(tree.body, Body::Map(_)) {
                let message = format!("{} says not what to run", at.owner());
                let hint = "add one of `step`, `command`, `agent`, `model`, `workflow`, or `wait` to a node";
                refuse(message, hint, report);
            }
        }
        many => {
            let message = format!("{} has {} at once", at.owner(), many.join(" and "));
            refuse(message, "make two nodes of it", report);
        }
    }
    if let Some(agent) = tree.get("agent") {
        agents::check(agent, &at.name("agent"), report);
    }
    if let Some(model) = tree.get("model") {
        agents::check_model(model, &at.name("model"), report);
    }
    if let (true, Some(with)) = (asks(tree), tree.get("with")) {
        agents::check_arguments(with, &at.name("with"), report);
    }
    let action = given.first().and_then(|key| action(key, tree, layered));
    let command = given.contains(&"command");
    for key in PROGRAM.into_iter().filter(|key| !command && tree.get(key).is_some()) {
        let error =
            Error::new(Code::UnknownKey, format!("{} has `{key}` without a `command`", at.owner()));
        report.add(&at.name(key), error.hint("arguments of other tasks stand in `with`"));
    }
    Task {
        action: action.unwrap_or_else(|| Action::Step("?".into())),
        with: tree.get("with").map_or(Value::Null, Tree::json),
    }
}

/// Tells whether a task asks a model.
fn asks(tree: &Tree) -> bool {
    let described = tree.get("agent").and_then(|agent| agent.get("model"));
    tree.get("model").or(described).is_some()
}

fn action(key: &str, tree: &Tree, layered: Layered<'_>) -> Option<Action> {
    let value = tree.get(key)?;
    Some(match key {
        "step" => Action::Step(value.text()?.into()),
        "workflow" => Action::Workflow(value.text()?.into()),
        "agent" => Action::Agent(Box::new(value.json())),
        "model" => Action::Model(Box::new(value.json())),
        _ => {
            let argv = texts(value);
            // A list that is no list was reported; an empty one is reported by the check of the graph.
            let argv = if argv.is_empty()
                && value.items().is_empty() != matches!(value.body, Body::List(_))
            {
                vec!["?".to_owned()]
            } else {
                argv
            };
            let env = layered.into("env");
            let entries = [env.below, env.own].into_iter().flatten().flat_map(Tree::entries);
            let env =
                entries.filter_map(|entry| Some((entry.key.to_string(), entry.value.word()?)));
            Action::Command(Box::new(Program {
                argv,
                stdin: tree.get("stdin").and_then(Tree::word),
                cwd: layered.get("cwd").and_then(Tree::word),
                env: env.collect(),
            }))
        }
    })
}

/// Puts a task into the loop that the node asks for.
fn looped(task: Task, node: Layered<'_>, at: &At<'_>, report: &mut Report<'_>) -> Kind {
    let own = |key: &str| node.own.and_then(|own| own.get(key));
    let (map, repeat) = (own("map"), own("repeat"));
    if map.is_some() && repeat.is_some() {
        let error =
            Error::new(Code::WrongType, format!("{} has `map` and `repeat` at once", at.owner()));
        report.add(at, error.hint("put the loop into a workflow of its own, and map over that"));
    }
    for key in ["max_parallel", "on_item_failure"] {
        if map.is_none() && own(key).is_some() {
            let error =
                Error::new(Code::UnknownKey, format!("{} has `{key}` without a `map`", at.owner()));
            report.add(&at.name(key), error.hint("add `map`, or take the key away"));
        }
    }
    if let Some(map) = map {
        let on_item_failure = match node.get("on_item_failure").and_then(Tree::text) {
            Some("finish") => OnItemFailure::Finish,
            Some("collect") => OnItemFailure::Collect,
            _ => OnItemFailure::Stop,
        };
        let max_parallel = whole(node.get("max_parallel")).unwrap_or(PARALLEL);
        // What does not fit was reported: an empty list stands in.
        let fits = matches!(map.body, Body::Text(_) | Body::List(_));
        let over = if fits { map.json() } else { Value::Array(Vec::new()) };
        return Kind::Map(Box::new(Map { over, task, max_parallel, on_item_failure }));
    }
    let Some(repeat) = repeat else { return Kind::Run(task) };
    Kind::Repeat(Box::new(Repeat {
        task,
        until: repeat.get("until").and_then(Tree::word).unwrap_or_else(|| "true".to_owned()),
        max: whole(repeat.get("max")).unwrap_or(1),
        pause_ms: ms(repeat.get("pause")).unwrap_or(0),
    }))
}

/// Reports what a wait cannot have.
fn alone(tree: &Tree, at: &At<'_>, report: &mut Report<'_>) {
    let fine = ["wait", "needs", "when", "description", "timeout", "priority", "compensate"];
    let known = tree.entries().iter().filter(|entry| NODE.field(&entry.key).is_some());
    for entry in known.filter(|entry| !fine.contains(&&*entry.key)) {
        let message = format!("{} waits and cannot have `{}`", at.owner(), entry.key);
        let hint = "let a node of its own do that, and need the wait";
        let place = report.places().place(entry.spot);
        report.push(Error::new(Code::WrongType, message).hint(hint).at(place));
    }
}

fn wait(tree: &Tree, timeout: Option<&Tree>, at: &At<'_>, report: &mut Report<'_>) -> WaitSpec {
    let given: Vec<&str> = WAITS.into_iter().filter(|key| tree.get(key).is_some()).collect();
    if given.len() != 1 && matches!(tree.body, Body::Map(_)) {
        let message = format!("{} must wait for exactly one thing", at.owner());
        let error = Error::new(Code::WrongType, message);
        report.add(
            &at.name("wait"),
            error.hint("add one of `duration`, `until`, `signal`, `approval`"),
        );
    }
    let word = |key: &str| tree.get(key).and_then(Tree::word);
    let timeout_ms = ms(timeout);
    let timed = matches!(given.first(), Some(&("duration" | "until")));
    if timeout.is_some() && (timed || timeout_ms.is_none()) {
        let message = format!("{} has a `timeout` that its `wait` cannot have", at.owner());
        let error = Error::new(Code::WrongType, message);
        report.add(
            &at.name("timeout"),
            error.hint("signals and approvals take one, such as `timeout: 1h`"),
        );
    }
    match given.first() {
        Some(&"until") => WaitSpec::Until(word("until").unwrap_or_else(|| "0".to_owned())),
        Some(&"signal") => {
            WaitSpec::Signal { name: word("signal").unwrap_or_else(|| "?".to_owned()), timeout_ms }
        }
        Some(&"approval") => {
            let approval = tree.get("approval");
            let get = |key: &str| approval.and_then(|tree| tree.get(key));
            if let (Some(_), Some(twice)) = (timeout, get("timeout")) {
                let message = format!("{} has a `timeout`, and its approval another", at.owner());
                let error = Error::new(Code::WrongType, message).hint("take one of them away");
                report.push(error.at(report.places().place(twice.spot)));
            }
            let message =
                get("message").and_then(Tree::word).or_else(|| approval.and_then(Tree::word));
            WaitSpec::Approval {
                role: get("role").and_then(Tree::word).unwrap_or_default(),
                message: message.unwrap_or_else(|| "?".to_owned()),
                timeout_ms: ms(get("timeout")).or(timeout_ms),
            }
        }
        _ => WaitSpec::Duration(word("duration").unwrap_or_else(|| "0s".to_owned())),
    }
}

fn checks(tree: &Tree) -> Vec<Check> {
    let all = tree.items().iter().flat_map(Tree::entries);
    all.filter_map(|entry| {
        let value = &entry.value;
        let text = || value.text().map(str::to_owned);
        Some(match &*entry.key {
            "min_chars" => Check::MinChars(whole(Some(value))?),
            "max_chars" => Check::MaxChars(whole(Some(value))?),
            "contains" => Check::Contains(text()?),
            "matches" => Check::Matches(text()?),
            "not_matches" => Check::NotMatches(text()?),
            "json" => Check::Json(value.bool()?),
            "that" => Check::That(text()?),
            _ => return None,
        })
    })
    .collect()
}
