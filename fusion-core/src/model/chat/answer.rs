//! What a model said, whole.

use serde::{Deserialize, Serialize};

use super::{Chunk, Finish, Message, Part, Quota, Role, ToolCall, Usage, Usd};

/// What a model said, whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// The provider's name of the response; may be empty.
    pub id: String,
    /// The model that answered, which may be more exact than the one asked for.
    pub model: String,
    /// What was said, in order: text, reasoning, calls of tools. Every call has an id of its own.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub finish: Finish,
    /// The tokens; all zero when the provider does not say.
    pub usage: Usage,
    /// What the provider says it cost. Who has the price can tell from `usage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Usd>,
    /// What the response said of the account's limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<Quota>,
    /// It was kept from an earlier call: nothing was asked and nothing spent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

impl Answer {
    /// Makes an answer of a text.
    pub fn text_of(model: impl Into<String>, text: impl Into<String>) -> Self {
        Self { model: model.into(), parts: vec![Part::text(text)], ..Self::default() }
    }

    /// Gives all text, without reasoning.
    pub fn text(&self) -> String {
        self.parts.iter().filter_map(Part::as_text).collect()
    }

    /// Gives the calls of tools.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| match part {
            Part::Call(call) => Some(call),
            _ => None,
        })
    }

    /// Gives the reasoning that may be shown.
    pub fn reasoning(&self) -> String {
        let thought = |part: &Part| match part {
            Part::Reasoning(reasoning) => Some(reasoning.text.clone()),
            _ => None,
        };
        self.parts.iter().filter_map(thought).collect()
    }

    /// Makes the message that goes into the conversation, with calls, reasoning and signatures.
    pub fn message(&self) -> Message {
        Message::new(Role::Assistant, self.parts.clone())
    }

    /// Takes the answer apart into chunks; [`Fold`](super::Fold) makes the same answer of them again.
    pub fn into_chunks(self) -> Vec<Chunk> {
        let mut chunks = vec![Chunk::Begun { id: self.id, model: self.model }];
        if self.cached {
            chunks.push(Chunk::Cached);
        }
        for (index, part) in (0..).zip(self.parts) {
            match part {
                Part::Text { text } => chunks.push(Chunk::Text { text }),
                Part::Reasoning(thought) => {
                    if !thought.text.is_empty() {
                        chunks.push(Chunk::Reasoning { text: thought.text });
                    }
                    if let Some(signature) = thought.signature {
                        chunks.push(Chunk::Signature { signature, redacted: thought.redacted });
                    }
                }
                Part::Call(ToolCall { id, name, arguments, signature }) => {
                    chunks.push(Chunk::Call { index, id, name, signature });
                    chunks.push(Chunk::Arguments { index, text: arguments });
                }
                // A model says neither pictures nor results.
                Part::Image { .. } | Part::Result(_) => {}
            }
        }
        chunks.push(Chunk::Usage { usage: self.usage, cost: self.cost });
        if let Some(quota) = self.quota {
            chunks.push(Chunk::Quota { quota });
        }
        chunks.push(Chunk::End { finish: self.finish });
        chunks
    }
}
