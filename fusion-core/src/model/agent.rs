//! What an agent is asked, and what it says.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::chat::{Message, Usage, Usd};

/// What an agent is asked. In JSON a plain text is an `Ask` too.
///
/// ```
/// use fusion_core::model::agent::Ask;
///
/// let plain: Ask = serde_json::from_str(r#""Count the words.""#)?;
/// assert_eq!(plain, Ask::new("Count the words."));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Form")]
pub struct Ask {
    /// What is to be done.
    pub prompt: String,
    /// The conversation before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// The folder to work in, for an agent that has one of its own; empty for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workspace: String,
}

impl Ask {
    /// Asks without a conversation before.
    pub fn new(prompt: impl Into<String>) -> Self {
        Self { prompt: prompt.into(), ..Self::default() }
    }
}

/// The forms in which an ask may be written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Fields {
        prompt: String,
        #[serde(default)]
        messages: Vec<Message>,
        #[serde(default)]
        workspace: String,
    },
}

impl From<Form> for Ask {
    fn from(form: Form) -> Self {
        match form {
            Form::Text(prompt) => Self::new(prompt),
            Form::Fields { prompt, messages, workspace } => Self { prompt, messages, workspace },
        }
    }
}

/// What an agent says in the end.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Its words.
    pub text: String,
    /// Its result in the form that was asked for; absent when none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// Why it stopped. Anything but `done` is a part of what was asked.
    pub ended: Ended,
    /// Who spoke last: another agent after a hand-off.
    pub agent: String,
    /// How often models were asked for a turn.
    pub turns: u32,
    /// The tokens of all its calls, those that were answered from a cache left out.
    pub usage: Usage,
    /// What they cost, as far as prices are known.
    pub cost: Usd,
    /// The files that it made, changed or removed, for an agent that works in a folder; paths in that folder.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The folder that it worked in; empty for one without.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub workspace: String,
    /// What the program calls the conversation, for one that can go on with it; empty for others.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session: String,
    /// What was said since it was asked, for an agent that is told to keep it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
}

/// Why an agent stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It had said all.
    #[default]
    Done,
    /// It had all its turns.
    Turns,
    /// It had spent its money, or a budget allowed no further call.
    Cost,
    /// Its time was over.
    Time,
    /// The model's answer was cut by its limit of tokens.
    Length,
    /// The model declined to go on.
    Refused,
}
