//! Cache: what was answered already is not asked again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider, Store, chunks_of};
use fusion_core::model::Digest;
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Finish, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedMutexGuard;

use super::Layer;
use super::shelf::Shelf;
use super::watch::{Ended, watch};

/// The kind of the documents in the store.
pub(super) const KIND: &str = "answer";

/// Keeps answers and vectors in the store, by the whole content of the question: provider, model, messages, tools, settings.
///
/// Only complete answers are kept, never faults and refusals. Equal questions of one process at the same time are asked once; if
/// that fails, the next one asks by itself. An answer that was kept says so ([`Answer::cached`]). A store that does not answer is a
/// miss. Secrets in questions and answers are kept as they are: put a [`Redact`](super::Redact) over it.
///
/// ```
/// use std::sync::Arc;
/// use fusion_core::contract::Store;
/// use fusion_providers::layer::Cache;
///
/// # fn example(store: Arc<dyn Store>) -> Cache {
/// Cache::new(store).ttl_ms(24 * 3_600_000).version("prompts of May")
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Cache {
    shelf: Shelf,
    ttl_ms: Option<u64>,
    version: Arc<str>,
    flights: Arc<Flights>,
}

type Flights = Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>;

impl Cache {
    /// Keeps what was answered for ever.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let shelf = Shelf::new(store, KIND);
        Self { shelf, ttl_ms: None, version: "".into(), flights: Arc::default() }
    }

    /// Uses nothing that is older, in milliseconds.
    #[must_use]
    pub fn ttl_ms(mut self, ms: u64) -> Self {
        self.ttl_ms = Some(ms);
        self
    }

    /// Sets a word that is part of every question: another one forgets what is kept.
    #[must_use]
    pub fn version(mut self, version: impl Into<Arc<str>>) -> Self {
        self.version = version.into();
        self
    }

    /// Gives the name of a question; none for one that is no JSON.
    fn name<T: Serialize>(&self, what: &str, provider: &dyn Provider, asked: &T) -> Option<String> {
        let asked = serde_json::to_vec(asked).ok()?;
        let whom = [provider.name(), provider.place(), provider.model()].map(str::as_bytes);
        let [name, place, model] = whom;
        let of = [what.as_bytes(), name, place, model, self.version.as_bytes(), &asked];
        Some(Digest::of_parts(&of).to_string())
    }

    async fn find<T: DeserializeOwned>(&self, call: &Call, name: &str) -> Option<T> {
        let (kept, version, at) = self.shelf.read::<Option<T>>(name).await.ok()?;
        let age = u64::try_from(call.env().now_ms().saturating_sub(at)).unwrap_or(0);
        kept.filter(|_| version > 0 && self.ttl_ms.is_none_or(|ttl| age <= ttl))
    }

    async fn keep<T: Serialize + Sync>(&self, call: &Call, name: &str, value: &T) {
        if let Err(fault) = self.shelf.write(call.env(), name, value).await {
            tracing::warn!(%fault, "an answer was not kept");
        }
    }

    /// Waits until nobody else of this process asks the same.
    async fn flight(&self, call: &Call, name: &str) -> Result<Flight, Fault> {
        let lock = {
            let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
            flights.entry(name.to_owned()).or_default().clone()
        };
        let mut flight =
            Flight { flights: self.flights.clone(), name: name.to_owned(), guard: None };
        let guard = async { Ok(lock.lock_owned().await) };
        let guard = call.limited(u64::MAX, "the same question got no answer", guard).await?;
        flight.guard = Some(guard);
        Ok(flight)
    }
}

/// The right to ask a question; the next one gets it when this is dropped.
struct Flight {
    flights: Arc<Flights>,
    name: String,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Drop for Flight {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        // Who waits holds the lock too, and gets it before this can be seen as unused.
        if flights.get(&self.name).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            flights.remove(&self.name);
        }
    }
}

/// Tells whether an answer is worth keeping.
fn is_whole(answer: &Answer) -> bool {
    !answer.cached && matches!(answer.finish, Finish::Stop | Finish::Length | Finish::ToolCalls)
}

#[async_trait]
impl Layer for Cache {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let Some(name) = self.name("chat", next, request) else {
            return next.complete(call, request).await;
        };
        let _flight = self.flight(call, &name).await?;
        if let Some(answer) = self.find::<Answer>(call, &name).await {
            return Ok(Answer { cached: true, ..answer });
        }
        let answer = next.complete(call, request).await?;
        if is_whole(&answer) {
            self.keep(call, &name, &answer).await;
        }
        Ok(answer)
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let Some(name) = self.name("chat", next, request) else {
            return next.stream(call, request).await;
        };
        let flight = self.flight(call, &name).await?;
        if let Some(answer) = self.find::<Answer>(call, &name).await {
            return Ok(chunks_of(Answer { cached: true, ..answer }));
        }
        let chunks = next.stream(call, request).await;
        let (cache, of) = (self.clone(), call.clone());
        let at_end = async move |Ended { answer, result }: Ended| {
            if matches!(result, Some(Ok(()))) && is_whole(&answer) {
                cache.keep(&of, &flight.name, &answer).await;
            }
            drop(flight);
        };
        watch(chunks, call.env(), at_end).await
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        let Some(name) = self.name("embed", next, request) else {
            return next.embed(call, request).await;
        };
        let _flight = self.flight(call, &name).await?;
        if let Some(kept) = self.find::<Embeddings>(call, &name).await {
            return Ok(kept);
        }
        let got = next.embed(call, request).await?;
        self.keep(call, &name, &got).await;
        Ok(got)
    }
}
