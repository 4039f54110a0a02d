//! Graphs: nobody waits for a stranger, a failure stays where it is handled, and size costs what it must.

use fusion_core::Fusion;
use fusion_core::model::graph::{Action, InputType, Kind, Node, OnItemFailure, Task};
use fusion_core::model::{Failure, Graph, NodeStatus, Policy};
use serde_json::{Value, json};

use super::bed::{Count, Disk, clock_ms};

crate::on_every_store! {
    a_fast_branch_does_not_wait_for_a_slow_one,
    a_handled_failure_is_not_raised_beside_its_siblings,
    a_failed_item_does_what_its_map_says,
    a_list_that_a_node_found_is_fanned_out,
    a_graph_that_a_node_made_runs_in_its_place,
    the_more_important_node_starts_first,
}

/// Thread 21: the time of a run is that of its longest path; a chain beside a slow node is through long before.
async fn a_fast_branch_does_not_wait_for_a_slow_one(fusion: Fusion) {
    let nap = fusion.step("nap", |ms: u64| async move {
        crate::pause(ms).await;
        Ok(ms)
    });
    let mut graph = Graph::new("branches").node("slow", nap.with(500));
    for n in 0..5 {
        let node = nap.with(40);
        let node = if n == 0 { node } else { node.after([format!("n{}", n - 1)]) };
        graph = graph.node(&format!("n{n}"), node);
    }
    let from = clock_ms();
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let mut events = run.events(0);
    let mut order = Vec::new();
    while let Some(event) = events.next().await.unwrap() {
        if event.name == "node.succeeded" {
            order.push(event.node.unwrap());
        }
    }
    assert_eq!(order, ["n0", "n1", "n2", "n3", "n4", "slow"]);
    let took = clock_ms() - from;
    assert!((500..1_000).contains(&took), "{took} ms where the longest path takes 500");
}

/// Thread 23: a node of a large graph costs about what one of a small graph costs.
#[tokio::test]
async fn a_node_costs_the_same_in_a_large_graph() {
    let fusion = Fusion::open("memory://").await.unwrap();
    let one = fusion.step("one", |_: Value| async move { Ok(1) });
    let mut cost = Vec::new();
    for nodes in [500_u32, 20_000] {
        let mut graph = Graph::new("wide").node("first", one.node());
        for n in 0..nodes {
            graph = graph.node(&format!("n{n}"), one.node().after("first"));
        }
        let all: Vec<String> = (0..nodes).map(|n| format!("n{n}")).collect();
        let graph = graph.node("last", one.node().after(all));
        let env = super::bed::env();
        let from = env.monotonic_ns();
        let run = fusion.start(&graph, json!({})).await.unwrap();
        run.result::<Value>().await.unwrap();
        let ns = env.monotonic_ns() - from;
        cost.push(ns / u64::from(nodes));
    }
    assert!(cost[1] < cost[0] * 6 + 2_000, "{cost:?} ns a node");
}

/// Thread 24: a failure that a fallback handles is not the run's, whatever runs beside it.
async fn a_handled_failure_is_not_raised_beside_its_siblings(fusion: Fusion) {
    let bad = fusion.step("bad", |n: u64| async move {
        crate::pause(n).await;
        Err::<Value, _>(Failure::error("no"))
    });
    let good = fusion.step("good", |n: u64| async move {
        crate::pause(n).await;
        Ok(n)
    });
    let fallback = || Task::new(Action::Step("good".into())).with(1);
    let mut graph = Graph::new("handled");
    for n in 0..6_u64 {
        graph = graph
            .node(&format!("bad{n}"), bad.with(n * 3).fallback(fallback()))
            .node(&format!("good{n}"), good.with(17 - n * 3));
    }
    let run = fusion.start(&graph.output("n", "{{ nodes.bad0 }}"), json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 1}));
}

/// Thread 24: each fan-out says what a failed item does to it; what the others found is kept.
async fn a_failed_item_does_what_its_map_says(fusion: Fusion) {
    let done = Count::default();
    let seen = done.clone();
    let odd = fusion.step("odd", move |n: u64| {
        let done = seen.clone();
        async move {
            if n == 0 {
                return Err(Failure::error("zero"));
            }
            crate::pause(n).await;
            done.add();
            Ok(n)
        }
    });
    // What is to be stopped takes so long that no machine is slow enough to let it end.
    for (rule, ms, expected, succeeded) in [
        (OnItemFailure::Stop, 60_000, 0, false),
        (OnItemFailure::Finish, 20, 4, false),
        (OnItemFailure::Collect, 20, 4, true),
    ] {
        let before = done.get();
        let mut node = odd.map(json!([0, ms, ms, ms, ms]));
        if let Kind::Map(map) = &mut node.kind {
            map.on_item_failure = rule;
        }
        let graph = Graph::new("items").node("all", node).output("all", "{{ nodes.all }}");
        let run = fusion.start(&graph, json!({})).await.unwrap();
        let result = run.result::<Value>().await;
        assert_eq!(result.is_ok(), succeeded, "{rule:?}");
        assert_eq!(done.get() - before, expected, "{rule:?}");
        if let Ok(out) = result {
            assert_eq!(out["all"][0]["error"]["message"], "zero");
            assert_eq!(out["all"][4], ms);
        }
    }
}

/// Thread 25: a map runs over a list that another node found, of whatever length, none included.
async fn a_list_that_a_node_found_is_fanned_out(fusion: Fusion) {
    let find = fusion.step("find", |n: u64| async move { Ok((0..n).collect::<Vec<_>>()) });
    let square = fusion.step("square", |n: u64| async move { Ok(n * n) });
    let graph = Graph::new("found")
        .input("n", InputType::Integer)
        .node("list", find.with("{{ inputs.n }}"))
        .node("all", square.map("{{ nodes.list }}"))
        .output("sum", "{{ nodes.all | sum }}");
    for (n, sum) in [(0, 0), (1, 0), (50, 40_425)] {
        let run = fusion.start(&graph, json!({ "n": n })).await.unwrap();
        assert_eq!(run.result::<Value>().await.unwrap(), json!({ "sum": sum }));
    }
}

/// Thread 25: a body that returns a graph has it run in its place; its outputs are the node's.
async fn a_graph_that_a_node_made_runs_in_its_place(fusion: Fusion) {
    let add = fusion.step("add", |n: u64| async move { Ok(n + 1) });
    let plan = fusion.step("plan", |n: u64| async move {
        let nodes: serde_json::Map<String, Value> = (0..n)
            .map(|i| (format!("n{i}"), json!({"step": "add", "with": i})))
            .collect();
        Ok(json!({"fusion": 1, "name": "made", "nodes": nodes, "outputs": {"last": format!("{{{{ nodes.n{} }}}}", n - 1)}}))
    });
    let mut node = plan.with(7);
    node.more_mut().expand = true;
    let graph = Graph::new("expand")
        .node("plan", node)
        .node("end", add.with("{{ nodes.plan.last }}").after("plan"))
        .output("n", "{{ nodes.end }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 8}));
}

/// Among nodes that are ready at once, the more important starts first.
async fn the_more_important_node_starts_first(fusion: Fusion) {
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = order.clone();
    let note = fusion.step("note", move |n: i32| {
        seen.lock().unwrap().push(n);
        async move { Ok(n) }
    });
    let mut graph = Graph::new("priority").node("first", note.with(100));
    for n in [3, -1, 5, 0, 4] {
        let policy = Policy { priority: n, ..Policy::default() };
        let name = format!("n{}", n + 1);
        graph = graph.node(&name, note.with(n).after("first").policy(policy));
    }
    fusion.start(&graph, json!({})).await.unwrap().result::<Value>().await.unwrap();
    assert_eq!(*order.lock().unwrap(), [100, 5, 4, 3, 0, -1]);
}

/// Thread 26: a run with a hundred thousand records has no cap and is read in less than a second or two.
#[tokio::test]
async fn a_long_history_is_read_quickly() {
    let disk = Disk::new();
    let fusion = disk.open().await;
    let one = fusion.step("one", |n: u64| async move { Ok(n) });
    let mut node = one.map("{{ range(100000) | list }}");
    if let Kind::Map(map) = &mut node.kind {
        map.max_parallel = 1_000;
    }
    let graph = Graph::new("long").node("all", node).add(Node::step("end", "missing").after("all"));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    fusion.settled().await;
    let from = clock_ms();
    let state = run.state().await.unwrap();
    let took = clock_ms() - from;
    assert!(state.seq() > 100_000);
    let all = state.program().find_key("all").unwrap();
    assert_eq!(state.node_status(all), NodeStatus::Succeeded);
    assert!(took < 1_500, "{took} ms for {} records", state.seq());
    fusion.close().await.unwrap();
}
