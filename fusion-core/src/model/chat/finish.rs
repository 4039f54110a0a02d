//! Why an answer ended.

use serde::{Deserialize, Serialize};

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model had said all, or a stop sequence came.
    #[default]
    Stop,
    /// The limit of tokens was reached: the answer is cut.
    Length,
    /// The model waits for the results of its calls.
    ToolCalls,
    /// The model or a filter of the provider's declined to go on; what was said until then is there.
    Refused,
    /// Another reason, in the provider's own word.
    #[serde(untagged)]
    Other(String),
}

impl Finish {
    /// Gives the word of it, as in JSON: `stop`, `length`, `tool_calls`, `refused`, or the provider's own.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::Refused => "refused",
            Self::Other(word) => word,
        }
    }
}
