//! Whole responses of messages as answers.

use fusion_core::model::chat::{
    Answer, Chunk, Fault, FaultKind, Finish, Fold, Model, Quota, Usage,
};
use serde_json::Value;

use crate::http::Heard;
use crate::wire::json::{list, some_count, text};

/// Reads a whole response.
///
/// # Errors
/// What it says went wrong; `malformed` when there is no answer in it.
pub(super) fn decode(value: &Value) -> Result<Answer, Fault> {
    trouble(value)?;
    if !value.get("content").is_some_and(Value::is_array) {
        return Err(Fault::new(FaultKind::Malformed, "the response has no content in it"));
    }
    let mut fold = Fold::default();
    fold.push(begun(value))?;
    for (index, block) in (0..).zip(list(value, "/content")) {
        for chunk in block_chunks(index, block) {
            fold.push(chunk)?;
        }
    }
    let usage = with(Usage::default(), value);
    fold.push(Chunk::Usage { usage, cost: None })?;
    fold.push(Chunk::end(finish(text(value, "/stop_reason"))))?;
    fold.finish()
}

/// Finds an error, whose type stands for a status.
pub(super) fn trouble(value: &Value) -> Result<(), Fault> {
    if text(value, "/type") != "error" {
        return Ok(());
    }
    let status = match text(value, "/error/type") {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    };
    let body = value.to_string();
    let quota = Quota::default();
    Err(Heard { status, body: body.as_bytes(), retry_after_ms: None, quota }.fault())
}

pub(super) fn begun(message: &Value) -> Chunk {
    Chunk::Begun { id: text(message, "/id").to_owned(), model: text(message, "/model").to_owned() }
}

/// Gives what a block says that is whole, or that begins.
pub(super) fn block_chunks(index: u32, block: &Value) -> Vec<Chunk> {
    let owned = |path: &str| text(block, path).to_owned();
    match text(block, "/type") {
        "text" => vec![Chunk::Text { text: owned("/text") }],
        "thinking" => {
            let mut chunks = vec![Chunk::Reasoning { text: owned("/thinking") }];
            if !text(block, "/signature").is_empty() {
                chunks.push(Chunk::Signature { signature: owned("/signature"), redacted: false });
            }
            chunks
        }
        "redacted_thinking" => {
            vec![Chunk::Signature { signature: owned("/data"), redacted: true }]
        }
        "tool_use" => {
            let mut chunks = vec![Chunk::Call {
                index,
                id: owned("/id"),
                name: owned("/name"),
                signature: None,
            }];
            // A stream begins with an empty object, and sends the arguments after it.
            let input = block.get("input").and_then(Value::as_object);
            if let Some(input) = input.filter(|input| !input.is_empty()) {
                let text = Value::Object(input.clone()).to_string();
                chunks.push(Chunk::Arguments { index, text });
            }
            chunks
        }
        // Tools that the service itself uses say what they found in the text that follows.
        _ => Vec::new(),
    }
}

/// Takes over what an event says of tokens; what it is silent about stays. Cached input is counted beside the rest there.
pub(super) fn with(before: Usage, value: &Value) -> Usage {
    let said = |path: &str| some_count(value, path);
    let cached_read = said("/usage/cache_read_input_tokens").unwrap_or(before.cached_read);
    let cached_write = said("/usage/cache_creation_input_tokens").unwrap_or(before.cached_write);
    let beside =
        before.input.saturating_sub(before.cached_read).saturating_sub(before.cached_write);
    let fresh = said("/usage/input_tokens").unwrap_or(beside);
    Usage {
        input: fresh.saturating_add(cached_read).saturating_add(cached_write),
        output: said("/usage/output_tokens").unwrap_or(before.output),
        cached_read,
        cached_write,
        reasoning: before.reasoning,
    }
}

pub(super) fn finish(word: &str) -> Finish {
    match word {
        "end_turn" | "stop_sequence" | "" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Refused,
        other => Finish::Other(other.to_owned()),
    }
}

pub(super) fn models(value: &Value) -> Vec<Model> {
    let model = |value: &Value| Model {
        id: text(value, "/id").to_owned(),
        name: text(value, "/display_name").to_owned(),
        context_tokens: some_count(value, "/max_input_tokens"),
        output_tokens: some_count(value, "/max_tokens"),
        ..Model::default()
    };
    list(value, "/data").iter().filter(|found| !text(found, "/id").is_empty()).map(model).collect()
}
