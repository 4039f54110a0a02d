//! Every kind of node with every policy: it is refused, or its effect is seen. Nothing that is written down is ignored.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use fusion_core::graph::Program;
use fusion_core::graph::check::{Places, check};
use fusion_core::model::graph::{Action, Check, InputType, Kind, Node, Task, WaitSpec};
use fusion_core::model::{
    Answer, Backoff, Cache, Class, Command, Concurrency, Decided, Failure, Graph, Input, Key,
    OnUnknown, Payload, Record, Start, Then, Timeout,
};
use fusion_core::schedule::State;
use fusion_core::{Fusion, Run};
use serde_json::{Value, json};

crate::on_every_store! {
    every_kind_of_node_with_every_policy,
}

const KINDS: [&str; 13] = [
    "step",
    "command",
    "agent",
    "expand",
    "map",
    "repeat",
    "workflow",
    "map of workflows",
    "repeat of workflows",
    "duration",
    "until",
    "signal",
    "approval",
];

const POLICIES: [&str; 12] = [
    "retry",
    "timeout",
    "heartbeat",
    "cache",
    "concurrency",
    "priority",
    "at_most_once",
    "on_unknown",
    "validate",
    "fallback",
    "compensate",
    "when",
];

/// The pairs that make no sense.
fn is_refused(kind: &str, policy: &str) -> bool {
    let is_time = ["duration", "until"].contains(&kind);
    let waits = is_time || ["signal", "approval"].contains(&kind);
    match policy {
        "heartbeat" | "cache" | "concurrency" => waits || kind.contains("workflow"),
        "timeout" | "validate" | "at_most_once" | "on_unknown" => waits,
        "retry" | "fallback" => is_time,
        _ => false,
    }
}

async fn every_kind_of_node_with_every_policy(fusion: Fusion) {
    let world = World::new(fusion);
    let mut refused = 0;
    for kind in KINDS {
        for policy in POLICIES {
            let graph = Graph::new("g").add(asked(kind, policy));
            let answer = check(&graph, &Places::none());
            assert_eq!(answer.is_err(), is_refused(kind, policy), "{kind} {policy}: {answer:?}");
            match answer {
                Err(error) => {
                    let said = format!("{} ({:?})", error.message(), error.hint_text());
                    assert!(said.contains(policy) && error.hint_text().is_some(), "{said}");
                    refused += 1;
                }
                Ok(()) => assert!(world.has_effect(kind, policy).await, "{kind} ignores {policy}"),
            }
        }
    }
    assert_eq!(refused, 41);
}

/// How the body behaves that shows the effect of a policy.
fn mode(policy: &str) -> &'static str {
    match policy {
        "retry" => "flaky",
        "timeout" | "heartbeat" | "concurrency" => "hang",
        "fallback" => "bad",
        _ => "ok",
    }
}

/// Makes the node `x` of a kind that asks for a policy.
fn asked(kind: &str, policy: &str) -> Node {
    let mut node = node(kind, mode(policy), &format!("{kind} {policy}"));
    let act = |kind| {
        let with = json!({"mode": "ok", "id": "", "graph": kind == "expand"});
        Task::new(Action::Step("act".into())).with(with)
    };
    let more = node.more_mut();
    match policy {
        "retry" => more.policy.retry = Backoff { attempts: 2, initial_ms: 1, ..Backoff::ONCE },
        "timeout" => more.policy.timeout = Some(Timeout::Fixed(60)),
        "heartbeat" => more.policy.heartbeat_ms = Some(60),
        "cache" => more.policy.cache = Some(Cache::default()),
        "concurrency" => {
            more.policy.concurrency = Some(Concurrency { key: kind.to_owned(), limit: 1 });
        }
        "priority" => more.policy.priority = 5,
        "at_most_once" => more.policy.at_most_once = true,
        "on_unknown" => {
            // Without the other it is only warned of.
            more.policy.at_most_once = !is_refused(kind, "at_most_once");
            more.policy.on_unknown = OnUnknown::WaitHuman;
        }
        "validate" => more.validate = vec![Check::That("false".into())],
        "fallback" => more.fallback = Some(act(kind)),
        "compensate" => more.compensate = Some(act("step")),
        _ => more.when = Some("false".into()),
    }
    node
}

fn node(kind: &str, mode: &str, id: &str) -> Node {
    let with = json!({"mode": mode, "id": id, "graph": kind == "expand"});
    let step = || Node::step("x", "act").with(with.clone());
    let flow = || Node::workflow("x", "inner").with(json!({"mode": mode, "id": id}));
    // What ends badly is a wait that nobody ends.
    let timeout_ms = (mode != "ok").then_some(20);
    match kind {
        "step" => step(),
        "command" => Node::command("x", ["sh", "-c", script(mode)]),
        "agent" => {
            let task = Task::new(Action::Agent(Box::new(json!("bob")))).with(with);
            Node::new("x", Kind::Run(task))
        }
        "expand" => {
            let mut node = step();
            node.more_mut().expand = true;
            node
        }
        "map" => step().map(json!([1])),
        "repeat" => step().until("true", 2),
        "workflow" => flow(),
        "map of workflows" => flow().map(json!([1])),
        "repeat of workflows" => flow().until("true", 2),
        "duration" => Node::wait("x", WaitSpec::Duration("1ms".into())),
        "until" => Node::wait("x", WaitSpec::Until("0".into())),
        "signal" => Node::wait("x", WaitSpec::Signal { name: "go".into(), timeout_ms }),
        _ => {
            let (role, message) = (String::new(), "Go?".to_owned());
            Node::wait("x", WaitSpec::Approval { role, message, timeout_ms })
        }
    }
}

fn script(mode: &str) -> &'static str {
    match mode {
        "flaky" => "test $FUSION_ATTEMPT -gt 1",
        "hang" => "exec sleep 30",
        "bad" => "exit 1",
        _ => "echo 7",
    }
}

struct World {
    fusion: Fusion,
    /// How many bodies of steps were entered.
    entered: Arc<AtomicU32>,
}

impl World {
    fn new(fusion: Fusion) -> Self {
        let entered = Arc::new(AtomicU32::new(0));
        let failed = Arc::new(Mutex::new(BTreeSet::new()));
        for name in ["act", "agent:bob"] {
            let (seen, failed) = (entered.clone(), failed.clone());
            fusion.step(name, move |input: Value| {
                seen.fetch_add(1, Ordering::SeqCst);
                let with = input.get("with").unwrap_or(&input).clone();
                let first = failed.lock().unwrap().insert(with["id"].to_string());
                act(with, first)
            });
        }
        let with = json!({"mode": "{{ inputs.mode }}", "id": "{{ inputs.id }}"});
        let inner = Graph::new("inner")
            .input("mode", InputType::Any)
            .input("id", InputType::Any)
            .add(Node::step("n", "act").with(with))
            .output("v", "{{ nodes.n }}");
        fusion.workflow(inner);
        Self { fusion, entered }
    }

    /// Runs the node, and looks for what its policy does.
    async fn has_effect(&self, kind: &str, policy: &str) -> bool {
        let graph = Graph::new("g").add(asked(kind, policy));
        let failed = |failure: Option<Failure>, class: Class, words: &str| {
            failure.is_some_and(|it| it.class == class && it.message.contains(words))
        };
        match policy {
            "priority" => return starts_first(kind, policy),
            "on_unknown" => return is_left_to_people(kind, policy),
            "concurrency" => return self.waits_for_the_other(&graph).await,
            "compensate" => {
                let bad = json!({"mode": "bad", "id": ""});
                let graph = graph.add(Node::step("y", "act").with(bad).after("x"));
                let (records, _) = self.run(&graph, kind).await;
                return records.iter().any(|record| match record {
                    Record::NodeSucceeded(key, ..) => key.is_undo(),
                    _ => false,
                });
            }
            _ => {}
        }
        let (records, failure) = self.run(&graph, kind).await;
        let then = |wanted: fn(&Then) -> bool| {
            let mut all = records.iter();
            all.any(|record| matches!(record, Record::NodeFailed(.., then) if wanted(then)))
        };
        match policy {
            "retry" => then(|then| matches!(then, Then::Retry(_))),
            "fallback" => failure.is_none() && then(|then| *then == Then::Fallback),
            "timeout" => failed(failure, Class::TIMEOUT, "it took longer than 60 ms"),
            "heartbeat" => failed(failure, Class::TIMEOUT, "no sign of life for 60 ms"),
            "validate" => failed(failure, Class::VALIDATION, "does not satisfy `false`"),
            "at_most_once" => records.iter().any(|it| matches!(it, Record::NodeStarted(..))),
            "cache" => {
                let before = self.entered.load(Ordering::SeqCst);
                let (records, _) = self.run(&graph, kind).await;
                let mut all = records.iter();
                let kept = all.any(|it| matches!(it, Record::NodeSucceeded(.., true)));
                (kept || kind == "expand") && self.entered.load(Ordering::SeqCst) == before
            }
            _ => records.iter().any(|record| matches!(record, Record::NodeSkipped(_))),
        }
    }

    async fn run(&self, graph: &Graph, kind: &str) -> (Vec<Record>, Option<Failure>) {
        let run = self.fusion.start(graph, json!({})).await.unwrap();
        let is_skipped = graph.nodes[0].more.as_ref().is_some_and(|more| more.when.is_some());
        if kind == "signal" && !is_skipped {
            let WaitSpec::Signal { timeout_ms, .. } = wait_of(graph) else { panic!("a signal") };
            if timeout_ms.is_none() {
                run.signal("go", 1).await.unwrap();
            }
        }
        if kind == "approval" && !is_skipped {
            let WaitSpec::Approval { timeout_ms, .. } = wait_of(graph) else {
                panic!("a question")
            };
            if timeout_ms.is_none() {
                answered(&run).await;
            }
        }
        let (_, _, failure) = run.wait().await.unwrap();
        let records = run.records().await.unwrap();
        (records.into_iter().map(|stamped| stamped.record).collect(), failure)
    }

    /// Two runs ask for the only slot: one of them is told to wait for the other.
    async fn waits_for_the_other(&self, graph: &Graph) -> bool {
        let a = self.fusion.start(graph, json!({})).await.unwrap();
        let b = self.fusion.start(graph, json!({})).await.unwrap();
        let mut is_held = false;
        for _ in 0..1_000 {
            for (one, other) in [(&a, &b), (&b, &a)] {
                let sentence = one.why().await.unwrap()[0].sentence.clone();
                let holder = format!("of run `{}` holds it", other.id());
                is_held |= sentence.contains("the only slot of the concurrency key")
                    && sentence.contains(&holder);
            }
            if is_held {
                break;
            }
            crate::pause(5).await;
        }
        for run in [&a, &b] {
            run.cancel("ada", "").await.unwrap();
            run.wait().await.unwrap();
        }
        is_held
    }
}

async fn act(with: Value, first: bool) -> Result<Value, Failure> {
    match with["mode"].as_str() {
        Some("hang") => std::future::pending().await,
        Some("bad") => Err(Failure::error("bad")),
        Some("flaky") if first => Err(Failure::error("not yet")),
        _ if with["graph"] == true => {
            Ok(json!({"fusion": 1, "name": "made", "nodes": {"n": {"command": ["true"]}}}))
        }
        _ => Ok(json!(7)),
    }
}

fn wait_of(graph: &Graph) -> WaitSpec {
    match &graph.nodes[0].kind {
        Kind::Wait(wait) => (**wait).clone(),
        other => panic!("a wait, not {other:?}"),
    }
}

async fn answered(run: &Run) {
    let answer = Answer { approved: true, by: "ada".into(), comment: String::new() };
    while run.answer(None, answer.clone()).await.is_err() {
        crate::pause(2).await;
    }
}

fn fresh(graph: Graph) -> State {
    let start = Start {
        workflow: "g".into(),
        version: 1,
        definition: Payload::NULL,
        input: Payload::NULL,
        origin: None,
    };
    State::new(Arc::new(Program::compile(graph).unwrap()), start)
}

/// A node that is listed last is started first.
fn starts_first(kind: &str, policy: &str) -> bool {
    let graph = Graph::new("g").add(Node::step("first", "act")).add(asked(kind, policy));
    let (mut state, mut out) = (fresh(graph), Decided::default());
    let x = state.program().find("x").unwrap();
    state.decide(Input::Adopted, 1, &mut out);
    out.commands.first() == Some(&Command::Start(Key::node(x), 1))
}

/// A body whose process died is left to people.
fn is_left_to_people(kind: &str, policy: &str) -> bool {
    let graph = || Graph::new("g").add(asked(kind, policy));
    let (mut state, mut out) = (fresh(graph()), Decided::default());
    let x = state.program().find("x").unwrap();
    state.decide(Input::Adopted, 1, &mut out);
    if state.program().map(x).is_some() {
        state.decide(Input::Expanded(x, 1), 1, &mut out);
    }
    let mut next = fresh(graph());
    out.records.iter().for_each(|record| next.fold(record));
    let mut out = Decided::default();
    next.decide(Input::Adopted, 2, &mut out);
    out.commands.is_empty() && matches!(out.records.as_slice(), [Record::InDoubt(_)])
}
