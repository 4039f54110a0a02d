//! [`Budget`]: the layer.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider, Store};
use fusion_core::model::chat::{
    Answer, Embed, Embeddings, Fault, FaultKind, Model, Price, Request, Usage, Usd,
};

use super::held::Held;
use super::{Account, Hold, Scope};
use crate::layer::over::model;
use crate::layer::shelf::Shelf;
use crate::layer::watch::{Ended, watch};
use crate::layer::{Layer, estimate};

/// The kind of the documents in the store.
pub(in crate::layer) const KIND: &str = "budget";
/// A token of text has at least about so many bytes; fewer are guessed, so that more is held.
const BYTES_PER_TOKEN: u64 = 2;
/// The answer that is expected when the request sets no limit, in tokens.
const OUTPUT_TOKENS: u64 = 4_096;
/// How long after a call's last moment whoever made it is taken for dead, in milliseconds.
const GRACE_MS: u64 = 60_000;

/// Refuses calls that the money does not allow, before anything is spent: for a run, an agent, a project, a day.
///
/// Before a call the most that it may cost is held in all its accounts at once, afterwards that is replaced by what it did cost: by
/// the provider's word, else by price and usage. Accounts are documents of the store, so that all processes share them and
/// never overspend together. A call that is refused fails with class `budget`, which is never retried, and says whose money it was.
///
/// Rules for what nobody knows: a call that broke, was dropped or timed out may have been paid for, and counts as what was held for
/// it. If the process dies between the two, what was held stays so until a minute after the call's last moment, and counts as spent
/// from then on. A call can cost more than was held only if its request sets no limit for the answer, or a token has fewer than
/// two bytes; then the account shows what it did cost, and the next call is refused.
///
/// Put it beneath a cache (what is kept costs nothing) and a retry (each attempt is held by itself).
///
/// ```
/// use std::sync::Arc;
/// use fusion_core::contract::Store;
/// use fusion_core::model::chat::{Price, Usd};
/// use fusion_providers::layer::Budget;
///
/// # fn example(store: Arc<dyn Store>) -> Result<Budget, fusion_core::model::chat::NotUsd> {
/// let budget = Budget::new(store)
///     .price("small-model", Price::new("0.15".parse()?, "0.60".parse()?))
///     .per_run(Usd::from_cents(50))
///     .per_day(Usd::from_cents(2_000));
/// # Ok(budget)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Budget {
    shelf: Shelf,
    prices: Arc<BTreeMap<String, Price>>,
    other: Option<Price>,
    limits: [Option<Usd>; 4],
    output_tokens: u64,
}

impl Budget {
    /// Makes a budget without limits and prices: what is spent is counted.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            shelf: Shelf::new(store, KIND),
            prices: Arc::default(),
            other: None,
            limits: [None; 4],
            output_tokens: OUTPUT_TOKENS,
        }
    }

    /// Sets what a model costs.
    #[must_use]
    pub fn price(mut self, model: impl Into<String>, price: Price) -> Self {
        Arc::make_mut(&mut self.prices).insert(model.into(), price);
        self
    }

    /// Takes over the prices of a provider's list.
    #[must_use]
    pub fn prices(mut self, models: impl IntoIterator<Item = Model>) -> Self {
        let priced = models.into_iter().filter_map(|model| Some((model.id, model.price?)));
        Arc::make_mut(&mut self.prices).extend(priced);
        self
    }

    /// Sets what models cost that have no price; without it, calls of them are refused (`invalid_request`).
    #[must_use]
    pub fn other_models(mut self, price: Price) -> Self {
        self.other = Some(price);
        self
    }

    /// Sets what one run may spend.
    #[must_use]
    pub fn per_run(mut self, most: Usd) -> Self {
        self.limits[0] = Some(most);
        self
    }

    /// Sets what one agent may spend, in all its life.
    #[must_use]
    pub fn per_agent(mut self, most: Usd) -> Self {
        self.limits[1] = Some(most);
        self
    }

    /// Sets what one project may spend.
    #[must_use]
    pub fn per_project(mut self, most: Usd) -> Self {
        self.limits[2] = Some(most);
        self
    }

    /// Sets what all together may spend in a day of UTC.
    #[must_use]
    pub fn per_day(mut self, most: Usd) -> Self {
        self.limits[3] = Some(most);
        self
    }

    /// Sets how long answers are expected to be when the request sets no limit, in tokens; 4,096 without it.
    #[must_use]
    pub fn expected_output_tokens(mut self, tokens: u64) -> Self {
        self.output_tokens = tokens;
        self
    }

    /// Gives what was spent and is held.
    ///
    /// # Errors
    /// `transport` when the store does not answer.
    pub async fn account(&self, scope: &Scope) -> Result<Account, Fault> {
        self.shelf.read(&scope.id()).await.map(|(account, ..)| account)
    }

    fn limit(&self, scope: &Scope) -> Option<Usd> {
        let [run, agent, project, day] = self.limits;
        match scope {
            Scope::Run(_) => run,
            Scope::Agent(_) => agent,
            Scope::Project(_) => project,
            Scope::Day(_) => day,
        }
    }

    fn price_of(&self, model: &str) -> Result<Price, Fault> {
        self.prices.get(model).copied().or(self.other).ok_or_else(|| {
            let message = format!("nobody knows what the model `{model}` costs: give its price");
            Fault::new(FaultKind::InvalidRequest, message)
        })
    }

    async fn hold(&self, call: &Call, price: Price, usage: Usage) -> Result<Held, Fault> {
        let scopes = Scope::all_of(call);
        let ids: Vec<String> = scopes.iter().map(Scope::id).collect();
        let env = call.env().clone();
        let name = format!("{:016x}", env.random());
        let amount = price.of(usage);
        let life_ms = call.remaining_ms().saturating_add(GRACE_MS);
        let life_ms = i64::try_from(life_ms).unwrap_or(i64::MAX);
        self.shelf
            .change(&env, &ids, |accounts: &mut [Account], now| {
                for (account, scope) in accounts.iter_mut().zip(&scopes) {
                    account.sweep(now);
                    let hold = Hold { amount, until: now.saturating_add(life_ms) };
                    let limit = self.limit(scope).unwrap_or(Usd::MAX);
                    if !account.hold(&name, hold, limit) {
                        return Err(refused(scope, limit, account, amount));
                    }
                }
                Ok(())
            })
            .await?;
        Ok(Held { shelf: self.shelf.clone(), env, ids, name, amount, is_open: true })
    }
}

fn refused(scope: &Scope, limit: Usd, account: &Account, amount: Usd) -> Fault {
    let (spent, held) = (account.spent, account.held());
    let message = format!(
        "the budget of {scope} is ${limit}: ${spent} is spent, ${held} is held for calls under way, \
         and this call may cost ${amount}"
    );
    Fault::new(FaultKind::Budget, message)
}

/// Gives what a call did cost: by the provider's word, else by its usage, else what was held for it.
fn cost(price: Price, held: Usd, said: Option<Usd>, usage: Usage) -> Usd {
    said.unwrap_or_else(|| if usage.total() == 0 { held } else { price.of(usage) })
}

/// Puts what an answer did cost in the place of what was held for it.
async fn settle(held: Held, price: Price, answer: &Answer) {
    let actual =
        if answer.cached { Usd::ZERO } else { cost(price, held.amount, answer.cost, answer.usage) };
    held.settle(actual).await;
}

#[async_trait]
impl Layer for Budget {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let price = self.price_of(model(next, &request.model))?;
        let usage = estimate::chat(request, BYTES_PER_TOKEN, self.output_tokens);
        let held = self.hold(call, price, usage).await?;
        let result = next.complete(call, request).await;
        match &result {
            Ok(answer) => settle(held, price, answer).await,
            Err(fault) => held.failed(fault).await,
        }
        result
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let price = self.price_of(model(next, &request.model))?;
        let usage = estimate::chat(request, BYTES_PER_TOKEN, self.output_tokens);
        let held = self.hold(call, price, usage).await?;
        let chunks = next.stream(call, request).await;
        let at_end = async move |Ended { answer, result }: Ended| match result {
            Some(Ok(())) => settle(held, price, &answer).await,
            Some(Err(fault)) if answer.parts.is_empty() => held.failed(&fault).await,
            // What was said was paid for, and nobody says how much it was.
            Some(Err(_)) | None => {
                let amount = held.amount;
                held.settle(amount).await;
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
        let price = self.price_of(model(next, &request.model))?;
        let usage = estimate::texts(&request.inputs, BYTES_PER_TOKEN);
        let held = self.hold(call, price, usage).await?;
        let result = next.embed(call, request).await;
        match &result {
            Ok(got) => {
                let actual = cost(price, held.amount, got.cost, got.usage);
                held.settle(actual).await;
            }
            Err(fault) => held.failed(fault).await,
        }
        result
    }
}
