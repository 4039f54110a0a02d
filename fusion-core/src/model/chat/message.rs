//! Messages: who says what.

use serde::{Deserialize, Serialize};

use super::{Part, ToolCall, ToolResult};

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Who built the program: instructions. Protocols with a place of their own for it put it there.
    System,
    /// Who uses it.
    User,
    /// The model.
    Assistant,
    /// The tools: messages of this role hold results only.
    Tool,
}

/// One message of a conversation.
///
/// ```
/// use fusion_core::model::chat::{Message, Part};
///
/// let look = Message::user("What is on the picture?").part(Part::image("image/png", b"\x89PNG".as_slice()));
/// let text = serde_json::to_string(&look)?;
/// assert!(text.starts_with(r#"{"role":"user","parts":[{"type":"text","text":"What is on the picture?"}"#));
/// assert_eq!(serde_json::from_str::<Message>(&text)?, look);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// Makes a message of parts.
    pub fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts }
    }

    /// Makes instructions.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, vec![Part::text(text)])
    }

    /// Makes what a user says.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, vec![Part::text(text)])
    }

    /// Makes what the model said.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, vec![Part::text(text)])
    }

    /// Makes the results of tools, for all the calls of the message before.
    pub fn results(results: impl IntoIterator<Item = ToolResult>) -> Self {
        Self::new(Role::Tool, results.into_iter().map(Part::Result).collect())
    }

    /// Adds a part.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// Gives all text of the message, without reasoning and results.
    pub fn text(&self) -> String {
        self.parts.iter().filter_map(Part::as_text).collect()
    }

    /// Gives the calls of tools in the message.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts.iter().filter_map(|part| match part {
            Part::Call(call) => Some(call),
            _ => None,
        })
    }
}
