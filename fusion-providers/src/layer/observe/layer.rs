//! [`Observe`]: the layer.

use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Env, Provider};
use fusion_core::model::chat::{Answer, Chunk, Embed, Embeddings, Fault, Request, Usage, Usd};
use futures_util::StreamExt;
use tracing::Instrument;

use super::kept::{Kept, SpanRow};
use super::metrics::{Ended, Metrics};
use super::names;
use super::span::{self, Begun, Noted};
use crate::layer::Layer;
use crate::layer::over::model;
use crate::layer::watch::{Ended as StreamEnded, watch};

const NS_PER_MS: u64 = 1_000_000;

/// Makes a span of each call and counts it, with the names of OpenTelemetry's conventions ([`names`]).
///
/// Spans are those of `tracing`; a program that wants them elsewhere bridges them. They tell who, what and how much, and nothing
/// of what was said. [`Observe::keeping`] keeps them for a program that asks for them now and then. Outermost it sees what callers see; beneath a retry, each attempt. A stream that is dropped has a span and
/// is not counted.
///
/// ```
/// use fusion_providers::{Scripted, layer::{Observe, ProviderExt}};
///
/// let observe = Observe::new();
/// let metrics = observe.metrics();
/// let provider = Scripted::new("demo").layer(observe);
/// assert!(metrics.rows().is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Observe {
    metrics: Metrics,
    kept: Option<Kept>,
}

impl Observe {
    /// Counts anew.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts together with others.
    pub fn with(metrics: Metrics) -> Self {
        Self { metrics, kept: None }
    }

    /// Counts anew, and keeps the spans of the last thousand calls, for programs without `tracing`.
    pub fn keeping() -> Self {
        Self { metrics: Metrics::default(), kept: Some(Kept::default()) }
    }

    /// Takes the spans that are kept, those that ended first before the others.
    pub fn spans(&self) -> Vec<SpanRow> {
        self.kept.as_ref().map(Kept::take).unwrap_or_default()
    }

    /// Gives the counts, which go on.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }
}

/// A call that is watched.
struct Watched {
    metrics: Metrics,
    kept: Option<Kept>,
    env: Arc<dyn Env>,
    noted: Noted,
    provider: String,
    operation: &'static str,
    model: String,
    began_ns: u64,
    began_ms: i64,
}

impl Watched {
    fn begin(of: &Observe, call: &Call, begun: &Begun<'_>) -> Self {
        Self {
            metrics: of.metrics.clone(),
            kept: of.kept.clone(),
            env: call.env().clone(),
            noted: span::open(call, begun, of.kept.is_some()),
            provider: begun.provider.to_owned(),
            operation: begun.operation,
            model: begun.model.to_owned(),
            began_ns: call.env().monotonic_ns(),
            began_ms: call.env().now_ms(),
        }
    }

    fn chat(&self, result: Result<&Answer, &Fault>) {
        match result {
            Ok(answer) => {
                span::answered(&self.noted, answer);
                self.count(None, answer.cached, (answer.usage, answer.cost));
            }
            Err(fault) => self.failed(fault),
        }
    }

    fn failed(&self, fault: &Fault) {
        span::failed(&self.noted, fault);
        self.count(Some(fault), false, (Usage::default(), None));
    }

    fn count(&self, fault: Option<&Fault>, cached: bool, (usage, cost): (Usage, Option<Usd>)) {
        self.metrics.add(&Ended {
            provider: &self.provider,
            operation: self.operation,
            model: &self.model,
            duration_ms: self.since_ns() / NS_PER_MS,
            fault: fault.map(Fault::kind),
            cached,
            usage,
            cost,
        });
        if let Some(kept) = &self.kept {
            kept.put(SpanRow {
                name: format!("{} {}", self.operation, self.model).trim_end().to_owned(),
                began_ms: self.began_ms,
                duration_ms: self.since_ns() / NS_PER_MS,
                fields: self.noted.fields(),
            });
        }
    }

    fn since_ns(&self) -> u64 {
        self.env.monotonic_ns().saturating_sub(self.began_ns)
    }
}

#[async_trait]
impl Layer for Observe {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let begun = Begun {
            provider: next.name(),
            operation: names::CHAT,
            model: model(next, &request.model),
        };
        let watched = Watched::begin(self, call, &begun);
        span::asked(&watched.noted, request, false);
        let result = next.complete(call, request).instrument(watched.noted.span.clone()).await;
        watched.chat(result.as_ref());
        result
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let begun = Begun {
            provider: next.name(),
            operation: names::CHAT,
            model: model(next, &request.model),
        };
        let watched = Watched::begin(self, call, &begun);
        span::asked(&watched.noted, request, true);
        let chunks = next.stream(call, request).instrument(watched.noted.span.clone()).await;
        let (noted, env, began_ns) = (watched.noted.clone(), watched.env.clone(), watched.began_ns);
        let mut is_first = true;
        let note = move |chunk: &Result<Chunk, Fault>| {
            if is_first && chunk.as_ref().is_ok_and(Chunk::is_content) {
                is_first = false;
                let seconds = env.monotonic_ns().saturating_sub(began_ns) as f64 / 1e9;
                noted.note(names::FIRST_CHUNK, seconds);
            }
        };
        let chunks = chunks.map(|chunks| chunks.inspect(note).boxed());
        let at_end = async move |ended: StreamEnded| match &ended.result {
            Some(Ok(())) => watched.chat(Ok(&ended.answer)),
            Some(Err(fault)) => watched.failed(fault),
            None => {}
        };
        watch(chunks, call.env(), at_end).await
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        let (provider, model) = (next.name(), model(next, &request.model));
        let begun = Begun { provider, operation: names::EMBEDDINGS, model };
        let watched = Watched::begin(self, call, &begun);
        let result = next.embed(call, request).instrument(watched.noted.span.clone()).await;
        match &result {
            Ok(got) => {
                span::took(&watched.noted, got.usage, got.cost);
                watched.count(None, false, (got.usage, got.cost));
            }
            Err(fault) => watched.failed(fault),
        }
        result
    }
}
