//! The plugin is loaded as a program loads it, and does what it says.
#![cfg(test)]

use std::path::PathBuf;
use std::sync::Arc;

use fusion_core::contract::{Call, Provider, gather};
use fusion_core::model::chat::{Embed, FaultKind, Request};
use fusion_core::run::Os;
use fusion_providers::{Keys, Plugin};
use serde_json::{Value, json};

const STORY: &str = "The harbour lay still. A storm came over the harbour at night. Nobody slept. \
                     The storm broke two boats in the harbour! Who was to pay?";

fn plugin() -> Plugin {
    let program = std::env::current_exe().unwrap();
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let file: PathBuf = program.with_file_name(format!("{prefix}plugin_rust{suffix}"));
    Plugin::load(&file).unwrap()
}

fn open(config: &Value) -> Arc<dyn Provider> {
    plugin().open(config, &Keys::new(|_| None)).unwrap()
}

fn call() -> Call {
    Call::new(Os::current().unwrap()).within_ms(10_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_picks_what_says_most() {
    let provider = open(&json!({"sentences": 2}));
    assert_eq!(provider.name(), "digest");
    let request = Request::new("").user(STORY);
    let answer = provider.complete(&call(), &request).await.unwrap();
    let short = "A storm came over the harbour at night. The storm broke two boats in the harbour!";
    assert_eq!((answer.text().as_str(), answer.model.as_str()), (short, "digest-1"));
    assert_eq!((answer.usage.input, answer.usage.output), (26, 16));
    let streamed = gather(provider.stream(&call(), &request).await.unwrap()).await.unwrap();
    assert_eq!(streamed, answer);
    assert_eq!(provider.models(&call()).await.unwrap()[0].id, "digest-1");
    let fault = provider.quota(&call()).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unsupported);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_share_words_are_near() {
    let provider = open(&Value::Null);
    let texts = ["storm over the harbour", "a harbour in the storm", "taxes were raised"];
    let vectors = provider.embed(&call(), &Embed::new("", texts)).await.unwrap().vectors;
    let near = |a: usize, b: usize| -> f32 {
        vectors[a].iter().zip(&vectors[b]).map(|(a, b)| a * b).sum()
    };
    assert!(near(0, 1) > 0.8 && near(0, 2) < 0.5, "{} {}", near(0, 1), near(0, 2));
}

#[test]
fn a_wrong_configuration_is_refused_with_the_reason() {
    let keys = Keys::new(|_| None);
    let fault = plugin().open(&json!({"sentence": 2}), &keys).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    assert!(fault.message().contains("unknown field `sentence`"), "{fault}");
}
