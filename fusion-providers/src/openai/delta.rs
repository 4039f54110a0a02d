//! Events of a stream of chat completions as chunks.

use std::collections::VecDeque;

use fusion_core::model::chat::{Chunk, Fault, FaultKind, Finish};
use serde_json::Value;

use super::decode;
use crate::http::Decode;
use crate::wire::json::{list, text};
use crate::wire::{Event, json};

/// Reads the events of one stream.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    has_begun: bool,
    /// Something of an answer came.
    has_said: bool,
    /// The last call of the stream, for servers that leave out the index.
    last: Option<u32>,
    /// Why it ended, once that was said. What it cost comes after that.
    finish: Option<Finish>,
    is_over: bool,
}

impl Decode for Deltas {
    fn event(&mut self, event: &Event, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        if event.data.trim() == "[DONE]" {
            // Some servers never say why an answer ended; where there is none, something went wrong.
            if self.finish.is_none() && !self.has_said {
                let message = "the stream ended without an answer";
                return Err(Fault::new(FaultKind::Malformed, message));
            }
            self.over(chunks);
            return Ok(());
        }
        let value = json::read(event.data.as_bytes())?;
        decode::trouble(&value)?;
        if !self.has_begun {
            self.has_begun = true;
            let (id, model) = (text(&value, "/id").to_owned(), text(&value, "/model").to_owned());
            chunks.push_back(Chunk::Begun { id, model });
        }
        if let Some(choice) = list(&value, "/choices").first() {
            self.choice(choice, chunks)?;
        }
        chunks.extend(decode::usage(&value));
        Ok(())
    }

    fn end(&mut self, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        // Some servers never say `[DONE]`; one that did not say why it ended was cut off.
        if self.finish.is_none() {
            let message = "the stream stopped before the answer's end";
            return Err(Fault::new(FaultKind::Malformed, message));
        }
        self.over(chunks);
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Deltas {
    fn choice(&mut self, choice: &Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        let delta = choice.get("delta").unwrap_or(&Value::Null);
        if self.finish.is_none() {
            let mut said = Vec::new();
            decode::thoughts(delta, &mut said);
            decode::content(delta, &mut said);
            let before = chunks.len();
            chunks.extend(said.into_iter().filter(|chunk| *chunk != Chunk::text("")));
            self.has_said |= chunks.len() > before;
            for call in list(delta, "/tool_calls") {
                self.call(call, chunks)?;
            }
        }
        let word = text(choice, "/finish_reason");
        if !word.is_empty() {
            self.finish = Some(decode::finish(word, self.last.is_some()));
        }
        Ok(())
    }

    fn call(&mut self, call: &Value, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        let (id, name) = (text(call, "/id"), text(call, "/function/name"));
        let says_who = !id.is_empty() || !name.is_empty();
        let said =
            call.get("index").and_then(Value::as_u64).and_then(|index| u32::try_from(index).ok());
        let index = match (said, self.last) {
            (Some(index), _) => index,
            (None, Some(last)) if !says_who => last,
            (None, last) => last.map_or(0, |last| last.saturating_add(1)),
        };
        if says_who {
            self.has_said = true;
            self.last = Some(self.last.map_or(index, |last| last.max(index)));
            let (id, name) = (id.to_owned(), name.to_owned());
            chunks.push_back(Chunk::Call { index, id, name, signature: None });
        } else if self.last.is_none() {
            let message = "the arguments of a call came before the call";
            return Err(Fault::new(FaultKind::Malformed, message));
        }
        let arguments = decode::arguments(call);
        if !arguments.is_empty() {
            chunks.push_back(Chunk::Arguments { index, text: arguments });
        }
        Ok(())
    }

    fn over(&mut self, chunks: &mut VecDeque<Chunk>) {
        let has_calls = self.last.is_some();
        let finish = self.finish.take().unwrap_or_else(|| decode::finish("", has_calls));
        chunks.push_back(Chunk::end(finish));
        self.is_over = true;
    }
}
