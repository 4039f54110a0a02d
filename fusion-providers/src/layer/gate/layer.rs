//! [`Gate`]: the layer.

use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Env, Provider, Store};
use fusion_core::model::chat::{
    Answer, Embed, Embeddings, Fault, FaultKind, Quota, Request, Usage,
};

use super::state::{Rates, State};
use crate::layer::over::model;
use crate::layer::shelf::Shelf;
use crate::layer::watch::{Ended, watch};
use crate::layer::{Layer, estimate};

/// The kind of the documents in the store.
pub(in crate::layer) const KIND: &str = "gate";
/// How many bytes of text a token has, about.
const BYTES_PER_TOKEN: u64 = 4;
/// How far the past may lie open, in milliseconds: a tenth of the window.
const BURST_MS: i64 = 6_000;
/// The longest wait that a call sits out, in milliseconds.
const PATIENCE_MS: u64 = 60_000;

/// Lets calls start no faster than an account may ask, in requests and tokens a minute: one gate for all processes on a store.
///
/// Each model of the account has a gate of its own. Calls get their moment in the order in which they come and wait for it. The
/// gate learns: from the limits that responses tell, and from refusals, after which nobody starts until the account is allowed
/// again; then not all in the same moment. A call whose moment is more than a minute away ([`Gate::patience_ms`]), or after
/// its own end, fails at once as `rate_limit` with the time to wait: its node is parked by its own policy and loses nothing.
///
/// Tokens are guessed before a call and put right after it. Without rates, given or learned, nothing is written before a call.
/// The clock is the wall's, which processes share.
///
/// ```
/// use std::sync::Arc;
/// use fusion_core::contract::Store;
/// use fusion_providers::layer::Gate;
///
/// # fn example(store: Arc<dyn Store>) -> Gate {
/// Gate::new(store, "openrouter/team-a").requests_per_minute(600).tokens_per_minute(200_000)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Gate {
    shelf: Shelf,
    account: Arc<str>,
    rates: Rates,
    patience_ms: u64,
}

impl Gate {
    /// Makes the gate of an account that knows only what it learns.
    pub fn new(store: Arc<dyn Store>, account: impl Into<Arc<str>>) -> Self {
        let rates = Rates { requests: None, tokens: None, burst_us: BURST_MS * 1_000 };
        let shelf = Shelf::new(store, KIND);
        Self { shelf, account: account.into(), rates, patience_ms: PATIENCE_MS }
    }

    /// Sets how many requests may start in a minute; fewer if the service says so.
    #[must_use]
    pub fn requests_per_minute(mut self, most: u64) -> Self {
        self.rates.requests = Some(most.max(1));
        self
    }

    /// Sets how many tokens of input and output may flow in a minute; fewer if the service says so.
    #[must_use]
    pub fn tokens_per_minute(mut self, most: u64) -> Self {
        self.rates.tokens = Some(most.max(1));
        self
    }

    /// Sets how many milliseconds' worth may start at once after a quiet time; six seconds' without it.
    #[must_use]
    pub fn burst_ms(mut self, ms: u32) -> Self {
        self.rates.burst_us = i64::from(ms) * 1_000;
        self
    }

    /// Sets the longest wait that a call sits out, in milliseconds.
    #[must_use]
    pub fn patience_ms(mut self, ms: u64) -> Self {
        self.patience_ms = ms;
        self
    }

    /// Waits for the moment of a call.
    async fn enter(&self, call: &Call, model: &str, tokens: u64) -> Result<Passed, Fault> {
        let ids = [format!("{}/{model}", self.account)];
        let env = call.env().clone();
        let entered = self.shelf.change(&env, &ids, |states: &mut [State], now| {
            let Some(state) = states.first_mut() else { return Ok(Ok(0)) };
            let (rested, before) = (state.rest_until > now, state.clone());
            let start_us = state.enter(now, tokens, self.rates);
            let wait_ms = until(start_us, now);
            if !self.is_bearable(call, wait_ms) {
                // It takes nobody's place, and comes back when there is one for it.
                *state = before;
                let moment = state.promise(start_us, tokens, self.rates);
                return Ok(Err(until(moment, now)));
            }
            Ok(Ok(if rested { spread(&env, wait_ms) } else { wait_ms }))
        });
        let mut wait_ms = entered.await?.map_err(|ms| self.turned_away(model, ms))?;
        while wait_ms > 0 {
            call.sleep_ms(wait_ms).await?;
            // Another call may have been refused meanwhile.
            let (state, ..) = self.shelf.read::<State>(&ids[0]).await?;
            wait_ms = u64::try_from(state.rest_until.saturating_sub(env.now_ms())).unwrap_or(0);
            if wait_ms > 0 {
                if !self.is_bearable(call, wait_ms) {
                    return Err(self.turned_away(model, wait_ms));
                }
                wait_ms = spread(&env, wait_ms);
            }
        }
        Ok(Passed { gate: self.clone(), env, ids, tokens })
    }

    /// Tells whether a call sits a wait out.
    fn is_bearable(&self, call: &Call, wait_ms: u64) -> bool {
        wait_ms <= self.patience_ms && call.outlasts_ms(wait_ms)
    }

    fn turned_away(&self, model: &str, wait_ms: u64) -> Fault {
        let account = &self.account;
        let message = format!("the account `{account}` may ask `{model}` again in {wait_ms} ms");
        Fault::new(FaultKind::RateLimit, message).retry_after_ms(wait_ms)
    }
}

/// Gives how long it is until a moment (microseconds since 1970), in milliseconds.
fn until(moment_us: i64, now: i64) -> u64 {
    u64::try_from(moment_us.saturating_sub(now.saturating_mul(1_000))).unwrap_or(0).div_ceil(1_000)
}

/// Adds up to an eighth, and a second, at random: those who waited for the same moment do not all start in it.
fn spread(env: &Arc<dyn Env>, wait_ms: u64) -> u64 {
    wait_ms.saturating_add(env.random() % (wait_ms / 8 + 1).min(1_000))
}

/// A call that was let in.
struct Passed {
    gate: Gate,
    env: Arc<dyn Env>,
    ids: [String; 1],
    tokens: u64,
}

impl Passed {
    /// Takes in how it ended: the tokens that it took, what the response said, and whether it was refused.
    async fn ended(self, usage: Option<Usage>, quota: Option<Quota>, fault: Option<&Fault>) {
        let rates = self.gate.rates;
        let quota = quota.or_else(|| fault.and_then(Fault::observed));
        let learned = self.gate.shelf.change(&self.env, &self.ids, |states: &mut [State], now| {
            let Some(state) = states.first_mut() else { return Ok(()) };
            if let Some(usage) = usage.filter(|usage| usage.total() > 0) {
                state.correct(self.tokens, usage.total(), rates);
            }
            if let Some(quota) = &quota {
                state.learn(now, quota, rates);
            }
            if let Some(fault) = fault {
                state.refused(now, fault);
            }
            Ok(())
        });
        if let Err(fault) = learned.await {
            tracing::warn!(%fault, "a rate gate did not learn from a response");
        }
    }
}

#[async_trait]
impl Layer for Gate {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let tokens = estimate::chat(request, BYTES_PER_TOKEN, 0).total();
        let passed = self.enter(call, model(next, &request.model), tokens).await?;
        let result = next.complete(call, request).await;
        match &result {
            Ok(answer) => passed.ended(Some(answer.usage), answer.quota, None).await,
            Err(fault) => passed.ended(None, None, Some(fault)).await,
        }
        result
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let tokens = estimate::chat(request, BYTES_PER_TOKEN, 0).total();
        let passed = self.enter(call, model(next, &request.model), tokens).await?;
        let chunks = next.stream(call, request).await;
        let at_end = async move |Ended { answer, result }: Ended| {
            let fault = result.and_then(Result::err);
            passed.ended(Some(answer.usage), answer.quota, fault.as_ref()).await;
        };
        watch(chunks, call.env(), at_end).await
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        let tokens = estimate::texts(&request.inputs, BYTES_PER_TOKEN).total();
        let passed = self.enter(call, model(next, &request.model), tokens).await?;
        let result = next.embed(call, request).await;
        match &result {
            Ok(got) => passed.ended(Some(got.usage), got.quota, None).await,
            Err(fault) => passed.ended(None, None, Some(fault)).await,
        }
        result
    }
}
