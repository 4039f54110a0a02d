//! What is written in a graph means what the pages say: arguments that are handed down, what an expression sees, the class of a
//! failure, who is asked, who is waited for.

use std::sync::{Arc, Mutex};

use fusion_core::error::Code;
use fusion_core::model::graph::{Action, Check, InputType, Node, Task, WaitSpec};
use fusion_core::model::{
    Backoff, Class, Concurrency, Failure, Graph, Policy, Record, RunStatus, Timeout,
};
use fusion_core::run::Options;
use fusion_core::{Fusion, Run};
use serde_json::{Value, json};

crate::on_every_store! {
    what_undoes_or_replaces_a_node_has_its_arguments,
    an_expression_that_validates_sees_the_whole_scope,
    a_failed_sub_workflow_has_the_class_of_what_failed_in_it,
    the_outputs_of_a_sub_workflow_are_validated,
    a_sub_workflow_that_takes_too_long_ends_before_its_node_fails,
    a_command_that_writes_is_alive,
    who_is_asked_is_rendered_and_shown,
    a_run_waits_for_a_process_that_has_the_step,
    an_undoing_is_never_in_doubt,
    a_child_gets_the_only_slot_while_its_parent_waits,
    a_moment_after_a_hundred_years_fails_its_node,
}

fn task(step: &str) -> Task {
    Task::new(Action::Step(step.into()))
}

fn that(mut node: Node, text: &str) -> Node {
    node.more_mut().validate = vec![Check::That(text.into())];
    node
}

async fn failure_of(run: &Run) -> Failure {
    let (status, _, failure) = run.wait().await.unwrap();
    assert_eq!(status, RunStatus::Failed);
    failure.unwrap()
}

async fn why(run: &Run) -> String {
    run.why().await.unwrap()[0].sentence.clone()
}

async fn until_why(run: &Run, words: &str) -> String {
    for _ in 0..1_000 {
        let said = why(run).await;
        if said.contains(words) {
            return said;
        }
        crate::pause(5).await;
    }
    panic!("`{words}` was never the reason: {}", why(run).await);
}

async fn what_undoes_or_replaces_a_node_has_its_arguments(fusion: Fusion) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    for name in ["book", "cancel", "other"] {
        let seen = seen.clone();
        fusion.step(name, move |with: Value| {
            seen.lock().unwrap().push((name, with));
            async move { if name == "other" { Ok(1) } else { Ok(0) } }
        });
    }
    let bad = fusion.step("bad", |_: Value| async move { Err::<(), _>(Failure::error("no")) });
    let graph = Graph::new("trip")
        .input("seat", InputType::Integer)
        .add(
            Node::step("a", "book")
                .with(json!({"s": "{{ inputs.seat }}"}))
                .compensate(task("cancel")),
        )
        .add(Node::step("b", "bad").with(json!([7])).fallback(task("other")))
        .node("c", bad.node().after(["a", "b"]));
    let run = fusion.start(&graph, json!({"seat": 3})).await.unwrap();
    failure_of(&run).await;
    let mut seen = seen.lock().unwrap().clone();
    seen.sort_by_key(|(name, _)| *name);
    let seat = json!({"s": 3});
    assert_eq!(seen, [("book", seat.clone()), ("cancel", seat), ("other", json!([7]))]);
}

async fn an_expression_that_validates_sees_the_whole_scope(fusion: Fusion) {
    let same = fusion.step("same", |n: i64| async move { Ok(n) });
    let graph = |map: &str| {
        Graph::new("scope")
            .input("n", InputType::Integer)
            .node("z", same.with(1))
            .node("a", that(same.with("{{ inputs.n }}"), "output == inputs.n * nodes.z"))
            .node("m", that(same.with("{{ item }}").map(json!([5, 6])), map))
            .node("r", that(same.with("{{ round }}").until("output == 2", 2), "output == round"))
    };
    let run = fusion.start(&graph("output == item and index < 2"), json!({"n": 3})).await.unwrap();
    run.result::<Value>().await.unwrap();
    let run = fusion.start(&graph("output == 5 + index * nodes.z * 2"), json!({"n": 3})).await;
    let failure = failure_of(&run.unwrap()).await;
    assert_eq!(failure.class, Class::VALIDATION);
    assert!(failure.message.contains("`m[1]` failed"), "{}", failure.message);
}

/// Makes a workflow `inner` of one node, and another that runs it.
fn outer(fusion: &Fusion, inner: Node, policy: Policy) -> Graph {
    fusion.workflow(Graph::new("inner").add(inner).output("n", "{{ nodes.i }}"));
    Graph::new("outer").add(Node::workflow("w", "inner").policy(policy))
}

async fn a_failed_sub_workflow_has_the_class_of_what_failed_in_it(fusion: Fusion) {
    let exits = || Node::command("i", ["sh", "-c", "exit 3"]);
    let twice = |on: &[Class]| {
        let retry = Backoff { attempts: 2, initial_ms: 1, on: on.to_vec(), ..Backoff::ONCE };
        Policy { retry, ..Policy::PLAIN }
    };
    for (on, attempts) in [(vec![], 2), (vec![Class::EXIT], 2), (vec![Class::TIMEOUT], 1)] {
        let graph = outer(&fusion, exits(), twice(&on));
        let run = fusion.start(&graph, json!({})).await.unwrap();
        assert_eq!(failure_of(&run).await.class, Class::EXIT);
        let state = run.state().await.unwrap();
        let w = state.program().find_key("w").unwrap();
        assert_eq!(state.attempts(w), attempts, "{on:?}");
    }
    let graph = outer(&fusion, Node::command("i", ["no-such-program"]), twice(&[]));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(failure_of(&run).await.class, Class::SPAWN, "no second attempt mends that");
}

async fn the_outputs_of_a_sub_workflow_are_validated(fusion: Fusion) {
    let tries = Arc::new(Mutex::new(0));
    let count = tries.clone();
    fusion.step("count", move |_: Value| {
        let mut tries = count.lock().unwrap();
        *tries += 1;
        let n = *tries;
        async move { Ok(n) }
    });
    let retry = Backoff { attempts: 3, initial_ms: 1, ..Backoff::ONCE };
    let mut graph = outer(&fusion, Node::step("i", "count"), Policy { retry, ..Policy::PLAIN });
    graph.nodes[0] = that(graph.nodes[0].clone(), "output.n == 2");
    let run = fusion.start(&graph.output("n", "{{ nodes.w.n }}"), json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 2}));
    assert_eq!(*tries.lock().unwrap(), 2);
}

async fn a_sub_workflow_that_takes_too_long_ends_before_its_node_fails(fusion: Fusion) {
    fusion.step("hang", |_: Value| std::future::pending::<Result<(), Failure>>());
    let undone = Arc::new(Mutex::new(0));
    let count = undone.clone();
    fusion.step("undo", move |_: Value| {
        *count.lock().unwrap() += 1;
        async move { Ok(()) }
    });
    let inner = Graph::new("inner")
        .add(Node::command("first", ["true"]).compensate(task("undo")))
        .add(Node::step("i", "hang").after("first"));
    fusion.workflow(inner);
    let policy = Policy { timeout: Some(Timeout::Fixed(150)), ..Policy::PLAIN };
    let graph = Graph::new("outer").add(Node::workflow("w", "inner").policy(policy));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let failure = failure_of(&run).await;
    assert_eq!(failure.class, Class::TIMEOUT);
    assert_eq!(failure.message, "node `w` failed: it took longer than 150 ms");
    let records = run.records().await.unwrap();
    let child = records.iter().find_map(|it| match &it.record {
        Record::NodeWaiting(_, wait) => wait.child().cloned(),
        _ => None,
    });
    let child = fusion.find(&child.unwrap()).await.unwrap();
    assert_eq!(child.state().await.unwrap().status(), RunStatus::Cancelled);
    assert_eq!(*undone.lock().unwrap(), 1, "what it did was undone before its parent went on");
}

async fn a_command_that_writes_is_alive(fusion: Fusion) {
    let script = "for n in 1 2 3 4 5 6; do echo $n; sleep 0.1; done";
    let policy = Policy { heartbeat_ms: Some(400), ..Policy::PLAIN };
    let graph = Graph::new("beats")
        .add(Node::command("a", ["sh", "-c", script]).policy(policy))
        .output("n", "{{ nodes.a.lines | length }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 6}));
}

async fn who_is_asked_is_rendered_and_shown(fusion: Fusion) {
    let (role, message) = ("{{ inputs.who }}".to_owned(), "Go?".to_owned());
    let graph = Graph::new("ask")
        .input("who", InputType::String)
        .add(Node::wait("ok", WaitSpec::Approval { role, message, timeout_ms: None }));
    let run = fusion.start(&graph, json!({"who": "editor"})).await.unwrap();
    until_why(&run, "node `ok` waits for an editor's answer to \"Go?\"").await;
    run.cancel("ada", "").await.unwrap();
    run.wait().await.unwrap();
}

async fn a_run_waits_for_a_process_that_has_the_step(fusion: Fusion) {
    let graph = Graph::new("later").add(Node::step("a", "late")).output("a", "{{ nodes.a }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let said = until_why(&run, "waits for a process that has the step `late`").await;
    assert!(said.contains("none that works on this store has registered it"), "{said}");
    fusion.step("late", |_: Value| async move { Ok(1) });
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"a": 1}));
}

async fn an_undoing_is_never_in_doubt(fusion: Fusion) {
    let step = fusion.step("once", |_: Value| async move { Ok(1) });
    let stuck = fusion.step("stuck", |_: Value| std::future::pending::<Result<(), Failure>>());
    let bad = fusion.step("bad", |_: Value| async move { Err::<(), _>(Failure::error("no")) });
    let once = Policy { at_most_once: true, ..Policy::PLAIN };
    let undo = stuck.node().kind.task().cloned().unwrap();
    let graph = Graph::new("undo")
        .node("a", step.node().policy(once).compensate(undo))
        .node("b", bad.after("a"));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    until_why(&run, "what node `a` did is being undone").await;
    let verdict = fusion_core::model::Verdict::NotDone;
    let error = run.resolve("a[undo]", verdict, "ada").await.unwrap_err();
    assert_eq!(error.code(), Code::NotApplicable);
    assert!(error.message().contains("an undoing is never in doubt"), "{error}");
    assert!(error.hint_text().unwrap().contains("after a crash again"));
}

async fn nests(fusion: &Fusion) -> Run {
    let held = |mut node: Node| {
        node.more_mut().policy.concurrency = Some(Concurrency { key: "k".into(), limit: 1 });
        node
    };
    fusion.step("work", |_: Value| async move {
        crate::pause(2).await;
        Ok(1)
    });
    fusion.step("plan", |_: Value| async move {
        let held = json!({"command": ["true"], "concurrency": {"key": "k"}});
        Ok(json!({"fusion": 1, "name": "made", "nodes": {"n": held}}))
    });
    fusion.workflow(Graph::new("leaf").add(held(Node::step("n", "work"))));
    let middle = held(Node::step("n", "work"));
    fusion.workflow(Graph::new("middle").add(middle).add(Node::workflow("w", "leaf")));
    let mut grows = held(Node::step("e", "plan"));
    grows.more_mut().expand = true;
    let graph = Graph::new("top")
        .add(Node::workflow("w", "middle").map(json!([1, 2, 3])))
        .add(grows)
        .add(held(Node::step("n", "work").map(json!([1, 2, 3]))));
    fusion.start(&graph, json!({})).await.unwrap()
}

/// A node holds its slot while its body runs, never while a child run is waited for.
async fn a_child_gets_the_only_slot_while_its_parent_waits(fusion: Fusion) {
    nests(&fusion).await.result::<Value>().await.unwrap();
}

/// The same in a process that keeps all its runs.
#[tokio::test]
async fn a_child_gets_the_only_slot_in_a_process_that_lets_nothing_go() {
    let options = Options { hibernate: false, ..Options::default() };
    let fusion = Fusion::builder("memory://").options(options).open().await.unwrap();
    nests(&fusion).await.result::<Value>().await.unwrap();
}

/// A signal that came in time counts, also when nobody drove the run when it came and when its time was over.
#[tokio::test]
async fn a_signal_that_came_in_time_wins_over_the_limit_that_passed_since() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("fusion.db").display().to_string();
    let open = async |work: bool| {
        let options = Options { work, ..Options::default() };
        Fusion::builder(&url).options(options).open().await.unwrap()
    };
    let first = open(true).await;
    let spec = WaitSpec::Signal { name: "go".into(), timeout_ms: Some(600) };
    let graph = Graph::new("late").add(Node::wait("a", spec)).output("a", "{{ nodes.a }}");
    let run = first.start(&graph, json!({})).await.unwrap();
    until_why(&run, "waits for the signal `go`").await;
    first.close().await.unwrap();
    let teller = open(false).await;
    teller.find(run.id()).await.unwrap().signal("go", 7).await.unwrap();
    teller.close().await.unwrap();
    crate::pause(700).await;
    let second = open(true).await;
    second.recover().await.unwrap();
    let run = second.find(run.id()).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"a": 7}));
    second.close().await.unwrap();
}

async fn a_moment_after_a_hundred_years_fails_its_node(fusion: Fusion) {
    let wait = WaitSpec::Until("{{ inputs.at }}".to_owned());
    let graph = Graph::new("far").input("at", InputType::String).add(Node::wait("w", wait));
    for (at, words) in
        [("9999-12-31T23:59:59Z", "100 years"), ("99999999999999999", "after the year 9999")]
    {
        let run = fusion.start(&graph, json!({"at": at})).await.unwrap();
        let failure = failure_of(&run).await;
        assert!(failure.message.contains(words), "{failure:?}");
    }
}
