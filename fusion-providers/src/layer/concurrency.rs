//! Concurrency: so many calls under way, and no more.

use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, FaultKind, Request};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Layer;
use super::watch::watch;

/// Lets so many calls of this process be under way; others wait in the order in which they came.
///
/// A stream is under way until its end, or until it is dropped. Clones share the places. Waiting ends with the call's
/// time, and counts neither to an attempt's limits nor to a rate.
#[derive(Debug, Clone)]
pub struct Concurrency(Arc<Semaphore>);

impl Concurrency {
    /// Lets so many calls be under way, at least one.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS))))
    }

    async fn place(&self, call: &Call) -> Result<OwnedSemaphorePermit, Fault> {
        let places = self.0.clone();
        let place = async move {
            let closed = |_| Fault::new(FaultKind::Cancelled, "no more calls are let in");
            places.acquire_owned().await.map_err(closed)
        };
        call.limited(u64::MAX, "no place among the calls under way was free", place).await
    }
}

#[async_trait]
impl Layer for Concurrency {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let _place = self.place(call).await?;
        next.complete(call, request).await
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let place = self.place(call).await?;
        let chunks = next.stream(call, request).await;
        watch(chunks, call.env(), async move |_| drop(place)).await
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        let _place = self.place(call).await?;
        next.embed(call, request).await
    }
}
