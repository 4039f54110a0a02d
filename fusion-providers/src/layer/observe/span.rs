//! The span of one call.

use fusion_core::contract::Call;
use fusion_core::model::chat::{Answer, Fault, Request, Usage, Usd};
use tracing::Span;
use tracing::field::Empty;

use super::names;

/// What is known of a call when it begins.
pub(super) struct Begun<'a> {
    pub(super) provider: &'a str,
    pub(super) operation: &'static str,
    pub(super) model: &'a str,
}

/// Opens the span of a call: `chat small-model`. What is said is not in it.
pub(super) fn open(call: &Call, begun: &Begun<'_>) -> Span {
    let Begun { provider, operation, model } = begun;
    let labels = call.for_whom();
    tracing::info_span!(
        "gen_ai.call",
        { names::SPAN_NAME } = format!("{operation} {model}"),
        { names::SPAN_KIND } = "client",
        { names::OPERATION } = operation,
        { names::PROVIDER } = provider,
        { names::REQUEST_MODEL } = model,
        { names::RUN } = labels.run.as_deref(),
        { names::NODE } = labels.node.as_deref(),
        { names::AGENT } = labels.agent.as_deref(),
        { names::MAX_TOKENS } = Empty,
        { names::TEMPERATURE } = Empty,
        { names::TOP_P } = Empty,
        { names::SEED } = Empty,
        { names::STREAM } = Empty,
        { names::OUTPUT_TYPE } = Empty,
        { names::RESPONSE_MODEL } = Empty,
        { names::RESPONSE_ID } = Empty,
        { names::FINISH_REASONS } = Empty,
        { names::FIRST_CHUNK } = Empty,
        { names::INPUT_TOKENS } = Empty,
        { names::OUTPUT_TOKENS } = Empty,
        { names::CACHE_READ_TOKENS } = Empty,
        { names::CACHE_CREATION_TOKENS } = Empty,
        { names::REASONING_TOKENS } = Empty,
        { names::ERROR_TYPE } = Empty,
        { names::COST } = Empty,
        { names::CACHED } = Empty,
    )
}

/// Notes the settings of a request.
pub(super) fn asked(span: &Span, request: &Request, stream: bool) {
    if span.is_disabled() {
        return;
    }
    let sampling = &request.sampling;
    span.record(names::MAX_TOKENS, sampling.max_output_tokens);
    span.record(names::TEMPERATURE, sampling.temperature);
    span.record(names::TOP_P, sampling.top_p);
    span.record(names::SEED, sampling.seed);
    span.record(names::STREAM, stream);
    span.record(names::OUTPUT_TYPE, if request.schema.is_some() { "json" } else { "text" });
}

/// Notes an answer.
pub(super) fn answered(span: &Span, answer: &Answer) {
    if span.is_disabled() {
        return;
    }
    span.record(names::RESPONSE_MODEL, answer.model.as_str());
    span.record(names::RESPONSE_ID, answer.id.as_str());
    span.record(names::FINISH_REASONS, answer.finish.as_str());
    if answer.cached {
        span.record(names::CACHED, true);
    }
    took(span, answer.usage, answer.cost);
}

/// Notes tokens and cost.
pub(super) fn took(span: &Span, usage: Usage, cost: Option<Usd>) {
    span.record(names::INPUT_TOKENS, usage.input);
    span.record(names::OUTPUT_TOKENS, usage.output);
    span.record(names::CACHE_READ_TOKENS, usage.cached_read);
    span.record(names::CACHE_CREATION_TOKENS, usage.cached_write);
    span.record(names::REASONING_TOKENS, usage.reasoning);
    if let Some(cost) = cost {
        span.record(names::COST, cost.to_string());
    }
}

/// Notes a fault.
pub(super) fn failed(span: &Span, fault: &Fault) {
    span.record(names::ERROR_TYPE, fault.kind().as_str());
}
