//! Steps, maps, loops, branches, commands, sub-workflows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fusion_core::Fusion;
use fusion_core::error::Code;
use fusion_core::model::graph::{Action, Check, InputType, Node, OnItemFailure, Task};
use fusion_core::model::{Backoff, Class, Failure, Graph, Policy, RunStatus};
use serde_json::{Value, json};

crate::on_every_store! {
    a_chain_hands_its_values_on,
    a_map_keeps_the_order_of_its_list,
    a_step_is_tried_again_as_often_as_its_policy_says,
    a_failure_names_the_node_and_the_cause,
    a_panic_in_a_step_is_a_failure_and_nothing_more,
    a_branch_that_is_not_taken_is_skipped_with_all_behind_it,
    a_loop_ends_when_its_condition_holds_or_at_its_limit,
    a_loop_of_workflows_gets_what_the_last_one_gave,
    items_that_fail_are_collected_when_that_is_asked_for,
    a_workflow_runs_another_one_and_gets_its_outputs,
    an_output_that_fails_its_checks_is_tried_again_with_feedback,
    a_fallback_runs_when_all_attempts_failed,
    a_wide_map_and_a_long_row_of_skips_fit_in_one_turn,
    the_idempotency_key_stays_over_attempts_and_differs_between_runs,
}

async fn a_chain_hands_its_values_on(fusion: Fusion) {
    let add = fusion.step("add", |n: i64| async move { Ok(n + 1) });
    let graph = Graph::new("chain")
        .input("n", InputType::Integer)
        .node("a", add.with("{{ inputs.n }}"))
        .node("b", add.after("a"))
        .node("c", add.after("b"))
        .output("n", "{{ nodes.c }}");
    let run = fusion.start(&graph, json!({"n": 39})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 42}));
    assert_eq!(run.status().await.unwrap(), RunStatus::Succeeded);
}

async fn a_map_keeps_the_order_of_its_list(fusion: Fusion) {
    let double = fusion.step("double", |n: i64| async move {
        tokio::task::yield_now().await;
        Ok(n * 2)
    });
    let graph = Graph::new("map")
        .node("all", double.map("{{ inputs.list }}"))
        .output("all", "{{ nodes.all }}");
    let list: Vec<i64> = (0..300).collect();
    let run = fusion.start(&graph, json!({"list": list})).await.unwrap();
    let out: Value = run.result().await.unwrap();
    let expected: Vec<i64> = (0..300).map(|n| n * 2).collect();
    assert_eq!(out["all"], json!(expected));
}

async fn a_step_is_tried_again_as_often_as_its_policy_says(fusion: Fusion) {
    let tries = Arc::new(AtomicU32::new(0));
    let seen = tries.clone();
    let shaky = fusion.step("shaky", move |_: Value| {
        let tries = seen.clone();
        async move {
            if tries.fetch_add(1, Ordering::SeqCst) < 2 {
                return Err(Failure::error("not yet"));
            }
            Ok("done")
        }
    });
    let retry = Backoff { attempts: 3, initial_ms: 1, ..Backoff::default() };
    let graph = Graph::new("retry")
        .node("a", shaky.node().policy(Policy { retry, ..Policy::default() }))
        .output("a", "{{ nodes.a }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"a": "done"}));
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

async fn a_failure_names_the_node_and_the_cause(fusion: Fusion) {
    let bad =
        fusion.step("bad", |_: Value| async move { Err::<Value, _>(Failure::error("no luck")) });
    let graph = Graph::new("bad").node("a", bad.node()).node("b", bad.after("a"));
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.code(), Code::RunFailed);
    assert!(error.to_string().contains("node `a` failed: no luck"), "{error}");
}

async fn a_panic_in_a_step_is_a_failure_and_nothing_more(fusion: Fusion) {
    let boom = fusion.step("boom", |n: Option<u32>| async move { Ok(n.expect("out of cheese")) });
    let run = fusion.start(&Graph::new("boom").node("a", boom), json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.failure().unwrap().class, Class::PANIC);
    assert!(error.to_string().contains("out of cheese"), "{error}");
}

async fn a_branch_that_is_not_taken_is_skipped_with_all_behind_it(fusion: Fusion) {
    let say = fusion.step("say", |text: String| async move { Ok(text) });
    let graph = Graph::new("branch")
        .node("yes", say.with("yes").when("inputs.n > 1"))
        .node("no", say.with("no").when("inputs.n <= 1"))
        .node("end", say.with("{{ nodes.yes or nodes.no }}").after(["yes", "no"]))
        .node("deep", say.with("deep").after("no"))
        .output("end", "{{ nodes.end }}");
    let run = fusion.start(&graph, json!({"n": 2})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"end": "yes"}));
    let state = run.state().await.unwrap();
    let status = |name: &str| state.node_status(state.program().find_key(name).unwrap()).word();
    assert_eq!([status("yes"), status("no"), status("deep")], ["succeeded", "skipped", "skipped"]);
}

async fn a_loop_ends_when_its_condition_holds_or_at_its_limit(fusion: Fusion) {
    let grow = fusion.step("grow", |n: Option<i64>| async move { Ok(n.unwrap_or(0) + 1) });
    let looped = |max| {
        Graph::new("loop")
            .node("a", grow.with("{{ previous }}").until("output >= 5", max))
            .output("n", "{{ nodes.a }}")
    };
    let run = fusion.start(&looped(10), json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 5}));
    let run = fusion.start(&looped(3), json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.failure().unwrap().class, Class::LIMIT);
}

async fn a_loop_of_workflows_gets_what_the_last_one_gave(fusion: Fusion) {
    let text = r#"
fusion: 1
name: outer
nodes:
  loop:
    workflow: inner
    with: { before: "{{ previous.text if previous else '' }}", round: "{{ round }}" }
    repeat: { until: "output.text | length == 3", max: 5 }
outputs: { text: "{{ nodes.loop.text }}" }
workflows:
  inner:
    inputs: { before: { type: string }, round: { type: integer } }
    nodes: { grow: { step: grow, with: "{{ inputs.before }}{{ inputs.round }}" } }
    outputs: { text: "{{ nodes.grow }}" }
"#;
    let grow = fusion.step("grow", |text: String| async move { Ok(text) });
    let file = fusion_core::graph::file::parse(text, "w.yaml").unwrap();
    for (_, inner) in file.workflows {
        fusion.workflow(inner);
    }
    let run = fusion.start(&file.graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"text": "123"}));
    drop(grow);
}

async fn items_that_fail_are_collected_when_that_is_asked_for(fusion: Fusion) {
    let odd = fusion.step("odd", |n: i64| async move {
        if n % 2 == 0 { Err(Failure::error("even")) } else { Ok(n) }
    });
    let mut node = odd.map(json!([1, 2, 3]));
    if let fusion_core::model::graph::Kind::Map(map) = &mut node.kind {
        map.on_item_failure = OnItemFailure::Collect;
    }
    let graph = Graph::new("collect").node("all", node).output("all", "{{ nodes.all }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let out: Value = run.result().await.unwrap();
    assert_eq!(out["all"], json!([1, {"error": {"class": "error", "message": "even"}}, 3]));
}

#[tokio::test]
async fn a_command_gives_its_output_and_knows_who_it_is() {
    let fusion = Fusion::builder("memory://")
        .command_env([("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into())
        .open()
        .await
        .unwrap();
    let graph = Graph::new("command")
        .add(Node::command("a", ["sh", "-c", "echo $FUSION_NODE; echo $FUSION_ATTEMPT"]))
        .add(Node::command("b", ["sh", "-c", "cat; exit 3"]).after("a"))
        .finish_branches();
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let error = run.result::<Value>().await.unwrap_err();
    assert_eq!(error.failure().unwrap().class, Class::EXIT);
    let state = run.state().await.unwrap();
    let key = state.program().find_key("a").unwrap();
    let output = run.output(&state, key).await.unwrap().unwrap();
    assert_eq!(output["lines"], json!(["a", "1"]));
}

async fn a_workflow_runs_another_one_and_gets_its_outputs(fusion: Fusion) {
    let add = fusion.step("add", |n: i64| async move { Ok(n + 1) });
    let inner = Graph::new("inner")
        .input("n", InputType::Integer)
        .node("a", add.with("{{ inputs.n }}"))
        .output("n", "{{ nodes.a }}");
    fusion.workflow(inner);
    let mut node = Node::workflow("child", "inner").with(json!({"n": 41}));
    node.more_mut().policy = Policy::default();
    let graph = Graph::new("outer").add(node).output("n", "{{ nodes.child.n }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 42}));
}

async fn an_output_that_fails_its_checks_is_tried_again_with_feedback(fusion: Fusion) {
    let write = fusion.step_with("write", |ctx, _: Value| async move {
        Ok(match ctx.about().feedback {
            None => "short".to_owned(),
            Some(feedback) => format!("longer, since: {}", feedback.message),
        })
    });
    let mut node = write.node();
    node.more_mut().validate = vec![Check::MinChars(20)];
    node.more_mut().policy.retry = Backoff { attempts: 2, initial_ms: 1, ..Backoff::default() };
    let graph = Graph::new("validate").node("a", node).output("a", "{{ nodes.a }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    let out: Value = run.result().await.unwrap();
    assert_eq!(out["a"], "longer, since: the output has 5 characters, at least 20 are needed");
}

async fn a_fallback_runs_when_all_attempts_failed(fusion: Fusion) {
    let bad = fusion.step("bad", |_: Value| async move { Err::<Value, _>(Failure::error("no")) });
    fusion.step("good", |_: Value| async move { Ok("plan b") });
    let graph = Graph::new("fallback")
        .node("a", bad.node().fallback(Task::new(Action::Step("good".into()))))
        .output("a", "{{ nodes.a }}");
    let run = fusion.start(&graph, json!({})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"a": "plan b"}));
}

async fn a_wide_map_and_a_long_row_of_skips_fit_in_one_turn(fusion: Fusion) {
    let one = fusion.step("one", |n: i64| async move { Ok(n) });
    let mut node = one.map("{{ inputs.list }}");
    if let fusion_core::model::graph::Kind::Map(map) = &mut node.kind {
        map.max_parallel = 5_000;
    }
    let mut graph = Graph::new("wide").node("all", node).node("no", one.with(1).when("false"));
    for n in 0..3_000 {
        graph = graph.node(&format!("skipped{n}"), one.with(1).after("no"));
    }
    let graph = graph.output("n", "{{ nodes.all | length }}");
    let list: Vec<i64> = (0..5_000).collect();
    let run = fusion.start(&graph, json!({"list": list})).await.unwrap();
    assert_eq!(run.result::<Value>().await.unwrap(), json!({"n": 5_000}));
}

async fn the_idempotency_key_stays_over_attempts_and_differs_between_runs(fusion: Fusion) {
    let keys = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = keys.clone();
    let step = fusion.step_with("keyed", move |ctx, _: Value| {
        seen.lock().unwrap().push(ctx.idempotency_key());
        let again = ctx.about().attempt < 3;
        async move { if again { Err(Failure::error("again")) } else { Ok(()) } }
    });
    let retry = Backoff { attempts: 3, initial_ms: 1, ..Backoff::default() };
    let graph = Graph::new("keys")
        .node("a", step.node().policy(Policy { retry: retry.clone(), ..Policy::default() }))
        .node("all", step.map(json!([1, 2])).policy(Policy { retry, ..Policy::default() }));
    for _ in 0..2 {
        fusion.start(&graph, json!({})).await.unwrap().result::<Value>().await.unwrap();
    }
    let keys = keys.lock().unwrap();
    let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
    assert_eq!((keys.len(), distinct.len()), (18, 6), "{distinct:?}");
}
