//! Responses of `/api/chat` as chunks: a whole one is a stream of one line.

use std::collections::VecDeque;

use fusion_core::model::chat::{
    Answer, Chunk, Embeddings, Fault, FaultKind, Finish, Fold, Model, Price, Quota, Usage,
};
use serde_json::Value;

use crate::http::{Decode, Heard};
use crate::wire::json::{count, list, text, vectors};
use crate::wire::{Event, json};

/// Reads the lines of one stream.
#[derive(Debug, Default)]
pub(super) struct Replies {
    has_begun: bool,
    calls: u32,
    is_over: bool,
}

/// Reads a whole response.
///
/// # Errors
/// What it says went wrong; `malformed` when the answer is not whole.
pub(super) fn decode(value: &Value) -> Result<Answer, Fault> {
    let (mut replies, mut chunks) = (Replies::default(), VecDeque::new());
    replies.reply(value, &mut chunks)?;
    let mut fold = Fold::default();
    for chunk in chunks {
        fold.push(chunk)?;
    }
    fold.finish()
}

impl Decode for Replies {
    fn event(&mut self, event: &Event, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        self.reply(&json::read(event.data.as_bytes())?, chunks)
    }

    fn end(&mut self, _chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        Err(Fault::new(FaultKind::Malformed, "the stream stopped before the answer's end"))
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Replies {
    fn reply(&mut self, value: &Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        trouble(value)?;
        if !std::mem::replace(&mut self.has_begun, true) {
            let model = text(value, "/model").to_owned();
            chunks.push_back(Chunk::Begun { id: String::new(), model });
        }
        let thought = text(value, "/message/thinking");
        if !thought.is_empty() {
            chunks.push_back(Chunk::Reasoning { text: thought.to_owned() });
        }
        let said = text(value, "/message/content");
        if !said.is_empty() {
            chunks.push_back(Chunk::text(said));
        }
        for call in list(value, "/message/tool_calls") {
            let index = self.calls;
            self.calls += 1;
            let (id, name) =
                (text(call, "/id").to_owned(), text(call, "/function/name").to_owned());
            chunks.push_back(Chunk::Call { index, id, name, signature: None });
            let arguments = call.pointer("/function/arguments").map(Value::to_string);
            chunks.push_back(Chunk::Arguments { index, text: arguments.unwrap_or_default() });
        }
        if value.get("done").and_then(Value::as_bool) == Some(true) {
            let usage = Usage::new(count(value, "/prompt_eval_count"), count(value, "/eval_count"));
            chunks.push_back(Chunk::Usage { usage, cost: None });
            chunks.push_back(Chunk::end(finish(text(value, "/done_reason"), self.calls > 0)));
            self.is_over = true;
        }
        Ok(())
    }
}

/// Finds an error, which may also stand in the middle of a stream.
fn trouble(value: &Value) -> Result<(), Fault> {
    if text(value, "/error").is_empty() {
        return Ok(());
    }
    let (body, quota) = (value.to_string(), Quota::default());
    Err(Heard { status: 500, body: body.as_bytes(), retry_after_ms: None, quota }.fault())
}

fn finish(word: &str, has_calls: bool) -> Finish {
    match word {
        "length" => Finish::Length,
        "stop" | "" if has_calls => Finish::ToolCalls,
        "stop" | "" => Finish::Stop,
        other => Finish::Other(other.to_owned()),
    }
}

pub(super) fn embeddings(value: &Value, wanted: usize) -> Result<Embeddings, Fault> {
    trouble(value)?;
    let vectors = vectors(list(value, "/embeddings").iter(), wanted)?;
    let usage = Usage::new(count(value, "/prompt_eval_count"), 0);
    Ok(Embeddings {
        model: text(value, "/model").to_owned(),
        vectors,
        usage,
        cost: None,
        quota: None,
    })
}

/// Reads the models that are there; they cost nothing.
pub(super) fn models(value: &Value) -> Vec<Model> {
    let model = |value: &Value| Model {
        id: text(value, "/name").to_owned(),
        price: Some(Price::FREE),
        ..Model::default()
    };
    list(value, "/models").iter().map(model).filter(|model| !model.id.is_empty()).collect()
}
