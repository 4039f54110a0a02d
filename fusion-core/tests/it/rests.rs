//! Bodies that rest: they cost nothing while they wait, and find what came when they are entered again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fusion_core::Fusion;
use fusion_core::contract::{BoxFuture, Context, Output, Step};
use fusion_core::model::graph::Node;
use fusion_core::model::{Failure, Graph, Payload, RunStatus, Wait};
use serde_json::{Value, json};

crate::on_every_store! {
    a_body_rests_for_a_moment_and_a_signal,
    a_limit_that_passes_leaves_no_bytes,
}

/// Rests for each of its waits in turn, and gives what came of them.
#[derive(Debug)]
struct Resting {
    waits: Vec<(&'static str, Wait)>,
    entered: Arc<AtomicU32>,
}

impl Step for Resting {
    fn name(&self) -> &'static str {
        "resting"
    }

    fn run(&self, ctx: Context, _: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        self.entered.fetch_add(1, Ordering::Relaxed);
        let waits = self.waits.clone();
        Box::pin(async move {
            let mut came = Vec::new();
            for (name, wait) in waits {
                match ctx.recall(name) {
                    Some(value) if value.is_empty() => came.push(json!("too late")),
                    Some(value) => came.push(value.decode()?),
                    None => return Ok(Output::Rest(name.to_owned(), wait)),
                }
            }
            Ok(Output::Value(Payload::json(&came)?))
        })
    }
}

fn graph() -> Graph {
    Graph::new("rests").add(Node::step("a", "resting")).output("came", "{{ nodes.a }}")
}

fn register(fusion: &Fusion, waits: Vec<(&'static str, Wait)>) -> Arc<AtomicU32> {
    let entered = Arc::new(AtomicU32::new(0));
    fusion.register(Resting { waits, entered: entered.clone() });
    entered
}

async fn a_body_rests_for_a_moment_and_a_signal(fusion: Fusion) {
    let soon = Wait::Timer(fusion.now_ms() + 30);
    let go = Wait::Signal("go".into(), None);
    let entered = register(&fusion, vec![("nap", soon), ("first", go.clone()), ("second", go)]);
    let run = fusion.start(&graph(), json!({})).await.unwrap();
    run.signal("go", 1).await.unwrap();
    while run.status().await.unwrap() != RunStatus::Waiting || entered.load(Ordering::Relaxed) < 3 {
        crate::pause(5).await;
    }
    run.signal("go", json!({"n": 2})).await.unwrap();
    let out: Value = run.result().await.unwrap();
    assert_eq!(out["came"], json!([null, 1, {"n": 2}]));
    assert_eq!(entered.load(Ordering::Relaxed), 4, "once, and once more after each rest");
    assert!(run.replay().await.is_ok());
}

async fn a_limit_that_passes_leaves_no_bytes(fusion: Fusion) {
    let until = fusion.now_ms() + 30;
    register(&fusion, vec![("never", Wait::Signal("never".into(), Some(until)))]);
    let run = fusion.start(&graph(), json!({})).await.unwrap();
    let out: Value = run.result().await.unwrap();
    assert_eq!(out["came"], json!(["too late"]));
}
