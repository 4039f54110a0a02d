//! Circuit breaker: calls are kept away from a provider that fails all the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider};
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, FaultKind, Request};

use super::Layer;
use super::watch::{Ended, watch};

const NS_PER_MS: u64 = 1_000_000;

/// Keeps calls away from a provider after so many faults in a row, and lets one try again after a while.
///
/// Faults that count are those of the provider itself: overload, time limits, broken connections, garbled answers. A
/// call that is kept away fails at once as `overloaded`, with the time until the next try; if that one fails too, the pause doubles, up to
/// sixteen times. Clones share what they know.
#[derive(Debug, Clone)]
pub struct Breaker {
    faults: u32,
    pause_ms: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Faults in a row.
    failed: u32,
    /// How often in a row it opened.
    opened: u32,
    /// Until when calls are kept away, on the monotonic clock; 0 when they are not.
    until_ns: u64,
    /// A call tries whether the provider is back.
    trying: bool,
}

impl Breaker {
    /// Keeps calls away after so many faults in a row, for so many milliseconds at first.
    pub fn new(faults: u32, pause_ms: u64) -> Self {
        Self { faults: faults.max(1), pause_ms, state: Arc::default() }
    }

    /// Tells whether calls are kept away.
    pub fn is_open(&self) -> bool {
        self.state().until_ns > 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, call: &Call, provider: &str) -> Result<Pass, Fault> {
        let mut state = self.state();
        let now = call.env().monotonic_ns();
        let is_try = state.until_ns > 0;
        if is_try && (now < state.until_ns || state.trying) {
            let left_ms = (state.until_ns.saturating_sub(now) / NS_PER_MS).max(1);
            let message = format!("it failed {} times in a row and is left alone", state.failed);
            let fault = Fault::new(FaultKind::Overloaded, message);
            return Err(fault.provider(provider).retry_after_ms(left_ms));
        }
        state.trying = is_try;
        drop(state);
        Ok(Pass { breaker: self.clone(), call: call.clone(), is_try, told: false })
    }
}

/// The right to make one call; who drops it without a word leaves all as it was.
struct Pass {
    breaker: Breaker,
    call: Call,
    is_try: bool,
    told: bool,
}

impl Pass {
    fn tell(mut self, fault: Option<&Fault>) {
        self.told = true;
        let mut state = self.breaker.state();
        let counts = |kind| {
            use FaultKind::{Malformed, Overloaded, Timeout, Transport};
            matches!(kind, Overloaded | Timeout | Transport | Malformed)
        };
        match fault.map(Fault::kind) {
            Some(kind) if counts(kind) => {
                state.failed = state.failed.saturating_add(1);
                if self.is_try || state.failed >= self.breaker.faults {
                    let pause = self.breaker.pause_ms.saturating_mul(1 << state.opened.min(4));
                    let now = self.call.env().monotonic_ns();
                    state.until_ns = now.saturating_add(pause.saturating_mul(NS_PER_MS)).max(1);
                    state.opened = state.opened.saturating_add(1);
                }
                state.trying = false;
            }
            // Nothing is known about the provider.
            Some(FaultKind::Cancelled | FaultKind::Budget) => {
                if self.is_try {
                    state.trying = false;
                }
            }
            // An answer, or a refusal of somebody who is there.
            _ => *state = State::default(),
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.is_try && !self.told {
            self.breaker.state().trying = false;
        }
    }
}

#[async_trait]
impl Layer for Breaker {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let pass = self.enter(call, next.name())?;
        let result = next.complete(call, request).await;
        pass.tell(result.as_ref().err());
        result
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let pass = self.enter(call, next.name())?;
        let chunks = next.stream(call, request).await;
        let at_end = async move |ended: Ended| {
            if let Some(result) = ended.result {
                pass.tell(result.as_ref().err());
            }
        };
        watch(chunks, call.env(), at_end).await
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        let pass = self.enter(call, next.name())?;
        let result = next.embed(call, request).await;
        pass.tell(result.as_ref().err());
        result
    }
}
