//! One question with what came of it.

use fusion_core::model::chat::{Answer, Chunk, Embed, Embeddings, Fault, Request};
use serde::{Deserialize, Serialize};

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// For an answer, whole or in chunks.
    Chat(Box<Request>),
    /// For vectors.
    Embed(Embed),
    /// Whatever it is.
    Any,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// A whole answer.
    Answer(Answer),
    /// A stream: its chunks, and the fault that it ended with instead of an end.
    Stream(Vec<Timed>, Option<Fault>),
    /// Vectors.
    Embeddings(Embeddings),
    /// A fault.
    Fault(Fault),
}

/// A chunk with the pause before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// How long after the one before it came, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_ms: u64,
    /// The chunk.
    pub chunk: Chunk,
}

/// One question with what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// The question.
    pub asked: Asked,
    /// What came of it.
    pub said: Said,
    /// How long it took until something came, in milliseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub after_ms: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
