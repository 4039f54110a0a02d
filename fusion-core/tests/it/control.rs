//! Cancel, pause, signals, approvals, retry, fork, ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fusion_core::error::Code;
use fusion_core::model::graph::{Action, Node, Task, WaitSpec};
use fusion_core::model::{Answer, Class, Failure, Graph, RunId, RunStatus};
use fusion_core::{Fusion, Run, Starting};
use serde_json::{Value, json};

crate::on_every_store! {
    a_cancelled_run_stops_its_bodies_and_says_who_asked,
    a_signal_may_come_before_or_after_its_wait,
    an_approval_is_answered_once,
    a_paused_run_starts_nothing_until_it_is_resumed,
    the_same_id_is_the_same_run_and_another_input_is_refused,
    a_failed_run_goes_on_from_where_it_failed,
    what_was_done_is_undone_in_reverse_when_the_run_fails,
    cancelling_flows_down_to_sub_workflows,
    a_run_without_its_code_rests_until_the_code_is_there,
    a_memo_is_not_computed_again_by_the_next_attempt,
    a_step_that_takes_too_long_is_ended,
    events_tell_the_whole_story_in_order,
    a_capsule_replays_offline_and_tells_when_it_was_changed,
    why_names_the_cause_and_the_way_out,
}

async fn until(run: &Run, status: RunStatus) {
    for _ in 0..500 {
        if run.state().await.unwrap().status() == status {
            return;
        }
        crate::pause(5).await;
    }
    panic!("the run never became {status}");
}

async fn a_cancelled_run_stops_its_bodies_and_says_who_asked(fusion: Fusion) {
    let long = fusion.step("long", |_: Value| async move {
        std::future::pending::<()>().await;
        Ok(())
    });
    let run = fusion.start(&Graph::new("long").node("a", long), json!({})).await.unwrap();
    run.cancel("ada", "enough").await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.code(), Code::RunCancelled);
    assert!(error.to_string().contains("cancelled by ada: enough"), "{error}");
    let late = run.cancel("ada", "").await.unwrap_err();
    assert_eq!(late.code(), Code::NotApplicable);
}

async fn a_signal_may_come_before_or_after_its_wait(fusion: Fusion) {
    let graph = Graph::new("signals")
        .add(Node::wait("a", WaitSpec::Signal { name: "go".into(), timeout_ms: None }))
        .add(Node::wait("b", WaitSpec::Signal { name: "go".into(), timeout_ms: None }).after("a"))
        .output("both", json!(["{{ nodes.a }}", "{{ nodes.b }}"]));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.signal("go", 1).await.unwrap();
    run.signal("go", 2).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"both": [1, 2]}));
}

async fn an_approval_is_answered_once(fusion: Fusion) {
    let ask =
        WaitSpec::Approval { role: "approver".into(), message: "Ship?".into(), timeout_ms: None };
    let graph =
        Graph::new("ask").add(Node::wait("ok", ask)).output("ok", "{{ nodes.ok.approved }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    until(&run, RunStatus::Waiting).await;
    let yes = Answer { approved: true, by: "ada".into(), comment: String::new() };
    assert_eq!(
        run.answer(Some("okay"), yes.clone()).await.unwrap_err().code(),
        Code::UnknownReference
    );
    run.answer(None, yes).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"ok": true}));
}

async fn a_paused_run_starts_nothing_until_it_is_resumed(fusion: Fusion) {
    let wait = WaitSpec::Signal { name: "go".into(), timeout_ms: None };
    let say = fusion.step("say", |_: Value| async move { Ok("said") });
    let graph = Graph::new("pause")
        .add(Node::wait("a", wait))
        .node("b", say.node().after("a"))
        .output("b", "{{ nodes.b }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.pause("ada").await.unwrap();
    until(&run, RunStatus::Paused).await;
    run.signal("go", json!(null)).await.unwrap();
    crate::pause(50).await;
    assert_eq!(run.state().await.unwrap().left(), 1);
    run.resume("ada").await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"b": "said"}));
}

async fn the_same_id_is_the_same_run_and_another_input_is_refused(fusion: Fusion) {
    let say = fusion.step("say", |n: i64| async move { Ok(n) });
    let graph =
        Graph::new("ids").node("a", say.with("{{ inputs.n }}")).output("n", "{{ nodes.a }}");
    let start = |n: i64| Starting {
        id: Some(RunId::new("mine").unwrap()),
        input: json!({"n": n}),
        detached: false,
    };
    let first = fusion.start_with(&graph, start(1)).await.unwrap();
    let second = fusion.start_with(&graph, start(1)).await.unwrap();
    assert_eq!(first.id(), second.id());
    assert_eq!(second.result::<Value>().await.unwrap(), json!({"n": 1}));
    let error = fusion.start_with(&graph, start(2)).await.unwrap_err();
    assert_eq!(error.code(), Code::IdConflict);
}

async fn a_failed_run_goes_on_from_where_it_failed(fusion: Fusion) {
    let count = Arc::new(AtomicU32::new(0));
    let seen = count.clone();
    let first = fusion.step("first", move |_: Value| {
        let n = seen.fetch_add(1, Ordering::SeqCst);
        async move { Ok(n) }
    });
    let broken = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let state = broken.clone();
    let second = fusion.step("second", move |n: u32| {
        let broken = state.load(Ordering::SeqCst);
        async move { if broken { Err(Failure::error("broken")) } else { Ok(n) } }
    });
    let graph = Graph::new("again")
        .node("a", first.node())
        .node("b", second.after("a"))
        .output("n", "{{ nodes.b }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap_err().code(), Code::RunFailed);
    broken.store(false, Ordering::SeqCst);
    run.retry(&[], "ada").await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 0}));
    assert_eq!(count.load(Ordering::SeqCst), 1, "what had succeeded does not run again");
    let fork = run.fork(&["a"], None, None, None).await.unwrap();
    assert_eq!(fork.result::<Value>().await.unwrap(), json!({"n": 1}));
    let fork = run.fork(&["b"], None, None, None).await.unwrap();
    assert_eq!(fork.result::<Value>().await.unwrap(), json!({"n": 0}));
}

async fn what_was_done_is_undone_in_reverse_when_the_run_fails(fusion: Fusion) {
    let log = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = log.clone();
    let note = fusion.step("note", move |text: String| {
        seen.lock().unwrap().push(text.clone());
        async move { Ok(text) }
    });
    let bad = fusion.step("bad", |_: Value| async move { Err::<Value, _>(Failure::error("no")) });
    let undo = |text: &str| Task::new(Action::Step("note".into())).with(text);
    let graph = Graph::new("saga")
        .node("a", note.with("a").compensate(undo("undo a, was {{ output }}")))
        .node("b", note.with("b").after("a").compensate(undo("undo b")))
        .node("c", bad.after("b").compensate(undo("undo c")));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap_err().code(), Code::RunFailed);
    assert_eq!(*log.lock().unwrap(), ["a", "b", "undo b", "undo a, was a"]);
}

async fn cancelling_flows_down_to_sub_workflows(fusion: Fusion) {
    let wait = WaitSpec::Signal { name: "never".into(), timeout_ms: None };
    fusion.workflow(Graph::new("inner").add(Node::wait("w", wait)));
    let graph = Graph::new("outer").add(Node::workflow("child", "inner"));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    until(&run, RunStatus::Waiting).await;
    let child = run.state().await.unwrap().children().next().map(|(_, run)| run.clone()).unwrap();
    run.cancel("ada", "").await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap_err().code(), Code::RunCancelled);
    let child = fusion.find(&child).await.unwrap();
    assert_eq!(child.status().await.unwrap(), RunStatus::Cancelled);
}

async fn a_run_without_its_code_rests_until_the_code_is_there(fusion: Fusion) {
    let graph = Graph::new("later").step("a", "later").output("a", "{{ nodes.a }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    fusion.settled().await;
    assert_eq!(run.status().await.unwrap(), RunStatus::Waiting);
    fusion.step("later", |_: Value| async move { Ok("now") });
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"a": "now"}));
}

async fn a_memo_is_not_computed_again_by_the_next_attempt(fusion: Fusion) {
    let calls = Arc::new(AtomicU32::new(0));
    let seen = calls.clone();
    let step = fusion.step_with("paid", move |ctx, _: Value| {
        let calls = seen.clone();
        async move {
            let paid: u32 =
                ctx.memo("model", async { Ok(calls.fetch_add(1, Ordering::SeqCst)) }).await?;
            if ctx.about().attempt == 1 { Err(Failure::error("later")) } else { Ok(paid) }
        }
    });
    let mut node = step.node();
    node.more_mut().policy.retry.attempts = 2;
    node.more_mut().policy.retry.initial_ms = 1;
    let graph = Graph::new("memo").node("a", node).output("n", "{{ nodes.a }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 0}));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

async fn a_step_that_takes_too_long_is_ended(fusion: Fusion) {
    let long = fusion.step("long", |_: Value| async move {
        std::future::pending::<()>().await;
        Ok(())
    });
    let mut node = long.node();
    node.more_mut().policy.timeout = Some(fusion_core::model::Timeout::Fixed(20));
    let run = fusion.start(&Graph::new("slow").node("a", node), json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.failure().unwrap().class, Class::TIMEOUT);
}

async fn events_tell_the_whole_story_in_order(fusion: Fusion) {
    let say = fusion.step("say", |_: Value| async move { Ok(1) });
    let graph = Graph::new("events").node("a", say.node()).node("b", say.node().after("a"));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let mut events = run.events(0);
    let mut names = Vec::new();
    while let Some(event) = events.next().await.unwrap() {
        names.push(event.name.to_string());
    }
    assert_eq!(names, ["run.started", "node.succeeded", "node.succeeded", "run.succeeded"]);
}

async fn a_capsule_replays_offline_and_tells_when_it_was_changed(fusion: Fusion) {
    let say = fusion.step("say", |n: i64| async move { Ok(json!({"n": n, "text": "é\n"})) });
    let graph =
        Graph::new("capsule").node("all", say.map(json!([1, 2]))).output("all", "{{ nodes.all }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    run.result::<Value>().await.unwrap();
    let replay = run.replay().await.unwrap();
    assert!(replay.problems.is_empty(), "{:?}", replay.problems);
    let bytes = run.export().await.unwrap();
    let replay = Fusion::replay_capsule(&bytes).unwrap();
    assert!(replay.problems.is_empty(), "{:?}", replay.problems);
    assert_eq!(replay.state.status(), RunStatus::Succeeded);
    assert_eq!(replay.events.last().unwrap().name, "run.succeeded");
    let text = String::from_utf8(bytes).unwrap();
    for changed in [text.replace("\"n\":1", "\"n\":7"), text[..text.len() - 60].to_owned()] {
        assert_ne!(changed, text);
        assert_eq!(Fusion::replay_capsule(changed.as_bytes()).unwrap_err().code(), Code::Codec);
    }
}

async fn why_names_the_cause_and_the_way_out(fusion: Fusion) {
    let ask =
        WaitSpec::Approval { role: "approver".into(), message: "Ship?".into(), timeout_ms: None };
    fusion.workflow(Graph::new("inner").add(Node::wait("ok", ask)));
    let say = fusion.step("say", |_: Value| async move { Ok(1) });
    let graph =
        Graph::new("outer").add(Node::workflow("child", "inner")).node("end", say.after("child"));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    until(&run, RunStatus::Waiting).await;
    let why = run.why().await.unwrap();
    assert_eq!(why[0].chain, ["`end` needs `child`"]);
    for _ in 0..100 {
        if run.why().await.unwrap()[1].sentence.contains("answer") {
            break;
        }
        crate::pause(5).await;
    }
    let why = run.why().await.unwrap();
    assert_eq!(why[1].sentence, "node `ok` waits for an approver's answer to \"Ship?\"");
    assert!(why[1].hint.as_ref().unwrap().starts_with("fusion runs approve"));
}
