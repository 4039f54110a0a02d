//! A plugin in Rust over the ordinary trait: no panic crosses, calls can be dropped, time is the host's.

use std::path::PathBuf;
use std::sync::Arc;

use fusion_core::contract::{Labels, Provider};
use fusion_core::model::chat::{Chunk, Embed, Fault, FaultKind, Request};
use fusion_providers::{Keys, Plugin};
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::bed::{ask, call, drop_soon};

/// Cargo builds it with the tests, as an example of this package.
fn library() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().unwrap().parent().unwrap().join("examples");
    let name = format!("{}contrary{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let file = folder.join(name);
    assert!(file.is_file(), "build it: cargo build -p fusion-providers --examples");
    file
}

fn open(config: &Value) -> Result<Arc<dyn Provider>, Fault> {
    let keys = Keys::new(|name| (name == "LONG").then(|| "k".repeat(1_000)));
    Plugin::load(&library())?.open(config, &keys)
}

#[tokio::test(flavor = "multi_thread")]
async fn panics_become_faults() {
    let provider = open(&json!({})).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn panics_at_the_begin_and_the_end_stay_inside() {
    let fault = open(&json!({"open": "panic"})).unwrap_err();
    assert!(fault.message().ends_with("panicked: no way to open"), "{fault}");
    let fault = open(&json!({"open": "refuse"})).unwrap_err();
    assert_eq!((fault.kind(), fault.message()), (FaultKind::Auth, "no key"));
    let provider = open(&json!({"open": "panic at the end"})).unwrap();
    assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
    drop(provider);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_bring_their_world_and_can_be_dropped() {
    let provider = open(&json!({})).unwrap();
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
