//! Crashes, restarts, failing disks: nothing is lost, nothing is done twice, and whoever waits is told.

use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::contract::Store;
use fusion_core::error::Code;
use fusion_core::model::graph::{Node, WaitSpec};
use fusion_core::model::{Backoff, Class, Failure, Graph, NodeStatus, Policy, RunStatus, Timeout};
use fusion_core::record::sqlite::{Options, Sqlite};
use fusion_crashfs::{Disk as Crashing, Faults};
use serde_json::{Value, json};

use super::bed::{Count, Disk, clock_ms, env, signal, until};

crate::on_every_store! {
    a_failed_step_runs_again_on_retry_after_each_way_to_fail,
}

/// Thread 10: what has finished does not run again after a restart, whatever ran beside it.
#[tokio::test]
async fn what_finished_is_not_repeated() {
    let disk = Disk::new();
    let (done, open) = (Count::default(), Count::default());
    let mut run = None;
    for round in 0..3 {
        let fusion = disk.open().await;
        let (done, open) = (done.clone(), open.clone());
        let reached = open.clone();
        let quick = fusion.step("quick", move |_: Value| {
            let n = done.add();
            async move { Ok(n) }
        });
        let slow = fusion.step("slow", move |_: Value| {
            let n = open.add();
            async move {
                if n < 2 {
                    std::future::pending::<()>().await;
                }
                Ok(n)
            }
        });
        let graph = Graph::new("crash")
            .node("a", quick.node())
            .node("b", slow.node())
            .node("c", quick.after("a"))
            .output("all", json!(["{{ nodes.a }}", "{{ nodes.b }}", "{{ nodes.c }}"]));
        if round == 0 {
            run = Some(fusion.start(&graph, json!({})).await.unwrap().id().clone());
        }
        fusion.recover().await.unwrap();
        let again = fusion.find(run.as_ref().unwrap()).await.unwrap();
        reached.reaches(round + 1).await;
        if round == 2 {
            assert_eq!(again.result::<Value>().await.unwrap(), json!({"all": [0, 2, 1]}));
        } else {
            while again.state().await.unwrap().left() > 1 {
                crate::pause(5).await;
            }
        }
        fusion.close().await.unwrap();
    }
}

/// Threads 19 and 20: a large result that a body saved is there for its next attempt, in this process and in another.
#[tokio::test]
async fn a_large_memo_is_paid_for_once() {
    let disk = Disk::new();
    let calls = Count::default();
    let tries = Count::default();
    let mut id = None;
    for round in 0..2 {
        let fusion = disk.open().await;
        let (paid, begun) = (calls.clone(), tries.clone());
        let step = fusion.step_with("paid", move |ctx, _: Value| {
            let (calls, tries) = (paid.clone(), begun.clone());
            async move {
                let work = async {
                    calls.add();
                    Ok("m".repeat(200_000))
                };
                let text: String = ctx.memo("model", work).await?;
                match tries.add() {
                    0 => Err(Failure::error("later")),
                    1 => std::future::pending().await,
                    _ => Ok(text.len()),
                }
            }
        });
        if round == 0 {
            let retry = Backoff { attempts: 5, initial_ms: 1, ..Backoff::default() };
            let node = step.node().policy(Policy { retry, ..Policy::default() });
            let graph = Graph::new("paid").node("a", node).output("n", "{{ nodes.a }}");
            id = Some(fusion.start(&graph, json!({})).await.unwrap().id().clone());
            tries.reaches(2).await;
        } else {
            fusion.recover().await.unwrap();
            let run = fusion.find(id.as_ref().unwrap()).await.unwrap();
            assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 200_000}));
        }
        fusion.close().await.unwrap();
    }
    assert_eq!((calls.get(), tries.get()), (1, 3));
}

/// Thread 16: taking a run up again runs what failed, however it failed, and only then says that it succeeded.
async fn a_failed_step_runs_again_on_retry_after_each_way_to_fail(fusion: Fusion) {
    for way in ["error", "panic", "timeout", "cancel"] {
        let tries = Count::default();
        let seen = tries.clone();
        let step = fusion.step(way, move |_: Value| {
            let first = seen.add() == 0;
            async move {
                match way {
                    "error" if first => Err(Failure::error("first")),
                    "panic" if first => panic!("first"),
                    "timeout" | "cancel" if first => std::future::pending().await,
                    _ => Ok(way),
                }
            }
        });
        let mut node = step.node();
        if way == "timeout" {
            node.more_mut().policy.timeout = Some(Timeout::Fixed(20));
        }
        let graph = Graph::new("again")
            .node("a", node)
            .node("b", step.after("a"))
            .output("all", json!(["{{ nodes.a }}", "{{ nodes.b }}"]));
        let run = fusion.start(&graph, json!({})).await.unwrap();
        if way == "cancel" {
            tries.reaches(1).await;
            run.cancel("ada", "").await.unwrap();
        }
        run.result::<Value>().await.unwrap_err();
        let state = run.state().await.unwrap();
        let a = state.program().find_key("a").unwrap();
        let expected = if way == "cancel" { NodeStatus::Cancelled } else { NodeStatus::Failed };
        assert_eq!(state.node_status(a), expected, "{way}");
        run.retry(&[], "ada").await.unwrap();
        assert_eq!(run.result::<Value>().await.unwrap(), json!({"all": [way, way]}), "{way}");
        assert_eq!(tries.get(), 3, "{way}");
    }
}

/// Timers survive a restart: one that came due meanwhile fires at once, another at its time.
#[tokio::test]
async fn timers_survive_a_restart() {
    let disk = Disk::new();
    let first = disk.open().await;
    let wait = |length: &str| Node::wait("w", WaitSpec::Duration(length.into()));
    let short = first.start(&Graph::new("short").add(wait("50ms")), json!({})).await.unwrap();
    let long = first.start(&Graph::new("long").add(wait("1500ms")), json!({})).await.unwrap();
    let from = clock_ms();
    until(&long, RunStatus::Waiting).await;
    first.close().await.unwrap();
    crate::pause(100).await;
    let second = disk.open().await;
    second.recover().await.unwrap();
    second.find(short.id()).await.unwrap().result::<Value>().await.unwrap();
    assert!(clock_ms() - from < 1_400, "what was due did not wait for the other timer");
    second.find(long.id()).await.unwrap().result::<Value>().await.unwrap();
    let took = clock_ms() - from;
    assert!((1_450..4_000).contains(&took), "{took} ms");
    second.close().await.unwrap();
}

async fn on(disk: &Crashing) -> Fusion {
    let store = Sqlite::open(Options::new("x.db").vfs(disk.vfs()), env()).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let fusion = Fusion::builder("").store(store).open().await.unwrap();
    fusion.step("big", |n: u32| async move { Ok(format!("{n}{}", "b".repeat(30_000))) });
    fusion
}

fn chain() -> Graph {
    let mut graph = Graph::new("chain").add(signal("go", "go"));
    for n in 0..30 {
        let before = if n == 0 { "go".to_owned() } else { format!("n{}", n - 1) };
        graph = graph.add(Node::step(&format!("n{n}"), "big").with(n).after([before]));
    }
    graph
}

/// Thread 12: a disk that is full is told to who starts something; runs in flight go on by themselves when there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_survived() {
    let disk = Crashing::new(1);
    let fusion = on(&disk).await;
    let run = fusion.start(&chain(), json!({})).await.unwrap();
    let capacity_bytes = Some(disk.used_bytes() + 200_000);
    disk.set_faults(Faults { capacity_bytes, ..Faults::default() });
    run.signal("go", json!(null)).await.unwrap();
    let input = json!({"large": "x".repeat(400_000)});
    let error = fusion.start(&chain(), input).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreFull, "{error:?}");
    crate::pause(300).await;
    assert!(run.state().await.unwrap().left() > 0, "there was no room for its end");
    disk.set_faults(Faults::default());
    run.result::<Value>().await.unwrap();
    assert_eq!(run.state().await.unwrap().left(), 0);
}

/// Thread 12: a disk that fails is told to whoever waits, now and when they come later; another process finishes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_disk_is_told_and_survived() {
    let disk = Crashing::new(2);
    let fusion = on(&disk).await;
    let run = fusion.start(&chain(), json!({})).await.unwrap();
    until(&run, RunStatus::Waiting).await;
    run.signal("go", json!(null)).await.unwrap();
    let from = disk.ops() + 40;
    disk.set_faults(Faults { failing_ops: Some(from..u64::MAX), ..Faults::default() });
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.code(), Code::StoreFailed, "{error:?}");
    let error = fusion.start(&chain(), json!({})).await.unwrap_err();
    assert_eq!(error.code(), Code::StoreFailed, "{error:?}");
    disk.set_faults(Faults::default());
    let _ = fusion.close().await;
    let fusion = on(&disk).await;
    fusion.recover().await.unwrap();
    let run = fusion.find(run.id()).await.unwrap();
    run.result::<Value>().await.unwrap();
}

/// A failure says how long to wait before the next attempt, and the engine waits that long.
#[tokio::test]
async fn a_pause_that_the_other_side_asked_for_is_kept() {
    let fusion = Fusion::open("memory://").await.unwrap();
    let tries = Count::default();
    let seen = tries.clone();
    let step = fusion.step("limited", move |_: Value| {
        let first = seen.add() == 0;
        async move {
            let busy = Failure::new(Class::from("rate_limited"), "slow down");
            if first { Err(Failure { retry_after_ms: Some(400), ..busy }) } else { Ok(1) }
        }
    });
    let retry = Backoff { attempts: 2, initial_ms: 1, max_ms: 10, ..Backoff::default() };
    let node = step.node().policy(Policy { retry, ..Policy::default() });
    let from = clock_ms();
    let run = fusion.start(&Graph::new("limited").node("a", node), json!({})).await.unwrap();
    run.result::<Value>().await.unwrap();
    assert!(clock_ms() - from >= 400);
    assert_eq!(tries.get(), 2);
}
