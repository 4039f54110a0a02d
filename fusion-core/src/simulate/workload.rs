//! Random small graphs with every kind of node.

use serde_json::{Value, json};

use super::rng::{Rng, hash};
use super::script;
use crate::graph;
use crate::model::graph::{Action, InputType, Kind, Node, OnItemFailure, Task, WaitSpec};
use crate::model::{Backoff, Cache, Concurrency, Graph, OnUnknown, Timeout};

/// The workflows that runs start by name.
pub(super) fn workflows(rng: &mut Rng) -> Vec<Graph> {
    let mut made: Vec<Graph> = Vec::new();
    for number in 0..2 {
        let known = made.clone();
        let (mut graph, _) = graph(rng, &known, &format!("inner-{number}"));
        // The caller cannot know what the input shall be.
        for input in graph.inputs.values_mut() {
            input.default =
                Some(if input.kind == InputType::Boolean { json!(true) } else { json!(3) });
        }
        made.push(graph);
    }
    made
}

/// A random graph that can run, and whether its result is the same whatever happens on the way.
pub(super) fn graph(rng: &mut Rng, workflows: &[Graph], name: &str) -> (Graph, bool) {
    loop {
        let mut determinate = true;
        let mut graph =
            Graph::new(name).input("flag", InputType::Boolean).input("n", InputType::Integer);
        if rng.chance(40) {
            graph = graph.finish_branches();
        }
        let count = if rng.chance(50) { rng.between(1, 4) } else { rng.between(3, 9) };
        for number in 0..count {
            let node = node(rng, number, workflows, &mut determinate);
            graph = graph.add(node);
        }
        let last = count - 1;
        graph = graph.output("last", format!("{{{{ nodes.n{last} }}}}"));
        graph = graph.output("n", "{{ inputs.n }}");
        if graph::checked(graph.clone()).is_ok() {
            return (graph, determinate);
        }
    }
}

fn node(rng: &mut Rng, number: u64, workflows: &[Graph], determinate: &mut bool) -> Node {
    let id = format!("n{number}");
    let mut needs: Vec<String> = Vec::new();
    while number > 0 && needs.len() < 3 && rng.chance(55) {
        let need = format!("n{}", rng.below(number));
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    let node = match rng.below(100) {
        0..6 => Node::wait(&id, WaitSpec::Duration(format!("{}ms", rng.below(6_000)))),
        6..13 => waiting(rng, &id, determinate),
        13..20 => match rng.pick(workflows) {
            Some(inner) => {
                *determinate &= !has_limits(inner, workflows);
                Node::workflow(&id, &inner.name).with(json!({}))
            }
            None => step(rng, &id, &needs),
        },
        20..24 => Node::step(&id, "grow").with(json!({"id": id, "n": "{{ inputs.n }}"})),
        24..36 => map(rng, &id, &needs),
        36..44 => repeat(rng, &id),
        44..48 => Node::command(&id, ["tool", &id, "{{ inputs.n }}"]),
        _ => step(rng, &id, &needs),
    };
    let mut node = node.after(needs);
    if rng.chance(8) {
        node = node.when("inputs.flag");
    }
    node
}

fn waiting(rng: &mut Rng, id: &str, determinate: &mut bool) -> Node {
    let timeout_ms = rng.chance(20).then(|| rng.between(500, 20_000));
    *determinate &= timeout_ms.is_none();
    Node::wait(
        id,
        if rng.chance(50) {
            WaitSpec::Signal { name: format!("sig-{id}"), timeout_ms }
        } else {
            WaitSpec::Approval { role: "any".to_owned(), message: "Go on?".to_owned(), timeout_ms }
        },
    )
}

/// Tells whether a wait in a workflow, or in one below it, may end by time.
fn has_limits(graph: &Graph, workflows: &[Graph]) -> bool {
    graph.nodes.iter().any(|node| match &node.kind {
        Kind::Wait(wait) => matches!(
            **wait,
            WaitSpec::Signal { timeout_ms: Some(_), .. }
                | WaitSpec::Approval { timeout_ms: Some(_), .. }
        ),
        kind => match kind.task().map(|task| &task.action) {
            Some(Action::Workflow(name)) => {
                workflows.iter().any(|inner| *inner.name == **name && has_limits(inner, workflows))
            }
            _ => false,
        },
    })
}

/// Says whether an approval of this node is granted.
pub(super) fn approves(node: &str) -> bool {
    !hash(&[node.as_bytes()]).is_multiple_of(5)
}

fn script_of(rng: &mut Rng) -> &'static str {
    // What is fast and simple comes more often.
    let drawn = rng.below(30);
    match drawn {
        0..6 => "ok",
        6..13 => "slow",
        _ => script::ALL
            .iter()
            .filter(|name| !["grow", "undo", "list"].contains(name))
            .nth(rng.index(script::ALL.len() - 3))
            .copied()
            .unwrap_or("ok"),
    }
}

fn step(rng: &mut Rng, id: &str, needs: &[String]) -> Node {
    let script = script_of(rng);
    let mut with = json!({"id": id});
    let seen: Vec<Value> = needs
        .iter()
        .filter(|_| rng.chance(60))
        .map(|need| json!(format!("{{{{ nodes.{need} }}}}")))
        .collect();
    if let Some(fields) = with.as_object_mut() {
        fields.insert("in".to_owned(), seen.into());
    }
    let mut node = Node::step(id, script);
    if ["ok", "slow"].contains(&script) && rng.chance(20) {
        node.more_mut().policy.cache = Some(Cache { ttl_ms: None, version: String::new() });
        with = json!({"shared": rng.below(3)});
    }
    slot(rng, &mut node, &mut with);
    policy(rng, script, &mut node, &mut with);
    if rng.chance(15) {
        let undo = Task::new(Action::Step("undo".into())).with(json!({"undo": id}));
        node = node.compensate(undo);
    }
    if script == "bad" && rng.chance(70) {
        let plan_b = Task::new(Action::Step("slow".into())).with(json!({"fallback": id}));
        node = node.fallback(plan_b);
    }
    node.with(with)
}

fn slot(rng: &mut Rng, node: &mut Node, with: &mut Value) {
    if !rng.chance(14) {
        return;
    }
    let name = if rng.chance(50) { "a" } else { "b" };
    // One key has one limit, or the limits would contradict each other.
    let limit = if name == "a" { 1 } else { 2 };
    node.more_mut().policy.concurrency = Some(Concurrency { key: name.to_owned(), limit });
    if let Some(fields) = with.as_object_mut() {
        fields.insert("slot".to_owned(), json!(name));
        fields.insert("limit".to_owned(), json!(limit));
    }
}

fn policy(rng: &mut Rng, script: &str, node: &mut Node, with: &mut Value) {
    let policy = &mut node.more_mut().policy;
    policy.priority = i32::try_from(rng.below(3)).unwrap_or(0);
    match script {
        "once" => {
            policy.at_most_once = true;
            policy.on_unknown = if rng.chance(50) { OnUnknown::Fail } else { OnUnknown::WaitHuman };
            if let Some(fields) = with.as_object_mut() {
                fields.insert("once".to_owned(), json!(true));
            }
        }
        "flaky" | "panics" | "memo" => {
            policy.retry = Backoff {
                attempts: if rng.chance(80) { 3 } else { 2 },
                initial_ms: rng.below(1_500),
                jitter: if rng.chance(50) { 0.5 } else { 0.0 },
                ..Backoff::ONCE
            };
        }
        "hang" => {
            policy.timeout = Some(Timeout::Fixed(rng.between(50, 800)));
            policy.retry = Backoff {
                attempts: 1 + u32::from(rng.chance(40)),
                initial_ms: 50,
                ..Backoff::ONCE
            };
        }
        "beats" => policy.heartbeat_ms = Some(60_000),
        _ => {}
    }
}

fn map(rng: &mut Rng, id: &str, needs: &[String]) -> Node {
    let script = match rng.below(5) {
        0 => "flaky",
        1 => "bad",
        2 => "memo",
        3 => "slow",
        _ => "ok",
    };
    let items: Vec<u64> = (0..rng.below(5)).collect();
    let mut with = json!({"id": id, "item": "{{ item }}", "in": needs.len()});
    let mut node = Node::step(id, script);
    slot(rng, &mut node, &mut with);
    policy(rng, script, &mut node, &mut with);
    let mut node = node.with(with).map(json!(items));
    if let Kind::Map(map) = &mut node.kind {
        map.max_parallel = u32::try_from(rng.between(1, 3)).unwrap_or(1);
        map.on_item_failure = match rng.below(3) {
            0 => OnItemFailure::Stop,
            1 => OnItemFailure::Finish,
            _ => OnItemFailure::Collect,
        };
    }
    node
}

fn repeat(rng: &mut Rng, id: &str) -> Node {
    let script = if rng.chance(60) { "slow" } else { "memo" };
    let mut with = json!({"id": id, "round": "{{ round }}"});
    let mut node = Node::step(id, script);
    policy(rng, script, &mut node, &mut with);
    let (needed, most) = (rng.between(1, 3), 1 + rng.below(4));
    let condition = format!("round >= {needed}");
    let mut node = node.with(with).until(&condition, u32::try_from(most).unwrap_or(1));
    if let Kind::Repeat(repeat) = &mut node.kind {
        repeat.pause_ms = rng.below(1_000);
    }
    node
}
