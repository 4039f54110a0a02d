//! The layers that a workflow file puts over the model of a node or an agent.

use std::sync::Arc;

use fusion_core::contract::{Call, Provider, Store};
use fusion_core::model::chat::{Fault, FaultKind, Model, Price, Usd};
use fusion_core::model::{Class, Failure};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::kit::Models;
use crate::layer::{Budget, Fallback, Gate, ProviderExt as _, Retry, Rotation, Timeout};
use crate::{Key, Settings};

/// The keys that are not the model's or the agent's own.
const KEYS: [&str; 5] = ["fallback", "keys", "rate", "budget", "price"];

/// What a file says of layers.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Layers {
    fallback: Names,
    keys: Vec<String>,
    rate: Option<Rate>,
    budget: Option<Most>,
    price: Option<Costs>,
}

/// One name, or several.
#[derive(Debug, Default)]
struct Names(Vec<String>);

/// How fast a service may be asked, in a minute.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rate {
    requests: Option<u64>,
    tokens: Option<u64>,
    account: Option<String>,
}

/// What may be spent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Most {
    #[serde(deserialize_with = "money")]
    run: Option<Usd>,
    #[serde(deserialize_with = "money")]
    agent: Option<Usd>,
    #[serde(deserialize_with = "money")]
    day: Option<Usd>,
}

/// What a model costs.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Costs {
    #[serde(deserialize_with = "money")]
    input: Option<Usd>,
    #[serde(deserialize_with = "money")]
    output: Option<Usd>,
    #[serde(deserialize_with = "money")]
    cached_read: Option<Usd>,
    #[serde(deserialize_with = "money")]
    cached_write: Option<Usd>,
    #[serde(deserialize_with = "money")]
    request: Option<Usd>,
}

// By hand: of an untagged enum nobody hears what is wrong.
impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::String(one) => Ok(Self(vec![one])),
            many => serde_json::from_value(many).map(Self).map_err(D::Error::custom),
        }
    }
}

/// Reads an amount of money: a text, or a number.
pub(super) fn money<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Usd>, D::Error> {
    let value = Value::deserialize(from)?;
    Usd::from_json(&value).map(Some).map_err(|why| D::Error::custom(format!("{value}: {why}")))
}

impl Layers {
    /// Takes the layers out of what a file says of a model or an agent.
    ///
    /// # Errors
    /// Of class `decode` when they cannot be read.
    pub(super) fn take(value: &mut Value) -> Result<Self, Failure> {
        let Value::Object(all) = value else { return Ok(Self::default()) };
        let own = KEYS.into_iter().filter_map(|key| Some((key.to_owned(), all.shift_remove(key)?)));
        let own = Value::Object(own.collect::<Map<_, _>>());
        let wrong = |why| Failure::new(Class::DECODE, format!("the layers of a model: {why}"));
        serde_json::from_value(own).map_err(wrong)
    }

    /// Gives what the model costs, when the file says it.
    pub(super) fn price(&self) -> Option<Price> {
        self.price.as_ref().map(|costs| Price {
            input: costs.input.unwrap_or(Usd::ZERO),
            output: costs.output.unwrap_or(Usd::ZERO),
            cached_read: costs.cached_read,
            cached_write: costs.cached_write,
            request: costs.request.unwrap_or(Usd::ZERO),
        })
    }

    /// Gives the provider of a name with the layers over it, always the same one for the same words: keys that rest go on resting.
    ///
    /// # Errors
    /// As [`Models::get`]; `invalid_request` for a budget or a rate without a store, and for keys of what has none.
    pub(super) async fn over(
        &self,
        models: &Models,
        (call, name): (&Call, &str),
    ) -> Result<Arc<dyn Provider>, Fault> {
        if self.fallback.0.is_empty()
            && self.keys.is_empty()
            && self.rate.is_none()
            && self.budget.is_none()
        {
            return models.get(call, name).await;
        }
        let known_as = format!("{name} {self:?}");
        if let Some(known) = models.layered(&known_as) {
            return Ok(known);
        }
        let first = self.one(models, (call, name), true).await?;
        let mut chain: Option<Fallback> = None;
        for other in &self.fallback.0 {
            let other = self.one(models, (call, other), false).await?;
            chain = Some(match chain {
                Some(chain) => chain.and_to(other),
                None => Fallback::to(other),
            });
        }
        let whole: Arc<dyn Provider> = match chain {
            Some(chain) => Arc::new(first.layer(chain)),
            None => first,
        };
        models.keep_layered(known_as, whole.clone());
        Ok(whole)
    }

    /// Gives one provider with its gate, its budget, its limits of time and retries; one that the program has added has its own.
    async fn one(
        &self,
        models: &Models,
        (call, name): (&Call, &str),
        is_first: bool,
    ) -> Result<Arc<dyn Provider>, Fault> {
        let (mut provider, is_added) = if is_first && !self.keys.is_empty() {
            (self.rotation(models, name)?, false)
        } else {
            models.bare(call, name).await?
        };
        if !is_added {
            provider = Arc::new(provider.layer(Timeout::usual()));
        }
        if let (true, Some(rate)) = (is_first, &self.rate) {
            let gate = rate.gate(stored(models)?, provider.name());
            provider = Arc::new(provider.layer(gate));
        }
        if let Some(most) = &self.budget {
            let budget = most.budget(stored(models)?);
            let budget = match self.price() {
                Some(price) => budget.other_models(price),
                None => budget.prices(told(call, &*provider).await?),
            };
            provider = Arc::new(provider.layer(budget));
        }
        Ok(if is_added { provider } else { Arc::new(provider.layer(Retry::new())) })
    }

    /// Opens a service with several keys that take turns.
    fn rotation(&self, models: &Models, name: &str) -> Result<Arc<dyn Provider>, Fault> {
        let mut all = Vec::with_capacity(self.keys.len());
        for variable in &self.keys {
            let key = models.keys().get(variable).ok_or_else(|| {
                let what = format!("there is no key for it: set {variable}");
                Fault::new(FaultKind::Auth, what)
            })?;
            all.push(models.open(name, Settings::default().key(Key::new(key)))?);
        }
        Ok(Arc::new(Rotation::new(all)))
    }
}

impl Rate {
    fn gate(&self, store: Arc<dyn Store>, provider: &str) -> Gate {
        let account = self.account.as_deref().unwrap_or(provider);
        let gate = Gate::new(store, account);
        let gate = match self.requests {
            Some(most) => gate.requests_per_minute(most),
            None => gate,
        };
        match self.tokens {
            Some(most) => gate.tokens_per_minute(most),
            None => gate,
        }
    }
}

impl Most {
    fn budget(&self, store: Arc<dyn Store>) -> Budget {
        let mut budget = Budget::new(store);
        if let Some(most) = self.run {
            budget = budget.per_run(most);
        }
        if let Some(most) = self.agent {
            budget = budget.per_agent(most);
        }
        match self.day {
            Some(most) => budget.per_day(most),
            None => budget,
        }
    }
}

/// Asks a provider for its prices; one without a list tells none.
async fn told(call: &Call, provider: &dyn Provider) -> Result<Vec<Model>, Fault> {
    match provider.models(call).await {
        Err(fault)
            if matches!(fault.kind(), FaultKind::Unsupported | FaultKind::InvalidRequest) =>
        {
            Ok(Vec::new())
        }
        told => told,
    }
}

fn stored(models: &Models) -> Result<Arc<dyn Store>, Fault> {
    models.store().ok_or_else(|| {
        let what = "there is no store here in which a `rate` or a `budget` could be kept";
        Fault::new(FaultKind::InvalidRequest, what)
    })
}

#[cfg(test)]
mod tests;
