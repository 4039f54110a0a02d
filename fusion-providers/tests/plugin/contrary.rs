//! A plugin in Rust that panics where it can: built as a library of its own for the test beside it.

#![expect(clippy::panic, reason = "to panic is what it is for")]

use std::time::Duration;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Message, Model, Request,
};
use fusion_plugin::{Plugin, Setup, export_provider};
use futures_util::{StreamExt, stream};
use serde_json::Value;

#[derive(Debug)]
struct Contrary {
    key: Option<String>,
    panics_at_its_end: bool,
}

impl Plugin for Contrary {
    fn open(setup: &Setup) -> Result<Self, Fault> {
        let config: Value = setup.config()?;
        match config.get("open").and_then(Value::as_str) {
            Some("panic") => panic!("no way to open"),
            Some("refuse") => Err(Fault::new(FaultKind::Auth, "no key")),
            other => Ok(Self { key: setup.secret("LONG"), panics_at_its_end: other.is_some() }),
        }
    }
}

impl Drop for Contrary {
    fn drop(&mut self) {
        assert!(!self.panics_at_its_end, "no way to close");
    }
}

#[async_trait]
impl Provider for Contrary {
    fn name(&self) -> &'static str {
        "contrary"
    }

    #[expect(clippy::disallowed_methods, reason = "a timer of the plugin's own runtime is tried")]
    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        let text = request.messages.last().map(Message::text).unwrap_or_default();
        match text.as_str() {
            "panic" => panic!("at once"),
            "panic later" => {
                tokio::time::sleep(Duration::from_millis(1)).await;
                panic!("later")
            }
            "wait" => call.sleep_ms(20).await?,
            "for ever" => std::future::pending().await,
            "key" => return Ok(Answer::text_of("m", self.key.clone().unwrap_or_default())),
            "call" => {
                let about = format!("{} {:?}", call.key(), call.for_whom().run);
                return Ok(Answer::text_of("m", about));
            }
            _ => {}
        }
        Ok(Answer::text_of("m", text))
    }

    async fn stream(&self, _call: &Call, _request: &Request) -> Result<Chunks, Fault> {
        let pieces = stream::iter(0..1_000).map(|number| {
            assert!(number < 300, "in the middle");
            Ok(Chunk::text(format!("{number} ")))
        });
        Ok(pieces.boxed())
    }

    async fn embed(&self, _call: &Call, _request: &Embed) -> Result<Embeddings, Fault> {
        Err(Fault::new(FaultKind::RateLimit, "slowly").retry_after_ms(9).status(429))
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        // Beyond the wish to end there is only being dropped.
        while !call.is_cancelled() {
            tokio::task::yield_now().await;
        }
        Ok(Vec::new())
    }
}

export_provider!(Contrary, "contrary");
