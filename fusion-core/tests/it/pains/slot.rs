//! Concurrency keys: never more bodies than slots, and no slot is lost, whatever happens to its holder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fusion_core::model::graph::{Node, OnItemFailure};
use fusion_core::model::{Backoff, Concurrency, Failure, Graph, Policy, Timeout};
use fusion_core::{Fusion, StepRef};
use serde_json::{Value, json};

use super::bed::{Count, Disk};

crate::on_every_store! {
    a_slot_comes_back_however_its_holder_ends,
    a_run_that_is_let_go_lets_its_slots_go,
    whoever_waits_for_a_slot_can_be_cancelled,
    who_came_first_gets_the_slot_first_and_at_once,
}

fn limited(mut node: Node, limit: u32) -> Node {
    node.more_mut().policy.concurrency = Some(Concurrency { key: "shared".into(), limit });
    node
}

/// Thread 14: a body that fails, panics, takes too long or is cancelled gives its slot back.
async fn a_slot_comes_back_however_its_holder_ends(fusion: Fusion) {
    let tries = Count::default();
    let seen = tries.clone();
    let holds = fusion.step("holds", move |way: String| {
        let tries = seen.clone();
        async move {
            tokio::task::yield_now().await;
            tries.add();
            match way.as_str() {
                "error" => Err(Failure::error("no")),
                "panic" => panic!("no"),
                "long" => std::future::pending().await,
                _ => Ok(()),
            }
        }
    });
    let retry = Backoff { attempts: 3, initial_ms: 1, ..Backoff::default() };
    for way in ["error", "panic", "long"] {
        let timeout = Some(Timeout::Fixed(20));
        let policy = Policy { retry: retry.clone(), timeout, ..Policy::default() };
        let graph = Graph::new("bad").node("a", limited(holds.with(way).policy(policy), 1));
        let run = fusion.start(&graph, json!({})).await.unwrap();
        run.result::<Value>().await.unwrap_err();
    }
    assert_eq!(tries.get(), 9, "each of three attempts had the slot");
    let graph = Graph::new("cancelled").node("a", limited(holds.with("long"), 1));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    tries.reaches(10).await;
    run.cancel("ada", "").await.unwrap();
    run.result::<Value>().await.unwrap_err();
    let graph = Graph::new("good").node("a", limited(holds.with("good"), 1));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.result::<Value>().await.unwrap();
}

/// Thread 14: the bodies of a run that fails under them end, and their slots are free at once.
async fn a_run_that_is_let_go_lets_its_slots_go(fusion: Fusion) {
    let started = Count::default();
    let seen = started.clone();
    let holds = fusion.step("holds", move |_: Value| {
        seen.add();
        std::future::pending::<Result<(), Failure>>()
    });
    let reached = started.clone();
    let fails = fusion.step("fails", move |_: Value| {
        let started = reached.clone();
        async move {
            started.reaches(2).await;
            Err::<(), _>(Failure::error("no"))
        }
    });
    let graph = Graph::new("stop")
        .node("held", limited(holds.map(json!([1, 2])), 2))
        .node("bad", fails.node());
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.result::<Value>().await.unwrap_err();
    let good = fusion.step("good", |_: Value| async move { Ok(1) });
    let graph = Graph::new("next").node("all", limited(good.map(json!([1, 2, 3])), 2));
    fusion.start(&graph, json!({})).await.unwrap().result::<Value>().await.unwrap();
}

async fn whoever_waits_for_a_slot_can_be_cancelled(fusion: Fusion) {
    let started = Count::default();
    let seen = started.clone();
    let holds = fusion.step("holds", move |_: Value| {
        seen.add();
        std::future::pending::<Result<(), Failure>>()
    });
    let graph = Graph::new("hold").node("a", limited(holds.node(), 1));
    let first = fusion.start(&graph, json!({})).await.unwrap();
    started.reaches(1).await;
    let second = fusion.start(&graph, json!({})).await.unwrap();
    crate::pause(50).await;
    second.cancel("ada", "").await.unwrap();
    second.result::<Value>().await.unwrap_err();
    assert_eq!(started.get(), 1);
    first.cancel("ada", "").await.unwrap();
    first.result::<Value>().await.unwrap_err();
}

/// Registers a step that notes how many of it run at once.
fn crowd(fusion: &Fusion, now: &Count, most: &Arc<AtomicU32>) -> StepRef {
    let (now, most) = (now.clone(), most.clone());
    fusion.step("crowd", move |_: Value| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.add() + 1, Ordering::SeqCst);
            crate::pause(3).await;
            now.sub();
            Ok(1)
        }
    })
}

/// Threads 14 and 22: over two engines on one file there are never more bodies than slots, all are used, and all items
/// run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slots_are_shared_by_engines_on_one_file() {
    let disk = Disk::new();
    let (now, most) = (Count::default(), Arc::new(AtomicU32::new(0)));
    let mut runs = Vec::new();
    let mut engines = Vec::new();
    for _ in 0..2 {
        let fusion = disk.open().await;
        let step = crowd(&fusion, &now, &most);
        let items: Vec<u32> = (0..25).collect();
        let graph = Graph::new("crowd").node("all", limited(step.map(json!(items)), 3));
        let graph = graph.output("n", "{{ nodes.all | length }}");
        runs.push(fusion.start(&graph, json!({})).await.unwrap());
        engines.push(fusion);
    }
    for run in &runs {
        assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 25}));
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
    for fusion in &engines {
        fusion.close().await.unwrap();
    }
}

/// Thread 22: whatever the limits, as many items run as were sent, and never more at once than allowed.
#[tokio::test]
async fn every_limit_runs_what_was_sent() {
    let fusion = Fusion::open("memory://").await.unwrap();
    for (limit, parallel, items) in [
        (None, 1, 0_u32),
        (None, 1, 1),
        (None, 1, 40),
        (None, 7, 40),
        (None, 100, 40),
        (Some(1), 16, 20),
        (Some(5), 2, 20),
    ] {
        let (now, most) = (Count::default(), Arc::new(AtomicU32::new(0)));
        let mut node = crowd(&fusion, &now, &most).map(json!((0..items).collect::<Vec<_>>()));
        if let fusion_core::model::graph::Kind::Map(map) = &mut node.kind {
            map.max_parallel = parallel;
            map.on_item_failure = OnItemFailure::Finish;
        }
        if let Some(limit) = limit {
            node = limited(node, limit);
        }
        let graph = Graph::new("limits").node("all", node).output("n", "{{ nodes.all | sum }}");
        let run = fusion.start(&graph, json!({})).await.unwrap();
        assert_eq!(run.result::<Value>().await.unwrap(), json!({ "n": items }));
        let allowed = parallel.min(limit.unwrap_or(u32::MAX)).min(items);
        assert_eq!(most.load(Ordering::SeqCst), allowed, "{parallel} {limit:?} {items}");
    }
}

/// A slot that is given back goes to the next in line; nobody finds it by looking from time to time.
async fn who_came_first_gets_the_slot_first_and_at_once(fusion: Fusion) {
    const NODES: u32 = 30;
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = order.clone();
    let notes = fusion.step("notes", move |number: u32| {
        seen.lock().unwrap().push(number);
        async { Ok::<(), Failure>(()) }
    });
    let mut graph = Graph::new("line");
    for number in 0..NODES {
        graph = graph.node(&format!("n{number:02}"), limited(notes.with(number), 1));
    }
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let within = std::time::Duration::from_secs(u64::from(NODES) / 2);
    tokio::time::timeout(within, run.result::<Value>()).await.expect("nobody sleeps").unwrap();
    assert_eq!(*order.lock().unwrap(), (0..NODES).collect::<Vec<_>>());
}
