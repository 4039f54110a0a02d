//! Running again what may run only once, forks of retried runs, outputs that others may take over, engines that are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use fusion_core::error::Code;
use fusion_core::model::graph::{Action, Node, Task, WaitSpec};
use fusion_core::model::{Cache, Failure, Graph, NodeStatus, Policy, Record, RunStatus};
use fusion_core::{Forking, Fusion, Retrying, Run, StepRef};
use serde_json::{Value, json};

crate::on_every_store! {
    what_ran_once_runs_again_only_when_it_is_named,
    a_fork_of_a_retried_run_has_each_outcome_once,
    a_pause_reaches_the_child_runs,
    outputs_that_fail_undo_what_was_done,
}

/// A step that counts how often it is entered, and fails as long as it shall.
fn counted(fusion: &Fusion, name: &str) -> (StepRef, Arc<AtomicU32>, Arc<AtomicBool>) {
    let (count, fails) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let (seen, broken) = (count.clone(), fails.clone());
    let step = fusion.step(name, move |_: Value| {
        let n = seen.fetch_add(1, Ordering::SeqCst);
        let broken = broken.load(Ordering::SeqCst);
        async move { if broken { Err(Failure::error("broken")) } else { Ok(n) } }
    });
    (step, count, fails)
}

fn once(node: Node) -> Node {
    node.policy(Policy { at_most_once: true, ..Policy::default() })
}

async fn becomes(run: &Run, status: RunStatus) {
    for _ in 0..2_000 {
        if run.state().await.unwrap().status() == status {
            return;
        }
        crate::pause(5).await;
    }
    panic!("the run never became {status}: {:?}", run.why().await);
}

async fn what_ran_once_runs_again_only_when_it_is_named(fusion: Fusion) {
    let (pay, paid, _) = counted(&fusion, "pay");
    let (ship, shipped, fails) = counted(&fusion, "ship");
    fails.store(true, Ordering::SeqCst);
    let graph =
        Graph::new("order").node("pay", once(pay.node())).node("ship", once(ship.after("pay")));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap_err().code(), Code::RunFailed);

    let refused = run.retry(&[], "ada").await.unwrap_err();
    assert_eq!(refused.code(), Code::NotApplicable);
    assert!(refused.to_string().contains("`ship` may run only once"), "{refused}");
    let refused = run.fork(&["ship"], None, None, None).await.unwrap_err();
    assert!(refused.hint_text().unwrap().contains("--again ship"), "{refused:?}");
    let refused = run.fork(&[], None, None, None).await.unwrap_err();
    assert!(refused.to_string().contains("`pay`, `ship`"), "{refused}");
    let named = Retrying { nodes: &["pay"], again: &["ship"], by: "ada" };
    let refused = run.retry_with(named).await.unwrap_err();
    assert!(refused.to_string().contains("`pay` may run only once"), "{refused}");
    assert_eq!((paid.load(Ordering::SeqCst), shipped.load(Ordering::SeqCst)), (1, 1));

    fails.store(false, Ordering::SeqCst);
    run.retry_with(Retrying { again: &["ship"], by: "ada", ..Retrying::default() }).await.unwrap();
    run.result::<Value>().await.unwrap();
    assert_eq!((paid.load(Ordering::SeqCst), shipped.load(Ordering::SeqCst)), (1, 2));
    let forking = Forking { again: &["pay", "ship"], ..Forking::default() };
    run.fork_with(forking).await.unwrap().result::<Value>().await.unwrap();
    assert_eq!((paid.load(Ordering::SeqCst), shipped.load(Ordering::SeqCst)), (2, 3));
}

async fn a_fork_of_a_retried_run_has_each_outcome_once(fusion: Fusion) {
    let (first, _, _) = counted(&fusion, "first");
    let (each, _, _) = counted(&fusion, "each");
    let (last, _, _) = counted(&fusion, "last");
    let graph = Graph::new("twice")
        .node("a", first.node())
        .node("m", each.map("{{ range(nodes.a + 2) | list }}").after(["a"]))
        .node("z", last.after("m"))
        .output("m", "{{ nodes.m }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.result::<Value>().await.unwrap();
    run.retry(&["a"], "ada").await.unwrap();
    let again: Value = run.result().await.unwrap();
    assert_eq!(again["m"].as_array().unwrap().len(), 3);
    let fork = run.fork(&["z"], None, None, None).await.unwrap();
    assert_eq!(fork.result::<Value>().await.unwrap(), again);
    let records = fork.records().await.unwrap();
    let mut keys: Vec<String> = records
        .iter()
        .filter_map(|stamped| match &stamped.record {
            Record::NodeSucceeded(key, ..) => Some(format!("{key:?}")),
            Record::MapExpanded(node, _) => Some(format!("list {node:?}")),
            Record::MapSucceeded(node) => Some(format!("map {node:?}")),
            _ => None,
        })
        .collect();
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!((count, keys.len()), (7, 7), "{keys:?}");
}

async fn a_pause_reaches_the_child_runs(fusion: Fusion) {
    let (step, count, _) = counted(&fusion, "step");
    let signal = Node::wait("go", WaitSpec::Signal { name: "go".into(), timeout_ms: None });
    fusion.workflow(Graph::new("inner").add(signal).node("a", step.after("go")));
    let graph = Graph::new("outer").add(Node::workflow("kid", "inner"));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let kid = loop {
        let state = run.state().await.unwrap();
        if let Some((_, kid)) = state.children().next() {
            break fusion.find(kid).await.unwrap();
        }
        crate::pause(5).await;
    };
    becomes(&kid, RunStatus::Waiting).await;
    run.pause("ada").await.unwrap();
    becomes(&kid, RunStatus::Paused).await;
    kid.signal("go", json!(1)).await.unwrap();
    crate::pause(100).await;
    assert_eq!(
        count.load(Ordering::SeqCst),
        0,
        "the child starts nothing while its parent is paused"
    );
    run.resume("ada").await.unwrap();
    run.result::<Value>().await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

async fn outputs_that_fail_undo_what_was_done(fusion: Fusion) {
    let (work, _, _) = counted(&fusion, "work");
    let (undo, undone, _) = counted(&fusion, "undo");
    drop(undo);
    let node = work.node().compensate(Task::new(Action::Step("undo".into())));
    let graph = Graph::new("saga").node("a", node).output("x", "{{ nodes.a.nothing }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert!(error.to_string().contains("output `x`"), "{error}");
    assert_eq!(undone.load(Ordering::SeqCst), 1);
}

/// Outputs that were made with one secret are not taken over where the secret is another one, and the secret is in no key.
#[tokio::test]
async fn a_kept_output_belongs_to_the_secrets_it_was_made_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fusion.db");
    let (mut counts, mut seen) = (Vec::new(), Vec::new());
    for token in ["token-one", "token-two", "token-one"] {
        let fusion = Fusion::builder(path.to_str().unwrap())
            .secrets(move |name| (name == "TOKEN").then(|| token.to_owned()))
            .command_env([("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into())
            .open()
            .await
            .unwrap();
        let (ask, count, _) = counted(&fusion, "ask");
        let policy = Policy { cache: Some(Cache::default()), ..Policy::default() };
        let mut command = Node::command("c", ["sh", "-c", "echo $T | tr a-z A-Z; date +%N"]);
        if let fusion_core::model::graph::Kind::Run(task) = &mut command.kind
            && let Action::Command(command) = &mut task.action
        {
            command.env.insert("T".to_owned(), "{{ secrets.TOKEN }}".to_owned());
        }
        let graph = Graph::new("kept")
            .node("a", ask.with("{{ secrets.TOKEN }}").policy(policy.clone()))
            .add(command.policy(policy))
            .output("c", "{{ nodes.c.stdout }}");
        let run = fusion.start(&graph, json!({})).await.unwrap();
        seen.push(run.result::<Value>().await.unwrap()["c"].clone());
        counts.push(count.load(Ordering::SeqCst));
        fusion.close().await.unwrap();
    }
    assert_eq!(counts, [1, 1, 0]);
    assert!(seen[0] == seen[2] && seen[0] != seen[1], "{seen:?}");
}

/// An engine that nobody holds any more lets go of its runs, and its tasks end.
#[tokio::test]
async fn a_dropped_engine_lets_go_of_its_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fusion.db");
    let first = Fusion::open(path.to_str().unwrap()).await.unwrap();
    let entered = Arc::new(AtomicU32::new(0));
    let seen = entered.clone();
    let stuck = first.step("work", move |_: Value| {
        seen.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<Result<u32, Failure>>()
    });
    let graph = Graph::new("dropped").node("a", stuck.node());
    let run = first.start(&graph, json!({})).await.unwrap();
    while entered.load(Ordering::SeqCst) == 0 {
        crate::pause(2).await;
    }
    let id = run.id().clone();
    drop(first);
    assert_eq!(
        run.state()
            .await
            .unwrap()
            .node_status(run.state().await.unwrap().program().find_key("a").unwrap()),
        NodeStatus::Ready,
        "a run holds its engine"
    );
    drop(run);
    let second = Fusion::open(path.to_str().unwrap()).await.unwrap();
    let (_, count, _) = counted(&second, "work");
    second.recover().await.unwrap();
    let run = second.find(&id).await.unwrap();
    run.result::<Value>().await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
    for _ in 0..1_000 {
        if Arc::strong_count(&entered) == 1 {
            return;
        }
        crate::pause(5).await;
    }
    panic!("the engine's steps are still there");
}
