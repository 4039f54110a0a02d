//! Retry: trying again what may go away by itself.

use async_trait::async_trait;
use fusion_core::contract::{BoxFuture, Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Model, Quota, Request};
use fusion_core::model::{Backoff, Digest, Failure};

use super::Layer;
use super::watch::begun;

/// The longest pause that a call waits out, in milliseconds: what asks for more is better waited for by the node.
const PATIENCE_MS: u64 = 60_000;

/// Tries a call again after a pause: rate limits, overload, time limits, broken connections, garbled answers.
///
/// The pause grows from attempt to attempt, half of it is drawn at random, and it is never shorter than what the provider asked
/// for. A call is given up when its time would be over before the next attempt, or when the provider asks for a longer pause than
/// one minute ([`Retry::patience_ms`]): then the fault says how long, and the node's own policy parks it. A stream is tried
/// again until its first content; what a caller has seen is never said twice.
///
/// ```
/// use fusion_providers::layer::Retry;
/// let retry = Retry::new().attempts(5).patience_ms(10_000);
/// ```
#[derive(Debug, Clone)]
pub struct Retry {
    backoff: Backoff,
    patience_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

impl Retry {
    /// Makes up to four attempts, with pauses of about half a second, one and two seconds.
    pub fn new() -> Self {
        Self::with(Self::usual())
    }

    /// Gives the attempts and pauses of [`Retry::new`].
    pub(crate) fn usual() -> Backoff {
        Backoff {
            attempts: 4,
            initial_ms: 500,
            factor: 2.0,
            max_ms: 30_000,
            jitter: 0.5,
            ..Backoff::ONCE
        }
    }

    /// Makes attempts as a node's policy would; `on` and `not_on` name classes of [`FaultKind`].
    ///
    /// [`FaultKind`]: fusion_core::model::chat::FaultKind
    pub fn with(backoff: Backoff) -> Self {
        Self { backoff, patience_ms: PATIENCE_MS }
    }

    /// Sets how many attempts there are, the first one counted.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.backoff.attempts = attempts;
        self
    }

    /// Sets the longest pause that a call waits out, in milliseconds.
    #[must_use]
    pub fn patience_ms(mut self, ms: u64) -> Self {
        self.patience_ms = ms;
        self
    }

    /// Gives the pause after so many failed attempts, in milliseconds; none when it is given up.
    fn pause_ms(&self, call: &Call, failed: u32, fault: &Fault) -> Option<u64> {
        if failed >= self.backoff.attempts || !self.backoff.covers(&Failure::from(fault.clone())) {
            return None;
        }
        let random = call.env().random().to_le_bytes();
        let salt = Digest::of_parts(&[call.key().as_bytes(), &random]);
        let own = self.backoff.pause_ms(failed, salt);
        let asked = fault.pause_ms().unwrap_or(0);
        // What asked for a pause gets a little more, so that not all come back in the same moment.
        let pause = if asked > own { asked.saturating_add(own / 4) } else { own };
        (pause <= self.patience_ms.max(own) && call.outlasts_ms(pause)).then_some(pause)
    }

    async fn tries<'a, T>(
        &self,
        call: &Call,
        attempt: impl Fn() -> BoxFuture<'a, Result<T, Fault>> + Send + Sync,
    ) -> Result<T, Fault> {
        let mut failed = 0;
        loop {
            call.check()?;
            let fault = match attempt().await {
                Ok(done) => return Ok(done),
                Err(fault) => fault,
            };
            failed += 1;
            let Some(pause) = self.pause_ms(call, failed, &fault) else { return Err(fault) };
            tracing::debug!(%fault, failed, pause_ms = pause, "a provider is asked again");
            let (next, most) = (failed + 1, self.backoff.attempts);
            call.tell(&format!("{fault}; attempt {next} of {most} in {}", seconds(pause)));
            call.sleep_ms(pause).await?;
        }
    }
}

/// Writes a time for people.
fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}

#[async_trait]
impl Layer for Retry {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        self.tries(call, || next.complete(call, request)).await
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let attempt = || -> BoxFuture<'_, _> {
            Box::pin(async move { begun(next.stream(call, request).await?).await })
        };
        self.tries(call, attempt).await
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        self.tries(call, || next.embed(call, request)).await
    }

    async fn models(&self, next: &dyn Provider, call: &Call) -> Result<Vec<Model>, Fault> {
        self.tries(call, || next.models(call)).await
    }

    async fn quota(&self, next: &dyn Provider, call: &Call) -> Result<Quota, Fault> {
        self.tries(call, || next.quota(call)).await
    }
}
