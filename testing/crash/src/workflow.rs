//! The reference run: one node or more of each kind, with an outcome that no crash may change.

use fusion_core::model::graph::{
    Action, InputType, Kind, Node, OnItemFailure, Program, Task, WaitSpec,
};
use fusion_core::model::{Backoff, Cache, Graph, OnUnknown, Policy};

use serde_json::{Value, json};

/// The signal that the run waits for.
pub const SIGNAL: &str = "go";

/// A command that writes to the ledger as steps do, has a child of its own, and dies with its worker.
///
/// `$LEDGER`, `$DIE_AT` come from the worker; the kill is for the line that this very command wrote.
const SCRIPT: &str = r#"
say() {
    printf '%-159s\n' "$FUSION_RUN_ID $FUSION_STEP_KEY $FUSION_ATTEMPT $FUSION_EPOCH $(date +%s%3N) $1" >> "$LEDGER"
    [ -z "$DIE_AT" ] || [ $(($(wc -c < "$LEDGER") / 160)) -ne "$DIE_AT" ] || kill -9 "$PPID"
}
say entered
sleep 600 > /dev/null 2>&1 &
sleep 0.01
say left
kill $!
echo 42
"#;

/// Gives the inputs of the reference run.
pub fn input() -> Value {
    json!({"n": 3})
}

fn task(step: &str) -> Task {
    Task::new(Action::Step(step.into()))
}

fn retried() -> Policy {
    let retry = Backoff { attempts: 3, initial_ms: 2, ..Backoff::default() };
    Policy { retry, ..Policy::default() }
}

fn once(on_unknown: OnUnknown) -> Policy {
    Policy { at_most_once: true, on_unknown, ..Policy::default() }
}

fn cached() -> Policy {
    Policy { cache: Some(Cache::default()), ..Policy::default() }
}

fn collected(mut node: Node) -> Node {
    if let Kind::Map(map) = &mut node.kind {
        map.on_item_failure = OnItemFailure::Collect;
    }
    node
}

fn numbers(from: u32, to: u32) -> Value {
    (from..to).collect::<Vec<_>>().into()
}

/// Gives the reference run's definition.
pub fn reference() -> Graph {
    let program =
        Program { argv: ["sh", "-c", SCRIPT].map(str::to_owned).to_vec(), ..Program::default() };
    let command = Kind::Run(Task::new(Action::Command(Box::new(program))));
    let approval =
        WaitSpec::Approval { role: "approver".into(), message: "Go on?".into(), timeout_ms: None };
    let go = WaitSpec::Signal { name: SIGNAL.into(), timeout_ms: None };
    let all = [
        "items", "shaky", "many", "thrifty", "child", "trip", "pause", "ok", "command", "again",
        "loop",
    ];
    let graph = Graph::new("reference")
        .input("n", InputType::Integer)
        .add(Node::step("a", "add").with("{{ inputs.n }}"))
        .add(Node::step("b", "add").with("{{ nodes.a }}").after("a"))
        .add(Node::step("c", "add").with("{{ nodes.b }}").after("b"))
        .add(Node::step("items", "double").map(numbers(0, 20)).after("b"))
        .add(Node::step("shaky", "shaky").with(5).after("a").policy(retried()))
        .add(
            Node::step("once", "once")
                .with("{{ nodes.b }}")
                .after("b")
                .policy(once(OnUnknown::WaitHuman)),
        )
        .add(collected(
            Node::step("many", "once")
                .map(numbers(100, 104))
                .after("a")
                .policy(once(OnUnknown::Fail)),
        ))
        .add(Node::step("thrifty", "thrifty").with("{{ nodes.c }}").after("c"))
        .add(Node::workflow("child", "inner").with(json!({"n": "{{ nodes.b }}"})).after("b"))
        .add(Node::workflow("trip", "trip").after("a").fallback(task("double").with(21)))
        .add(Node::wait("pause", WaitSpec::Duration("5ms".into())).after("b"))
        .add(Node::wait("gate", go).after("once"))
        .add(Node::wait("ok", approval).after("gate"))
        .add(Node::new("command", command).after("once"))
        .add(Node::step("cached", "double").with(1000).after("a").policy(cached()))
        .add(Node::step("again", "double").with(1000).after("cached").policy(cached()))
        .add(Node::step("loop", "grow").with("{{ previous }}").after("a").until("output >= 3", 10))
        .add(Node::step("end", "add").with("{{ nodes.c }}").after(all));
    ["c", "items", "shaky", "many", "thrifty", "child", "trip", "cached", "again", "loop", "end"]
        .into_iter()
        .fold(graph, |graph, name| graph.output(name, format!("{{{{ nodes[\"{name}\"] }}}}")))
        .output("once", "{{ nodes.once }}")
        .output("gate", "{{ nodes.gate.ok }}")
        .output("ok", "{{ nodes.ok.approved }}")
        .output("command", "{{ nodes.command.json }}")
}

/// Gives the sub-workflow that ends well.
pub fn inner() -> Graph {
    Graph::new("inner")
        .input("n", InputType::Integer)
        .add(Node::step("x", "add").with("{{ inputs.n }}"))
        .add(Node::wait("rest", WaitSpec::Duration("3ms".into())).after("x"))
        .add(Node::step("y", "add").with("{{ nodes.x }}").after(["x", "rest"]))
        .output("n", "{{ nodes.y }}")
}

/// Gives the sub-workflow that fails and undoes what it did.
pub fn trip() -> Graph {
    Graph::new("trip")
        .add(Node::step("flight", "double").with(1).compensate(task("double").with(-1)))
        .add(
            Node::step("hotel", "double")
                .with(2)
                .after("flight")
                .compensate(task("double").with(-2)),
        )
        .add(Node::step("car", "sold_out").after("hotel").compensate(task("double").with(-3)))
}
