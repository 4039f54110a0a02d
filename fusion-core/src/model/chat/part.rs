//! The parts of a message: text, pictures, calls of tools and their results, reasoning.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Fault, FaultKind, base64};

/// One part of a message. In JSON its `type` stands beside its fields: `{"type": "text", "text": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text {
        /// The text itself.
        text: String,
    },
    /// A picture.
    Image {
        /// Its bytes, or where it is.
        image: Image,
    },
    /// The model asks for a tool.
    Call(ToolCall),
    /// What a tool said.
    Result(ToolResult),
    /// What the model thought on its way to the answer; handed back as it came.
    Reasoning(Reasoning),
}

impl Part {
    /// Makes a part of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// Makes a picture from its bytes, with their media type: `image/png`.
    pub fn image(media_type: impl Into<String>, data: impl Into<Bytes>) -> Self {
        let image = Image::Data { media_type: media_type.into(), data: data.into() };
        Self::Image { image }
    }

    /// Makes a picture that the provider fetches from a URL by itself.
    pub fn image_url(url: impl Into<String>) -> Self {
        Self::Image { image: Image::Url(url.into()) }
    }

    /// Gives the text of a part that is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text } => Some(text),
            _ => None,
        }
    }
}

/// A picture.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// The bytes of its file; base64 in JSON.
    Data {
        /// What they are: `image/png`, `image/jpeg`, `image/webp`, `image/gif`.
        media_type: String,
        /// The bytes.
        #[serde(with = "base64")]
        data: Bytes,
    },
    /// Where the provider finds it.
    Url(String),
}

impl Image {
    /// Gives the bytes as base64 text with padding, as wire protocols want it; none for a URL.
    pub fn base64(&self) -> Option<String> {
        match self {
            Self::Data { data, .. } => Some(base64::encode(data)),
            Self::Url(_) => None,
        }
    }

    /// Makes a picture from base64 text, in the usual alphabet or in that of URLs; none when the text is something else.
    pub fn from_base64(media_type: impl Into<String>, text: &str) -> Option<Self> {
        let data = base64::decode(text)?.into();
        Some(Self::Data { media_type: media_type.into(), data })
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Data { media_type, data } => write!(f, "<{} bytes of {media_type}>", data.len()),
            Self::Url(url) => write!(f, "<{url}>"),
        }
    }
}

/// The model asks for a tool.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToolCall {
    /// The name of this call, to which the result refers; no other call of a conversation has it.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them: JSON text, which may be wrong. [`ToolCall::arguments`] reads it.
    #[serde(default)]
    pub arguments: String,
    /// An opaque text of the provider's that has to go back with the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl ToolCall {
    /// Makes a call.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        let (id, name, arguments) = (id.into(), name.into(), arguments.into());
        Self { id, name, arguments, signature: None }
    }

    /// Reads the arguments; no text at all is an empty object, as models write it for tools without parameters.
    ///
    /// # Errors
    /// `malformed` when the text is no JSON, or no object, with what the model should do better.
    pub fn arguments(&self) -> Result<Value, Fault> {
        let wrong = |why: String| {
            let message = format!("the arguments of the call of `{}` {why}", self.name);
            Fault::new(FaultKind::Malformed, message)
        };
        if self.arguments.trim().is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        let value: Value = serde_json::from_str(&self.arguments)
            .map_err(|error| wrong(format!("are no JSON: {error}")))?;
        if value.is_object() { Ok(value) } else { Err(wrong("are no JSON object".to_owned())) }
    }
}

/// What a tool said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call that it answers.
    pub id: String,
    /// The tool, which some protocols ask for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Text and pictures.
    pub parts: Vec<Part>,
    /// The tool failed, and the parts say why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
}

impl ToolResult {
    /// Makes the result of a call from a text.
    pub fn text(call: &ToolCall, text: impl Into<String>) -> Self {
        let (id, name) = (call.id.clone(), call.name.clone());
        Self { id, name, parts: vec![Part::text(text)], is_error: false }
    }

    /// Makes the result of a call whose tool failed.
    pub fn error(call: &ToolCall, text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(call, text) }
    }
}

/// What the model thought on its way to the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reasoning {
    /// The thoughts, or a summary of them; empty when they are hidden.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// An opaque text of the provider's that proves them, or holds them encrypted: to be handed back unchanged to the same provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The thoughts themselves are in the signature, encrypted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}
