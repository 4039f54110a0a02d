//! How the next token is picked.

use fusion_core::model::chat::{Fault, Sampling};
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::sampling::LlamaSampler;
use serde_json::Value;

use crate::shelf::invalid;

/// What llama.cpp's own server takes where a request says nothing.
const TEMPERATURE: f64 = 0.8;
const TOP_P: f64 = 0.95;
const TOP_K: u32 = 40;
/// How many of the last tokens count for penalties.
const PENALTY_TOKENS: i32 = 64;

/// Makes the sampler of a request: what does not fit the grammar goes first.
pub(crate) fn sampler(
    model: &LlamaModel,
    sampling: &Sampling,
    form: Option<&Value>,
    seed: u64,
) -> Result<LlamaSampler, Fault> {
    let mut chain = Vec::new();
    if let Some(form) = form {
        let grammar = llama_cpp_2::json_schema_to_grammar(&form.to_string())
            .map_err(|error| invalid(format!("the schema cannot be held to: {error}")))?;
        let sampler = LlamaSampler::grammar(model, &grammar, "root")
            .map_err(|error| invalid(format!("the schema cannot be held to: {error}")))?;
        chain.push(sampler);
    }
    let (frequency, presence) = (sampling.frequency_penalty, sampling.presence_penalty);
    if frequency.is_some() || presence.is_some() {
        let (frequency, presence) = (small(frequency, 0.0), small(presence, 0.0));
        chain.push(LlamaSampler::penalties(
            model.n_vocab(),
            PENALTY_TOKENS,
            1.0,
            frequency,
            presence,
        ));
    }
    let temperature = small(sampling.temperature, TEMPERATURE);
    if temperature <= 0.0 {
        chain.push(LlamaSampler::greedy());
    } else {
        let top_k = i32::try_from(sampling.top_k.unwrap_or(TOP_K)).unwrap_or(i32::MAX);
        chain.push(LlamaSampler::top_k(top_k));
        chain.push(LlamaSampler::top_p(small(sampling.top_p, TOP_P), 1));
        chain.push(LlamaSampler::temp(temperature));
        chain.push(LlamaSampler::dist(fold(sampling.seed.map_or(seed, i64::cast_unsigned))));
    }
    Ok(LlamaSampler::chain(chain, true))
}

#[expect(clippy::cast_possible_truncation, reason = "a temperature needs no more digits")]
fn small(value: Option<f64>, usual: f64) -> f32 {
    value.unwrap_or(usual) as f32
}

/// All bits of a seed count.
#[expect(clippy::cast_possible_truncation, reason = "both halves are taken")]
fn fold(seed: u64) -> u32 {
    (seed ^ (seed >> 32)) as u32
}
