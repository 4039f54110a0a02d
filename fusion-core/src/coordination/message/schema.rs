//! The JSON Schema of a message.

use serde_json::{Value, json};

use super::words::PRIORITY;
use crate::model::limits;

/// Gives the JSON Schema (2020-12) of a message: what programs in every language check with.
///
/// ```
/// let schema = fusion_core::coordination::message_schema();
/// assert_eq!(schema["required"][0], "messageId");
/// ```
pub fn schema() -> Value {
    let name = |about: &str| json!({"description": about, "type": "string", "minLength": 1, "maxLength": limits::NAME_BYTES});
    let time = |about: &str| json!({"description": about, "type": "integer"});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fusion message",
        "description": "One message between agents.",
        "type": "object",
        "required": ["messageId", "sender", "recipient", "messageType", "content", "timestamp"],
        "additionalProperties": false,
        "properties": {
            "messageId": name("Its name, unique in the store."),
            "sender": name("The agent that says it."),
            "recipient": {
                "description": "To whom: an agent `NAME`, `capability/NAME`, `topic/NAME`, or `*` for every agent.",
                "type": "string", "minLength": 1,
            },
            "messageType": name("What kind of message it is: a word of the sender's and the recipient's."),
            "content": {"description": "What it says: any JSON value."},
            "timestamp": time("When it was sent, in milliseconds since 1970."),
            "replyTo": name("The `messageId` of the message that this one answers."),
            "metadata": {"description": "Further words about it, by name.", "type": "object"},
            "attachments": {
                "description": "What goes along with it.",
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "content"],
                    "additionalProperties": false,
                    "properties": {
                        "name": {"description": "What it is called.", "type": "string"},
                        "mediaType": {"description": "Its media type (RFC 6838).", "type": "string"},
                        "content": {"description": "What it is: a text, any JSON value, or bytes as base64 text."},
                    },
                },
            },
            "priority": {
                "description": "Higher is delivered first; 0 is usual.",
                "type": "integer", "minimum": -PRIORITY, "maximum": PRIORITY,
            },
            "notBefore": time("Not delivered before this time, in milliseconds since 1970."),
            "expires": time("Not delivered after this time, in milliseconds since 1970."),
        },
    })
}
