//! Whole responses of chat completions as answers.

use fusion_core::model::chat::{Answer, Chunk, Fault, FaultKind, Finish, Fold, Quota, Usage};
use serde_json::Value;

use crate::http::Heard;
use crate::wire::json::{count, list, text, usd};

/// Reads a whole response.
///
/// # Errors
/// What the response says went wrong, though its status was good; `malformed` when there is no answer in it.
pub(crate) fn decode(value: &Value) -> Result<Answer, Fault> {
    trouble(value)?;
    let Some(choice) = value.pointer("/choices/0") else {
        return Err(Fault::new(FaultKind::Malformed, "the response has no choices in it"));
    };
    let message = choice.get("message").unwrap_or(&Value::Null);
    let mut chunks = vec![Chunk::Begun {
        id: text(value, "/id").to_owned(),
        model: text(value, "/model").to_owned(),
    }];
    thoughts(message, &mut chunks);
    content(message, &mut chunks);
    for (index, call) in (0..).zip(list(message, "/tool_calls")) {
        let (id, name) = (text(call, "/id").to_owned(), text(call, "/function/name").to_owned());
        chunks.push(Chunk::Call { index, id, name, signature: None });
        chunks.push(Chunk::Arguments { index, text: arguments(call) });
    }
    let has_calls = !list(message, "/tool_calls").is_empty();
    chunks.extend(usage(value));
    let refused = !text(message, "/refusal").is_empty();
    let finish = finish(text(choice, "/finish_reason"), has_calls);
    chunks.push(Chunk::end(if refused { Finish::Refused } else { finish }));
    let mut fold = Fold::default();
    for chunk in chunks {
        fold.push(chunk)?;
    }
    fold.finish()
}

/// Finds an error in what came with a good status, as gateways send it.
pub(super) fn trouble(value: &Value) -> Result<(), Fault> {
    let error = value.get("error").or_else(|| value.pointer("/choices/0/error"));
    let Some(error) = error.filter(|error| !error.is_null()) else { return Ok(()) };
    let status =
        error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = status.filter(|status| (400..600).contains(status)).unwrap_or(500);
    let body = serde_json::json!({"error": error}).to_string();
    let heard =
        Heard { status, body: body.as_bytes(), retry_after_ms: None, quota: Quota::default() };
    Err(heard.fault())
}

/// Adds the text, which some servers send as a list of parts, and the words of a refusal.
pub(super) fn content(message: &Value, chunks: &mut Vec<Chunk>) {
    chunks.push(Chunk::text(text(message, "/content")));
    for part in list(message, "/content") {
        chunks.push(Chunk::text(text(part, "/text")));
    }
    chunks.push(Chunk::text(text(message, "/refusal")));
}

/// Adds what the model thought, in the spellings that there are.
pub(super) fn thoughts(message: &Value, chunks: &mut Vec<Chunk>) {
    let details = list(message, "/reasoning_details");
    for detail in details {
        let spoken = [text(detail, "/text"), text(detail, "/summary")].concat();
        if !spoken.is_empty() {
            chunks.push(Chunk::Reasoning { text: spoken });
        }
        let (signature, data) = (text(detail, "/signature"), text(detail, "/data"));
        if !signature.is_empty() || !data.is_empty() {
            let redacted = !data.is_empty();
            let signature = if redacted { data } else { signature }.to_owned();
            chunks.push(Chunk::Signature { signature, redacted });
        }
    }
    if details.is_empty() {
        let spoken = [text(message, "/reasoning_content"), text(message, "/reasoning")];
        let spoken = spoken.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
        if !spoken.is_empty() {
            chunks.push(Chunk::Reasoning { text: spoken.to_owned() });
        }
    }
}

/// Gives the arguments of a call as text: some servers send the object itself.
pub(super) fn arguments(call: &Value) -> String {
    match call.pointer("/function/arguments") {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(object) => object.to_string(),
    }
}

/// Gives the tokens, if the response tells them.
pub(super) fn usage(value: &Value) -> Option<Chunk> {
    let said = value.get("usage").filter(|usage| usage.is_object())?;
    let usage = Usage {
        input: count(said, "/prompt_tokens"),
        output: count(said, "/completion_tokens"),
        cached_read: count(said, "/prompt_tokens_details/cached_tokens"),
        cached_write: count(said, "/prompt_tokens_details/cache_write_tokens"),
        reasoning: count(said, "/completion_tokens_details/reasoning_tokens"),
    };
    Some(Chunk::Usage { usage, cost: usd(said, "/cost") })
}

/// Reads why the answer ended. Some servers say `stop` although the model waits for tools.
pub(super) fn finish(word: &str, has_calls: bool) -> Finish {
    match word {
        "length" => Finish::Length,
        "content_filter" => Finish::Refused,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "stop" | "" if has_calls => Finish::ToolCalls,
        "stop" | "" => Finish::Stop,
        other => Finish::Other(other.to_owned()),
    }
}
