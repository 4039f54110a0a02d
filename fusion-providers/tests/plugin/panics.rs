//! A plugin in Rust over the ordinary trait: no panic crosses, calls can be dropped, time is the host's.

use std::sync::Arc;

use fusion_core::contract::{Labels, Provider};
use fusion_core::model::chat::{Chunk, Embed, Fault, FaultKind, Request};
use fusion_providers::{Keys, Plugin};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::bed::{Way, apart, ask, both_ways, call, drop_soon, example};

fn open(way: Way, config: &Value) -> Result<Arc<dyn Provider>, Fault> {
    let name = format!("{}contrary{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = example(&name);
    let keys = Keys::new(|name| (name == "LONG").then(|| "k".repeat(1_000)));
    match way {
        Way::Here => Plugin::load(&library)?.open(config, &keys),
        Way::Apart => apart(&library).secrets(["LONG"]).open(config, &keys),
    }
}

both_ways!(
    panics_become_faults,
    panics_at_the_begin_and_the_end_stay_inside,
    calls_bring_their_world_and_can_be_dropped,
);

async fn panics_become_faults(way: Way) {
    let provider = open(way, &json!({})).unwrap();
    for (text, said) in [("panic", "panicked: at once"), ("panic later", "panicked: later")] {
        let fault = ask(&*provider, text).await.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Overloaded);
        assert!(fault.message().ends_with(said), "{fault}");
        assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
    }
    let chunks = provider.stream(&call(), &Request::new("").user("x")).await.unwrap();
    let chunks: Vec<_> = chunks.collect().await;
    assert_eq!(chunks.len(), 301);
    assert_eq!(chunks.first(), Some(&Ok(Chunk::text("0 "))));
    assert!(chunks[300].as_ref().unwrap_err().message().ends_with("panicked: in the middle"));
}

async fn panics_at_the_begin_and_the_end_stay_inside(way: Way) {
    let fault = open(way, &json!({"open": "panic"})).unwrap_err();
    assert!(fault.message().ends_with("panicked: no way to open"), "{fault}");
    let fault = open(way, &json!({"open": "refuse"})).unwrap_err();
    assert_eq!((fault.kind(), fault.message()), (FaultKind::Auth, "no key"));
    let provider = open(way, &json!({"open": "panic at the end"})).unwrap();
    assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
    drop(provider);
}

async fn calls_bring_their_world_and_can_be_dropped(way: Way) {
    let provider = open(way, &json!({})).unwrap();
    assert_eq!(ask(&*provider, "wait").await.unwrap().text(), "wait");
    assert_eq!(ask(&*provider, "key").await.unwrap().text().len(), 1_000);
    let labels = Labels { run: Some("run-7".into()), ..Labels::default() };
    let about = call().idempotency_key("abc").labels(labels);
    let answer = provider.complete(&about, &Request::new("").user("call")).await.unwrap();
    assert_eq!(answer.text(), "abc Some(\"run-7\")");
    let fault = provider.embed(&call(), &Embed::new("", ["x"])).await.unwrap_err();
    assert_eq!((fault.pause_ms(), fault.http_status()), (Some(9), Some(429)));
    drop_soon(&*provider, "for ever").await;
    let fault = provider.models(&call().within_ms(50)).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Timeout);
    assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
}
