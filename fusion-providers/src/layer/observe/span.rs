//! The span of one call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fusion_core::contract::Call;
use fusion_core::model::chat::{Answer, Fault, Request, Usage, Usd};
use serde_json::Value;
use tracing::Span;
use tracing::field::Empty;

use super::names;

/// What is known of a call when it begins.
pub(super) struct Begun<'a> {
    pub(super) provider: &'a str,
    pub(super) operation: &'static str,
    pub(super) model: &'a str,
}

/// What is noted of a call: in a span of `tracing`, and apart from it where it is kept.
#[derive(Debug, Clone)]
pub(super) struct Noted {
    pub(super) span: Span,
    kept: Option<Arc<Mutex<BTreeMap<String, Value>>>>,
}

impl Noted {
    /// Notes a field; nothing for null.
    pub(super) fn note(&self, name: &'static str, value: impl Into<Value>) {
        let value = value.into();
        match &value {
            Value::Null => return,
            Value::Bool(is) => self.span.record(name, is),
            Value::String(text) => self.span.record(name, text.as_str()),
            Value::Number(number) if number.is_u64() => self.span.record(name, number.as_u64()),
            Value::Number(number) if number.is_i64() => self.span.record(name, number.as_i64()),
            Value::Number(number) => self.span.record(name, number.as_f64()),
            other => self.span.record(name, other.to_string()),
        };
        if let Some(kept) = &self.kept {
            kept.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value);
        }
    }

    /// Gives all that was noted, for those who keep it.
    pub(super) fn fields(&self) -> BTreeMap<String, Value> {
        let fields = |kept: &Arc<Mutex<BTreeMap<_, _>>>| {
            kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        self.kept.as_ref().map(fields).unwrap_or_default()
    }

    fn is_idle(&self) -> bool {
        self.kept.is_none() && self.span.is_disabled()
    }
}

/// Opens the span of a call: `chat small-model`. What is said is not in it.
pub(super) fn open(call: &Call, begun: &Begun<'_>, keeps: bool) -> Noted {
    let span = span(call, begun);
    let labels = call.for_whom();
    let known = || {
        let texts = [
            (names::OPERATION, Some(begun.operation)),
            (names::PROVIDER, Some(begun.provider)),
            (names::REQUEST_MODEL, Some(begun.model)),
            (names::RUN, labels.run.as_deref()),
            (names::NODE, labels.node.as_deref()),
            (names::AGENT, labels.agent.as_deref()),
        ];
        let set = |(name, text): (&str, Option<&str>)| Some((name.to_owned(), Value::from(text?)));
        Arc::new(Mutex::new(texts.into_iter().filter_map(set).collect()))
    };
    Noted { span, kept: keeps.then(known) }
}

fn span(call: &Call, begun: &Begun<'_>) -> Span {
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
pub(super) fn asked(noted: &Noted, request: &Request, stream: bool) {
    if noted.is_idle() {
        return;
    }
    let sampling = &request.sampling;
    noted.note(names::MAX_TOKENS, sampling.max_output_tokens);
    noted.note(names::TEMPERATURE, sampling.temperature);
    noted.note(names::TOP_P, sampling.top_p);
    noted.note(names::SEED, sampling.seed);
    noted.note(names::STREAM, stream);
    noted.note(names::OUTPUT_TYPE, if request.schema.is_some() { "json" } else { "text" });
}

/// Notes an answer.
pub(super) fn answered(noted: &Noted, answer: &Answer) {
    if noted.is_idle() {
        return;
    }
    noted.note(names::RESPONSE_MODEL, answer.model.as_str());
    noted.note(names::RESPONSE_ID, answer.id.as_str());
    noted.note(names::FINISH_REASONS, answer.finish.as_str());
    if answer.cached {
        noted.note(names::CACHED, true);
    }
    took(noted, answer.usage, answer.cost);
}

/// Notes tokens and cost.
pub(super) fn took(noted: &Noted, usage: Usage, cost: Option<Usd>) {
    noted.note(names::INPUT_TOKENS, usage.input);
    noted.note(names::OUTPUT_TOKENS, usage.output);
    noted.note(names::CACHE_READ_TOKENS, usage.cached_read);
    noted.note(names::CACHE_CREATION_TOKENS, usage.cached_write);
    noted.note(names::REASONING_TOKENS, usage.reasoning);
    if let Some(cost) = cost {
        noted.note(names::COST, cost.to_string());
    }
}

/// Notes a fault.
pub(super) fn failed(noted: &Noted, fault: &Fault) {
    noted.note(names::ERROR_TYPE, fault.kind().as_str());
}
