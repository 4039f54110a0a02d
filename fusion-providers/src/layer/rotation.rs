//! Rotation: several keys for one service; one that fails rests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fusion_core::contract::{BoxFuture, Call, Chunks, Provider};
use fusion_core::model::chat::{
    Answer, Embed, Embeddings, Fault, FaultKind, Model, Quota, Request,
};

use super::watch::begun;

const NS_PER_MS: u64 = 1_000_000;
/// How long a key rests after a rate limit that names no pause, in milliseconds.
const LIMITED_MS: u64 = 10_000;
/// How long a key rests that the service refused, in milliseconds.
const REFUSED_MS: u64 = 10 * 60_000;
/// The longest rest of a key, in milliseconds, whatever pause the service names: a wrong header would else take the key out of use
/// until the program ends, and trying too early costs one refused call an hour.
const LONGEST_MS: u64 = 60 * 60_000;

/// Providers that are the same but for their key; each call goes to the next one that does not rest.
///
/// A key that met a rate limit rests as long as the service asked for, but an hour at most, one that was refused ten minutes; the
/// call goes on with the next key. When all rest, the call fails as `rate_limit` (as `auth` when all were refused), with the time until the first is
/// back. Which key it is appears nowhere but as its place, from 1. Clones share what they know.
///
/// ```
/// use fusion_providers::{Scripted, layer::Rotation};
/// let rotation = Rotation::new([Scripted::new("service"), Scripted::new("service")]);
/// ```
#[derive(Debug, Clone)]
pub struct Rotation(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    keys: Vec<Arc<dyn Provider>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The place of the key that is used next.
    next: usize,
    /// Until when each key rests, on the monotonic clock, and whether it was refused.
    rests: Vec<(u64, bool)>,
}

impl Rotation {
    /// Makes a provider of several.
    pub fn new<P: Provider + 'static>(keys: impl IntoIterator<Item = P>) -> Self {
        let arc = |key| -> Arc<dyn Provider> { Arc::new(key) };
        let keys: Vec<Arc<dyn Provider>> = keys.into_iter().map(arc).collect();
        let state = State { next: 0, rests: vec![(0, false); keys.len()] };
        Self(Arc::new(Shared { keys, state: Mutex::new(state) }))
    }

    /// Tells which keys rest now, by their places from 1.
    pub fn resting(&self, call: &Call) -> Vec<usize> {
        let now = call.env().monotonic_ns();
        let rests = self.state().rests.clone();
        (1..).zip(rests).filter(|(_, (until, _))| *until > now).map(|(place, _)| place).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the next key that does not rest.
    fn next(&self, call: &Call) -> Option<(usize, &dyn Provider)> {
        let now = call.env().monotonic_ns();
        let mut state = self.state();
        let count = self.0.keys.len();
        for step in 0..count {
            let at = state.next.wrapping_add(step) % count;
            if state.rests.get(at).is_some_and(|(until, _)| *until <= now) {
                state.next = at + 1;
                return self.0.keys.get(at).map(|key| (at, &**key));
            }
        }
        None
    }

    /// Lets a key rest if the fault is one of the key. Tells whether it is.
    fn rest(&self, call: &Call, at: usize, fault: &Fault) -> bool {
        let (ms, refused) = match fault.kind() {
            FaultKind::RateLimit => (fault.pause_ms().unwrap_or(LIMITED_MS).min(LONGEST_MS), false),
            FaultKind::Auth => (REFUSED_MS, true),
            _ => return false,
        };
        let until = call.env().monotonic_ns().saturating_add(ms.saturating_mul(NS_PER_MS));
        if let Some(rest) = self.state().rests.get_mut(at) {
            *rest = (until.max(rest.0), refused);
        }
        tracing::warn!(key = at + 1, rest_ms = ms, kind = %fault.kind(), "a key of a provider rests");
        true
    }

    fn all_rest(&self, call: &Call) -> Fault {
        let now = call.env().monotonic_ns();
        let rests = self.state().rests.clone();
        let count = rests.len();
        if count == 0 {
            return Fault::new(FaultKind::Auth, "no key was given");
        }
        let refused = rests.iter().all(|(_, refused)| *refused);
        let first = rests.iter().map(|(until, _)| until.saturating_sub(now)).min().unwrap_or(0);
        let kind = if refused { FaultKind::Auth } else { FaultKind::RateLimit };
        let fault = Fault::new(kind, format!("all {count} keys rest"));
        fault.provider(self.name()).retry_after_ms(first.div_ceil(NS_PER_MS))
    }

    async fn ask<'a, T>(
        &'a self,
        call: &Call,
        attempt: impl Fn(&'a dyn Provider) -> BoxFuture<'a, Result<T, Fault>> + Send + Sync,
    ) -> Result<T, Fault> {
        for _ in 0..self.0.keys.len() {
            let Some((at, key)) = self.next(call) else { break };
            match attempt(key).await {
                Err(fault) if self.rest(call, at, &fault) => call.check()?,
                other => return other,
            }
        }
        Err(self.all_rest(call))
    }
}

#[async_trait]
impl Provider for Rotation {
    fn name(&self) -> &str {
        self.0.keys.first().map_or("rotation", |key| key.name())
    }

    fn model(&self) -> &str {
        self.0.keys.first().map_or("", |key| key.model())
    }

    fn place(&self) -> &str {
        self.0.keys.first().map_or("", |key| key.place())
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        self.ask(call, |key| key.complete(call, request)).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        self.ask(call, |key| Box::pin(async move { begun(key.stream(call, request).await?).await }))
            .await
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        self.ask(call, |key| key.embed(call, request)).await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.ask(call, |key| key.models(call)).await
    }

    async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
        self.ask(call, |key| key.quota(call)).await
    }
}
