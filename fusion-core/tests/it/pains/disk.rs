//! What runs leave on disk: values once, no heartbeats, plain data, definitions that stay what they were.

use fusion_core::Fusion;
use fusion_core::model::graph::InputType;
use fusion_core::model::{Answer, Class, Graph, Record, RunStatus};
use serde_json::{Value, json};

use super::bed::{Count, Disk, approval, clock_ms, outcomes, signal, until};

crate::on_every_store! {
    a_value_of_another_type_is_an_error_that_names_it,
    data_that_looks_like_an_object_of_a_language_stays_data,
    heartbeats_are_no_history,
    a_run_keeps_the_definition_that_it_began_with,
}

/// Thread 1: a large context that every step is given does not grow the database with every step.
#[tokio::test]
async fn steps_do_not_copy_the_context() {
    let disk = Disk::new();
    let fusion = disk.open().await;
    let count = fusion.step("count", |text: String| async move { Ok(text.len()) });
    let mut graph = Graph::new("context").input("context", InputType::String);
    for n in 0..200 {
        let node = count.with("{{ inputs.context }}");
        let node = if n == 0 { node } else { node.after([format!("n{}", n - 1)]) };
        graph = graph.node(&format!("n{n}"), node);
    }
    let run = fusion.start(&graph, json!({"context": "c".repeat(1 << 20)})).await.unwrap();
    run.result::<Value>().await.unwrap();
    assert_eq!(outcomes(&run).await, 200);
    fusion.close().await.unwrap();
    assert!(disk.len() < 3 << 20, "{} bytes for 200 steps with 1 MiB of context", disk.len());
}

/// Thread 2: the same large value from many steps and runs is stored once.
#[tokio::test]
async fn the_same_value_is_stored_once() {
    let disk = Disk::new();
    let fusion = disk.open().await;
    let same = fusion.step("same", |_: Value| async move { Ok("s".repeat(1 << 20)) });
    let graph = Graph::new("same").node("all", same.map(json!((0..10).collect::<Vec<_>>())));
    for _ in 0..5 {
        fusion.start(&graph, json!({})).await.unwrap().result::<Value>().await.unwrap();
    }
    fusion.close().await.unwrap();
    assert!(disk.len() < 3 << 20, "{} bytes for 50 times the same MiB", disk.len());
}

/// Thread 3: waiting costs a record, never a copy of what was said before.
#[tokio::test]
async fn fifty_approvals_cost_less_than_50_kilobytes() {
    let disk = Disk::new();
    let fusion = disk.open().await;
    let talk = fusion.step("talk", |_: Value| async move { Ok("t".repeat(1 << 20)) });
    let mut graph = Graph::new("talk").node("talk", talk);
    for n in 0..50 {
        let before = if n == 0 { "talk".to_owned() } else { format!("w{}", n - 1) };
        graph = graph.add(approval(&format!("w{n}"), "Go on?").after([before]));
    }
    let run = fusion.start(&graph, json!({})).await.unwrap();
    until(&run, RunStatus::Waiting).await;
    fusion.close().await.unwrap();
    let before = disk.len();
    let fusion = disk.open().await;
    fusion.recover().await.unwrap();
    let run = fusion.find(run.id()).await.unwrap();
    for n in 0..50 {
        let yes = Answer { approved: true, by: "ada".into(), comment: String::new() };
        let name = format!("w{n}");
        while run.answer(Some(&name), yes.clone()).await.is_err() {
            crate::pause(2).await;
        }
    }
    run.result::<Value>().await.unwrap();
    fusion.close().await.unwrap();
    let grown = disk.len().saturating_sub(before);
    assert!(grown < 50_000, "{grown} bytes for 50 approvals");
}

/// Thread 4: a value that cannot be decoded is a failure that says what was expected; the step does not run.
async fn a_value_of_another_type_is_an_error_that_names_it(fusion: Fusion) {
    let count = Count::default();
    let seen = count.clone();
    let add = fusion.step("add", move |n: u32| {
        seen.add();
        async move { Ok(n) }
    });
    let run = fusion.start(&Graph::new("types").node("a", add.with("x")), json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.failure().unwrap().class, Class::DECODE);
    assert!(error.to_string().contains("expected u32"), "{error}");
    assert_eq!(count.get(), 0);
}

/// Thread 5: no text in a value names code: what looks like a tagged object comes back letter for letter.
async fn data_that_looks_like_an_object_of_a_language_stays_data(fusion: Fusion) {
    let tagged = json!({"__class__": "os.system", "lc": 1, "type": "constructor", "id": ["os", "system"],
        "py/object": "os.system", "!python/object": ["rm"], "$type": "x", "__proto__": {"a": 1}});
    let same = fusion.step("same", |value: Value| async move { Ok(value) });
    let graph = Graph::new("plain")
        .node("a", same.with("{{ inputs.value }}"))
        .node("b", same.after("a"))
        .output("value", "{{ nodes.b }}");
    let run = fusion.start(&graph, json!({"value": tagged})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"value": tagged}));
}

/// Thread 6: a run in flight keeps its definition when the workflow of that name changes; the next run has the new one.
async fn a_run_keeps_the_definition_that_it_began_with(fusion: Fusion) {
    let say = fusion.step("say", |text: String| async move { Ok(text) });
    let define = |text: &str| {
        Graph::new("notes")
            .add(signal("go", "go"))
            .node("a", say.with(text).after("go"))
            .output("a", "{{ nodes.a }}")
    };
    let old = fusion.start(&define("old"), json!({})).await.unwrap();
    until(&old, RunStatus::Waiting).await;
    let new = fusion.start(&define("new"), json!({})).await.unwrap();
    for run in [&old, &new] {
        run.signal("go", json!(null)).await.unwrap();
    }
    assert_eq!(old.result::<Value>().await.unwrap(), json!({"a": "old"}));
    assert_eq!(new.result::<Value>().await.unwrap(), json!({"a": "new"}));
}

/// Thread 6: the same after a restart, when the program only knows the new definition.
#[tokio::test]
async fn a_definition_outlives_the_process_that_had_it() {
    let disk = Disk::new();
    let first = disk.open().await;
    let say = first.step("say", |text: String| async move { Ok(text) });
    let inner =
        |text: &str| Graph::new("inner").node("a", say.with(text)).output("a", "{{ nodes.a }}");
    first.workflow(inner("old"));
    let graph = Graph::new("outer")
        .add(signal("go", "go"))
        .node("a", say.with("first").after("go"))
        .output("a", "{{ nodes.a }}");
    let run = first.start(&graph, json!({})).await.unwrap();
    until(&run, RunStatus::Waiting).await;
    first.close().await.unwrap();
    let second = disk.open().await;
    second.step("say", |text: String| async move { Ok(format!("{text}!")) });
    second.workflow(graph.clone().output("b", "new"));
    second.recover().await.unwrap();
    let run = second.find(run.id()).await.unwrap();
    run.signal("go", json!(null)).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"a": "first!"}));
}

/// Thread 7: signs of life are not kept: a body that gives thousands leaves what a silent one leaves.
async fn heartbeats_are_no_history(fusion: Fusion) {
    let beat = fusion.step_with("beat", |ctx, n: u32| async move {
        for n in 0..n {
            ctx.heartbeat();
            ctx.progress(n);
            tokio::task::yield_now().await;
        }
        Ok(())
    });
    let mut lengths = Vec::new();
    for n in [0, 5_000] {
        let graph = Graph::new("beat").node("a", beat.with(n));
        let run = fusion.start(&graph, json!({})).await.unwrap();
        run.result::<Value>().await.unwrap();
        lengths.push(run.records().await.unwrap().len());
    }
    assert_eq!(lengths[0], lengths[1]);
}

/// Thread 8: many tasks of several engines write to one file at once, and nobody is told that it is locked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_told_that_the_file_is_locked() {
    let disk = Disk::new();
    let mut engines = Vec::new();
    for _ in 0..4 {
        let fusion = disk.open().await;
        fusion.step("add", |n: u32| async move { Ok(n + 1) });
        engines.push(fusion);
    }
    let graph = Graph::new("busy")
        .node("a", fusion_core::model::graph::Node::step("", "add").with("{{ inputs.n }}"))
        .output("n", "{{ nodes.a }}");
    let from = clock_ms();
    let tasks = (0_u32..64).map(|n| {
        let (fusion, graph) = (engines[n as usize % 4].clone(), graph.clone());
        async move {
            for round in 0..5 {
                let run = fusion.start(&graph, json!({"n": n + round})).await.unwrap();
                assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": n + round + 1}));
            }
        }
    });
    futures_util::future::join_all(tasks).await;
    assert!(clock_ms() - from < 30_000);
    for fusion in &engines {
        fusion.close().await.unwrap();
    }
}

/// Thread 8: records of one run are read back in the order in which they were written, without gaps.
#[tokio::test]
async fn a_journal_has_no_gaps() {
    let disk = Disk::new();
    let fusion = disk.open().await;
    let one = fusion.step("one", |n: u32| async move { Ok(n) });
    let graph = Graph::new("gaps").node("all", one.map(json!((0..500).collect::<Vec<_>>())));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.result::<Value>().await.unwrap();
    let records = run.records().await.unwrap();
    assert!(records.iter().zip(1..).all(|(stamped, seq)| stamped.seq == seq));
    assert!(matches!(records.last().unwrap().record, Record::RunFinished(..)));
}
