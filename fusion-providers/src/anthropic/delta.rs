//! Events of a stream of messages as chunks.

use std::collections::{BTreeMap, VecDeque};

use fusion_core::model::chat::{Chunk, Fault, FaultKind, Finish, Usage};
use fusion_core::model::limits;
use serde_json::Value;

use super::decode;
use crate::http::Decode;
use crate::wire::json::{count, text};
use crate::wire::{Event, json};

/// Reads the events of one stream.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    /// The signatures that come in pieces, by the block that they seal.
    signatures: BTreeMap<u32, String>,
    usage: Usage,
    finish: Option<Finish>,
    is_over: bool,
}

impl Decode for Deltas {
    fn event(&mut self, event: &Event, chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        let value = json::read(event.data.as_bytes())?;
        decode::trouble(&value)?;
        let index = u32::try_from(count(&value, "/index")).unwrap_or(u32::MAX);
        match text(&value, "/type") {
            "message_start" => {
                let message = value.get("message").unwrap_or(&Value::Null);
                chunks.push_back(decode::begun(message));
                self.usage(message, chunks);
            }
            "content_block_start" => {
                let block = value.get("content_block").unwrap_or(&Value::Null);
                chunks.extend(decode::block_chunks(index, block).into_iter().filter(is_something));
            }
            "content_block_delta" => self.delta(index, &value, chunks)?,
            "content_block_stop" => {
                if let Some(signature) = self.signatures.remove(&index) {
                    chunks.push_back(Chunk::Signature { signature, redacted: false });
                }
            }
            "message_delta" => {
                let word = text(&value, "/delta/stop_reason");
                if !word.is_empty() {
                    self.finish = Some(decode::finish(word));
                }
                self.usage(&value, chunks);
            }
            "message_stop" => {
                chunks.push_back(Chunk::end(self.finish.take().unwrap_or_default()));
                self.is_over = true;
            }
            // `ping`, and what later versions may say.
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, _chunks: &mut VecDeque<Chunk>) -> Result<(), Fault> {
        Err(malformed("the stream stopped before the answer's end"))
    }

    fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Deltas {
    fn delta(
        &mut self,
        index: u32,
        value: &Value,
        chunks: &mut VecDeque<Chunk>,
    ) -> Result<(), Fault> {
        let owned = |path: &str| text(value, path).to_owned();
        match text(value, "/delta/type") {
            "text_delta" => chunks.push_back(Chunk::Text { text: owned("/delta/text") }),
            "thinking_delta" => {
                chunks.push_back(Chunk::Reasoning { text: owned("/delta/thinking") });
            }
            "input_json_delta" => {
                let text = owned("/delta/partial_json");
                if !text.is_empty() {
                    chunks.push_back(Chunk::Arguments { index, text });
                }
            }
            "signature_delta" => {
                let more = text(value, "/delta/signature");
                let so_far: usize = self.signatures.values().map(String::len).sum();
                if so_far + more.len() > limits::ANSWER_BYTES {
                    return Err(malformed("the signatures are longer than an answer may be"));
                }
                self.signatures.entry(index).or_default().push_str(more);
            }
            _ => {}
        }
        Ok(())
    }

    fn usage(&mut self, value: &Value, chunks: &mut VecDeque<Chunk>) {
        if value.get("usage").is_some() {
            self.usage = decode::with(self.usage, value);
            chunks.push_back(Chunk::Usage { usage: self.usage, cost: None });
        }
    }
}

fn is_something(chunk: &Chunk) -> bool {
    !matches!(chunk, Chunk::Text { text } | Chunk::Reasoning { text } if text.is_empty())
}

fn malformed(what: &str) -> Fault {
    Fault::new(FaultKind::Malformed, what)
}
