//! Tools that a model may ask for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A tool, as the model sees it.
///
/// ```
/// use fusion_core::model::chat::Tool;
/// use serde_json::json;
///
/// let weather = Tool::new("weather", "Says how the weather is in a place.")
///     .schema(json!({"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}));
/// assert_eq!(weather.name, "weather");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name: 1 to 64 of `A-Za-z0-9_-`.
    pub name: String,
    /// What it does, for the model.
    #[serde(default)]
    pub description: String,
    /// The JSON Schema (2020-12) of its arguments, an object.
    pub schema: Value,
    /// The provider shall hold the model to the schema exactly, if it can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

impl Tool {
    /// Makes a tool without parameters.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        let schema = serde_json::json!({"type": "object", "properties": {}});
        Self { name: name.into(), description: description.into(), schema, strict: false }
    }

    /// Sets the JSON Schema of its arguments.
    #[must_use]
    pub fn schema(mut self, schema: Value) -> Self {
        self.schema = schema;
        self
    }
}

/// Whether the model may, must or must not call tools.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// As the model likes.
    #[default]
    Auto,
    /// No tool.
    None,
    /// Some tool.
    Required,
    /// This tool.
    Tool(String),
}
