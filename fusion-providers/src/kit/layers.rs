//! A layer of its description.

use std::sync::Arc;

use fusion_core::contract::{Provider, Timeouts};
use fusion_core::model::Backoff;
use fusion_core::model::chat::{Fault, FaultKind};

use super::described::LayerForm;
use super::make::Kit;
use crate::layer::{
    Batch, Breaker, Budget, Cache, Concurrency, Fallback, Gate, ProviderExt, Redact, Retry, Timeout,
};
use crate::scripted::Record;

/// Puts a layer over a provider.
///
/// # Errors
/// `invalid_request` when it names a provider that is not there.
pub(super) fn put(
    kit: &Kit,
    over: Arc<dyn Provider>,
    spec: LayerForm,
) -> Result<Arc<dyn Provider>, Fault> {
    let store = || kit.store().clone();
    Ok(match spec {
        LayerForm::Retry { .. } => Arc::new(over.layer(retry(spec))),
        LayerForm::Timeout { connect_ms, idle_ms, total_ms } => {
            let usual = Timeouts::default();
            let total_ms = total_ms.unwrap_or(usual.total_ms);
            Arc::new(over.layer(Timeout::of(Timeouts {
                connect_ms: connect_ms.unwrap_or(usual.connect_ms),
                idle_ms: idle_ms.unwrap_or(usual.idle_ms).min(total_ms),
                total_ms,
            })))
        }
        LayerForm::Fallback { to, on } => {
            let Some(chain) = fallback(kit, to)? else { return Ok(over) };
            Arc::new(over.layer(match on {
                Some(kinds) => chain.on(kinds),
                None => chain,
            }))
        }
        LayerForm::Concurrency { most } => Arc::new(over.layer(Concurrency::new(most))),
        LayerForm::Breaker { faults, pause_ms } => {
            Arc::new(over.layer(Breaker::new(faults, pause_ms)))
        }
        LayerForm::Budget { .. } => Arc::new(over.layer(budget(Budget::new(store()), spec))),
        LayerForm::Gate { account, requests_per_minute, tokens_per_minute } => {
            let mut gate = Gate::new(store(), account);
            if let Some(most) = requests_per_minute {
                gate = gate.requests_per_minute(most);
            }
            if let Some(most) = tokens_per_minute {
                gate = gate.tokens_per_minute(most);
            }
            Arc::new(over.layer(gate))
        }
        LayerForm::Cache { ttl_ms, version } => {
            let cache = Cache::new(store()).version(version);
            Arc::new(over.layer(match ttl_ms {
                Some(ms) => cache.ttl_ms(ms),
                None => cache,
            }))
        }
        LayerForm::Redact { names, values } => {
            redact(kit, &names, values)?;
            Arc::new(over.layer(Redact::new(kit.secrets().clone())))
        }
        LayerForm::Batch { texts, bytes } => {
            let batch = Batch::new(texts);
            Arc::new(over.layer(bytes.map_or(batch, |bytes| batch.bytes(bytes))))
        }
        LayerForm::Observe { name } => Arc::new(over.layer(kit.observe(&name))),
        LayerForm::Record { to } => Arc::new(over.layer(Record::to(to, kit.secrets().clone()))),
    })
}

/// Notes what is to be taken out, beside what was handed out.
///
/// # Errors
/// `invalid_request` for a secret that is not there: a misspelt name would let it pass.
fn redact(kit: &Kit, names: &[String], values: Vec<String>) -> Result<(), Fault> {
    for name in names {
        if kit.secrets().get(name).is_none() {
            let message =
                format!("there is no secret `{name}` that could be taken out: is it set?");
            return Err(Fault::new(FaultKind::InvalidRequest, message));
        }
    }
    for value in values {
        kit.secrets().remember(value);
    }
    Ok(())
}

fn retry(spec: LayerForm) -> Retry {
    let LayerForm::Retry { attempts, initial_ms, factor, max_ms, jitter, on, not_on, patience_ms } =
        spec
    else {
        return Retry::new();
    };
    let usual = Retry::usual();
    let retry = Retry::with(Backoff {
        attempts: attempts.unwrap_or(usual.attempts),
        initial_ms: initial_ms.unwrap_or(usual.initial_ms),
        factor: factor.unwrap_or(usual.factor),
        max_ms: max_ms.unwrap_or(usual.max_ms),
        jitter: jitter.unwrap_or(usual.jitter),
        on: on.iter().map(|word| word.as_str().into()).collect(),
        not_on: not_on.iter().map(|word| word.as_str().into()).collect(),
    });
    match patience_ms {
        Some(ms) => retry.patience_ms(ms),
        None => retry,
    }
}

fn fallback(kit: &Kit, to: Vec<(Option<u32>, Option<String>)>) -> Result<Option<Fallback>, Fault> {
    let mut chain: Option<Fallback> = None;
    for (number, model) in to {
        let provider = number.map(|number| kit.provider(number)).transpose()?;
        chain = match (chain, provider, model) {
            (None, Some(provider), Some(model)) => Some(Fallback::to_both(provider, model)),
            (None, Some(provider), None) => Some(Fallback::to(provider)),
            (None, None, Some(model)) => Some(Fallback::to_model(model)),
            (Some(chain), Some(provider), Some(model)) => Some(chain.and_to_both(provider, model)),
            (Some(chain), Some(provider), None) => Some(chain.and_to(provider)),
            (Some(chain), None, Some(model)) => Some(chain.and_to_model(model)),
            (chain, None, None) => chain,
        };
    }
    Ok(chain)
}

fn budget(mut budget: Budget, spec: LayerForm) -> Budget {
    let LayerForm::Budget { per_run, per_agent, per_project, per_day, prices, other_models } = spec
    else {
        return budget;
    };
    for (model, price) in prices {
        budget = budget.price(model, price);
    }
    if let Some(price) = other_models {
        budget = budget.other_models(price);
    }
    if let Some(most) = per_run {
        budget = budget.per_run(most);
    }
    if let Some(most) = per_agent {
        budget = budget.per_agent(most);
    }
    if let Some(most) = per_project {
        budget = budget.per_project(most);
    }
    match per_day {
        Some(most) => budget.per_day(most),
        None => budget,
    }
}
