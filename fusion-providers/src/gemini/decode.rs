//! Responses of `generateContent` as chunks: a whole one and one of a stream have the same form.

use std::collections::VecDeque;

use fusion_core::model::chat::{Answer, Chunk, Fault, FaultKind, Finish, Fold, Quota, Usage};
use serde_json::Value;

use crate::http::{Decode, Heard};
use crate::wire::json::{count, list, text};
use crate::wire::{Event, json};

/// Reads the responses of one stream.
#[derive(Debug, Default)]
pub(super) struct Responses {
    has_begun: bool,
    calls: u32,
    finish: Option<Finish>,
    is_over: bool,
}

/// Reads a whole response.
///
/// # Errors
/// What it says went wrong; `content_refused` when the question was refused; `malformed` when there is no answer in it.
pub(super) fn decode(value: &Value) -> Result<Answer, Fault> {
    let (mut responses, mut chunks) = (Responses::default(), VecDeque::new());
    responses.response(value, &mut chunks)?;
    responses.end(&mut chunks)?;
    let mut fold = Fold::default();
    for chunk in chunks {
        fold.push(chunk)?;
    }
    fold.finish()
}

impl Decode for Responses {
    fn event(&mut self, event: &Event, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        self.response(&json::read(event.data.as_bytes())?, chunks)
    }

    fn end(&mut self, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        let Some(finish) = self.finish.take() else {
            let message = "the stream stopped before the answer's end";
            return Err(Fault::new(FaultKind::Malformed, message));
        };
        chunks.push_back(Chunk::end(finish));
        self.is_over = true;
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Responses {
    fn response(&mut self, value: &Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        trouble(value)?;
        if !std::mem::replace(&mut self.has_begun, true) {
            let owned = |path: &str| text(value, path).to_owned();
            chunks.push_back(Chunk::Begun {
                id: owned("/responseId"),
                model: owned("/modelVersion"),
            });
        }
        for part in list(value, "/candidates/0/content/parts") {
            self.part(part, chunks);
        }
        if value.get("usageMetadata").is_some() {
            chunks.push_back(Chunk::Usage { usage: usage(value), cost: None });
        }
        let word = text(value, "/candidates/0/finishReason");
        if !word.is_empty() {
            self.finish = Some(finish(word, self.calls > 0));
        }
        Ok(())
    }

    fn part(&mut self, part: &Value, chunks: &mut VecDeque<Chunk>) {
        let signature = part.get("thoughtSignature").and_then(Value::as_str).map(str::to_owned);
        if let Some(call) = part.get("functionCall") {
            let index = self.calls;
            self.calls += 1;
            let (id, name) = (text(call, "/id").to_owned(), text(call, "/name").to_owned());
            chunks.push_back(Chunk::Call { index, id, name, signature });
            let arguments = call.get("args").map(Value::to_string).unwrap_or_default();
            chunks.push_back(Chunk::Arguments { index, text: arguments });
            return;
        }
        let said = text(part, "/text").to_owned();
        let is_thought = part.get("thought").and_then(Value::as_bool).unwrap_or(false);
        if !said.is_empty() {
            let chunk = if is_thought {
                Chunk::Reasoning { text: said }
            } else {
                Chunk::Text { text: said }
            };
            chunks.push_back(chunk);
        }
        if let Some(signature) = signature {
            chunks.push_back(Chunk::Signature { signature, redacted: false });
        }
    }
}

/// Finds an error, or a question that was refused.
pub(super) fn trouble(value: &Value) -> Result<(), Fault> {
    // A stream that is not asked for as events comes as a list.
    let first = value.get(0).unwrap_or(value);
    if first.get("error").is_some() {
        let status = u16::try_from(count(first, "/error/code")).unwrap_or(500).max(400);
        let body = first.to_string();
        let quota = Quota::default();
        return Err(Heard { status, body: body.as_bytes(), retry_after_ms: None, quota }.fault());
    }
    let reason = text(value, "/promptFeedback/blockReason");
    if !reason.is_empty() {
        let message = format!("the question was refused: {reason}");
        return Err(Fault::new(FaultKind::ContentRefused, message));
    }
    Ok(())
}

fn usage(value: &Value) -> Usage {
    let said = |field: &str| count(value, &format!("/usageMetadata/{field}"));
    let reasoning = said("thoughtsTokenCount");
    Usage {
        input: said("promptTokenCount").saturating_add(said("toolUsePromptTokenCount")),
        output: said("candidatesTokenCount").saturating_add(reasoning),
        cached_read: said("cachedContentTokenCount"),
        cached_write: 0,
        reasoning,
    }
}

fn finish(word: &str, has_calls: bool) -> Finish {
    match word {
        "STOP" if has_calls => Finish::ToolCalls,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
            Finish::Refused
        }
        other => Finish::Other(other.to_lowercase()),
    }
}
