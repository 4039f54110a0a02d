//! The catalogue of models with their prices, and what a key may still spend.

use fusion_core::model::chat::{Capability, Model, Price, Quota, Usd};
use serde_json::Value;

use crate::wire::json::{list, per_million, some_count, text, usd};

pub(super) fn models(value: &Value) -> Vec<Model> {
    let found = list(value, "/data").iter();
    found.filter(|model| !text(model, "/id").is_empty()).map(model).collect()
}

fn model(value: &Value) -> Model {
    let has = |path: &str, word: &str| {
        let words = value.pointer(path)?.as_array()?;
        Some(words.iter().any(|said| said.as_str() == Some(word)))
    };
    let capability = Capability {
        images: has("/architecture/input_modalities", "image"),
        tools: has("/supported_parameters", "tools"),
        schema: has("/supported_parameters", "structured_outputs"),
        reasoning: has("/supported_parameters", "reasoning"),
        embeddings: has("/architecture/output_modalities", "embeddings"),
    };
    Model {
        id: text(value, "/id").to_owned(),
        name: text(value, "/name").to_owned(),
        context_tokens: some_count(value, "/context_length"),
        output_tokens: some_count(value, "/top_provider/max_completion_tokens"),
        price: price(value),
        capability,
    }
}

/// Reads a price; models whose price depends on who serves them have a negative one, which is none.
fn price(value: &Value) -> Option<Price> {
    let at = |field: &str| per_million(value, &format!("/pricing/{field}"));
    let some = |amount: Option<Usd>| amount.filter(|amount| *amount > Usd::ZERO);
    Some(Price {
        cached_read: some(at("input_cache_read")),
        cached_write: some(at("input_cache_write")),
        // Given for one request, not for a million.
        request: Usd::from_nano(at("request").unwrap_or_default().nano() / 1_000_000),
        ..Price::new(at("prompt")?, at("completion")?)
    })
}

/// Reads what a key may still spend; a key without a limit says nothing.
pub(super) fn quota(value: &Value) -> Quota {
    Quota { credit: usd(value, "/data/limit_remaining"), ..Quota::default() }
}
