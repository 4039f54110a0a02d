//! Providers and calls for the tests.

use std::sync::Arc;

use fusion_core::contract::{Call, Provider, Timeouts, gather};
use fusion_core::model::chat::{Answer, Chunk, Fault, Request};
use fusion_core::run::Os;
use fusion_providers::{Anthropic, Gemini, Key, Ollama, OpenAi, OpenRouter, Settings};
use futures_util::StreamExt;

/// The key that nobody may see.
pub(crate) const KEY: &str = "sk-canary-5f1d9a";

/// A call with short limits.
pub(crate) fn call() -> Call {
    limited(2_000, 10_000)
}

/// A call with these limits, in milliseconds: between two pieces, in all.
pub(crate) fn limited(idle_ms: u64, total_ms: u64) -> Call {
    let limits = Timeouts { connect_ms: 2_000, idle_ms, total_ms };
    Call::new(Os::new().unwrap()).timeouts(limits)
}

pub(crate) fn request() -> Request {
    Request::new("some-model").user("Hello!")
}

pub(crate) fn settings(url: &str) -> Settings {
    Settings::default().base_url(url).key(Key::new(KEY))
}

pub(crate) fn openai(url: &str) -> OpenAi {
    OpenAi::new(settings(url)).unwrap()
}

/// One of each.
pub(crate) fn all(url: &str) -> Vec<Arc<dyn Provider>> {
    vec![
        Arc::new(openai(url)),
        Arc::new(OpenRouter::new(settings(url)).unwrap()),
        Arc::new(Anthropic::new(settings(url)).unwrap()),
        Arc::new(Gemini::new(settings(url)).unwrap()),
        Arc::new(Ollama::new(settings(url)).unwrap()),
    ]
}

/// Reads a stream to its end: what came, and the fault that ended it.
pub(crate) async fn streamed(provider: &dyn Provider, call: &Call) -> (Vec<Chunk>, Option<Fault>) {
    let mut chunks = match provider.stream(call, &request()).await {
        Ok(chunks) => chunks,
        Err(fault) => return (Vec::new(), Some(fault)),
    };
    let mut all = Vec::new();
    while let Some(chunk) = chunks.next().await {
        match chunk {
            Ok(chunk) => all.push(chunk),
            Err(fault) => {
                assert!(chunks.next().await.is_none(), "nothing comes after a fault");
                return (all, Some(fault));
            }
        }
    }
    (all, None)
}

/// Reads a stream as one answer.
pub(crate) async fn whole(provider: &dyn Provider, call: &Call) -> Result<Answer, Fault> {
    gather(provider.stream(call, &request()).await?).await
}
