//! A piece of an answer that is still being written.

use serde::{Deserialize, Serialize};

use super::{Finish, Quota, Usage, Usd};

/// A piece of an answer. In JSON its `type` stands beside its fields: `{"type": "text", "text": "…"}`.
///
/// A stream is `Begun` (if the provider says who answers), then texts, reasoning and calls as they come, and `End`. `Usage`
/// and `Quota` may come anywhere, also after `End`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Chunk {
    /// Who answers; the first that is not empty counts.
    Begun {
        /// The provider's name of the response.
        #[serde(default)]
        id: String,
        /// The model that answers.
        #[serde(default)]
        model: String,
    },
    /// The answer was kept from an earlier call.
    Cached,
    /// More text.
    Text {
        /// What is added.
        text: String,
    },
    /// More reasoning.
    Reasoning {
        /// What is added.
        text: String,
    },
    /// Seals the reasoning that just came, or stands for hidden one; never in pieces. What follows is a thought of its own.
    Signature {
        /// The opaque text.
        signature: String,
        /// It holds the thoughts themselves, encrypted.
        #[serde(default)]
        redacted: bool,
    },
    /// A call begins. Said again for the same index and id, it is the same call; with another id, it is another call.
    Call {
        /// Which call of the stream it is, so that the arguments of several may come mixed.
        index: u32,
        /// Its id; empty when the provider gives none.
        #[serde(default)]
        id: String,
        /// The tool.
        name: String,
        /// An opaque text that has to go back with the call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
    },
    /// More of a call's arguments.
    Arguments {
        /// Which call.
        index: u32,
        /// What is added.
        text: String,
    },
    /// Tokens so far: totals, of which the largest counts, not additions.
    Usage {
        /// The tokens.
        usage: Usage,
        /// What the provider says it cost so far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost: Option<Usd>,
    },
    /// What the response said of the account's limits.
    Quota {
        /// The limits.
        quota: Quota,
    },
    /// The answer is complete.
    End {
        /// Why it ended.
        finish: Finish,
    },
}

impl Chunk {
    /// Makes a piece of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// Makes the end.
    pub fn end(finish: Finish) -> Self {
        Self::End { finish }
    }

    /// Tells whether a person sees something of it, so that the answer cannot be begun anew unnoticed.
    pub fn is_content(&self) -> bool {
        matches!(
            self,
            Self::Text { .. }
                | Self::Reasoning { .. }
                | Self::Signature { .. }
                | Self::Call { .. }
                | Self::Arguments { .. }
        )
    }
}
