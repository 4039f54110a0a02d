//! Timeout: ending what takes too long.

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider, Timeouts};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Model, Quota, Request};
use futures_util::{StreamExt, stream};

use super::Layer;

/// Ends calls that take too long, whatever the provider does: as a whole, and streams also between two chunks.
///
/// The limits are those of the layer, else those of the call ([`Call::limits`]), which always has some. The provider is told
/// of them, so that it can keep to the limit for connections. Beneath a retry they hold for each attempt.
///
/// ```
/// use fusion_core::contract::Timeouts;
/// use fusion_providers::layer::Timeout;
/// let quick = Timeout::of(Timeouts { total_ms: 20_000, idle_ms: 5_000, ..Timeouts::default() });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Timeout(Option<Timeouts>);

impl Timeout {
    /// Keeps to the limits of each call.
    pub fn usual() -> Self {
        Self(None)
    }

    /// Keeps to these limits.
    pub fn of(timeouts: Timeouts) -> Self {
        Self(Some(timeouts))
    }

    fn bounded(self, call: &Call) -> (Call, Timeouts) {
        let limits = self.0.unwrap_or_else(|| call.limits());
        (call.clone().timeouts(limits).within_ms(limits.total_ms), limits)
    }
}

const NOTHING: &str = "no answer came";

#[async_trait]
impl Layer for Timeout {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let (call, limits) = self.bounded(call);
        call.limited(limits.total_ms, NOTHING, next.complete(&call, request)).await
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let (call, limits) = self.bounded(call);
        let chunks = call.limited(limits.idle_ms, NOTHING, next.stream(&call, request)).await?;
        let limited = stream::unfold(Some((chunks, call)), move |open| async move {
            let (mut chunks, call) = open?;
            let chunk = async { chunks.next().await.transpose() };
            match call.limited(limits.idle_ms, "no chunk came", chunk).await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some((chunks, call)))),
                Ok(None) => None,
                // The provider's stream is dropped, which ends the call.
                Err(fault) => Some((Err(fault), None)),
            }
        });
        Ok(limited.boxed())
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        let (call, limits) = self.bounded(call);
        call.limited(limits.total_ms, NOTHING, next.embed(&call, request)).await
    }

    async fn models(&self, next: &dyn Provider, call: &Call) -> Result<Vec<Model>, Fault> {
        let (call, limits) = self.bounded(call);
        call.limited(limits.total_ms, NOTHING, next.models(&call)).await
    }

    async fn quota(&self, next: &dyn Provider, call: &Call) -> Result<Quota, Fault> {
        let (call, limits) = self.bounded(call);
        call.limited(limits.total_ms, NOTHING, next.quota(&call)).await
    }
}
