//! The JSON form of a message: `messageId sender recipient messageType content timestamp`, and what may be added.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::words::{Attachment, Message, PRIORITY, Recipient, checked, typed};
use crate::error::{Code, Error, Result};
use crate::model::{Payload, PayloadKind, json};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Out<'a> {
    message_id: &'a str,
    sender: &'a str,
    recipient: &'a str,
    message_type: &'a str,
    content: &'a RawValue,
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    attachments: &'a [Attachment],
    #[serde(skip_serializing_if = "is_zero")]
    priority: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct In<'a> {
    #[serde(borrow)]
    message_id: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    sender: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    recipient: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    message_type: std::borrow::Cow<'a, str>,
    #[serde(borrow)]
    content: &'a RawValue,
    timestamp: i64,
    #[serde(default)]
    reply_to: Option<Arc<str>>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    attachments: Vec<Attachment>,
    #[serde(default)]
    priority: i32,
    #[serde(default)]
    not_before: Option<i64>,
    #[serde(default)]
    expires: Option<i64>,
}

impl Message {
    /// Writes the JSON form.
    ///
    /// # Errors
    /// `FU0101` when the content is no JSON.
    pub fn to_json(&self) -> Result<Bytes> {
        let wrong = |error: serde_json::Error| {
            Error::new(Code::InvalidInput, "the message cannot be JSON").because(error)
        };
        let Payload::Inline(PayloadKind::Json, content) = &self.content else {
            return Err(Error::new(Code::InvalidInput, "the content of the message is not JSON")
                .hint("give bytes as base64 text, or as an attachment"));
        };
        let content: &RawValue = serde_json::from_slice(content).map_err(wrong)?;
        let text;
        let recipient = match &self.recipient {
            Recipient::Agent(name) => name.as_ref(),
            other => {
                text = other.to_string();
                &text
            }
        };
        let out = Out {
            message_id: self.id(),
            sender: &self.sender,
            recipient,
            message_type: &self.message_type,
            content,
            timestamp: self.timestamp,
            reply_to: self.reply_to.as_deref(),
            metadata: &self.metadata,
            attachments: &self.attachments,
            priority: self.priority,
            not_before: self.not_before,
            expires: self.expires,
        };
        json::to_bytes(&out).map_err(wrong)
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// `FU0101` when a field is missing, unknown or of another type, `FU0102` when a name does not fit.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let read: In<'_> = serde_json::from_slice(bytes).map_err(|error| {
            Error::new(Code::InvalidInput, "this is no message")
                .because(error)
                .hint("`fusion schema message` describes the form")
        })?;
        if !(-PRIORITY..=PRIORITY).contains(&read.priority) {
            let text = format!("the priority {} is not within {PRIORITY}", read.priority);
            return Err(Error::new(Code::InvalidInput, text));
        }
        let content = Payload::from_json_bytes(read.content.get().as_bytes().to_vec());
        let recipient = Recipient::read(&read.recipient)?;
        let mut message =
            Self::of(checked(&read.sender)?, recipient, typed(&read.message_type)?, content);
        message.id = Some(checked(&read.message_id)?);
        message.timestamp = read.timestamp;
        message.reply_to = read.reply_to;
        message.metadata = read.metadata;
        message.attachments = read.attachments;
        message.priority = read.priority;
        message.not_before = read.not_before;
        message.expires = read.expires;
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn full() -> Message {
        let attachment = Attachment {
            name: "a.md".into(),
            media_type: Some("text/markdown".into()),
            content: json!("# A"),
        };
        Message::new("alice", "topic/build.done", "note", &json!({"deep": [1, null, "ü"]}))
            .unwrap()
            .named("m-1")
            .unwrap()
            .answers("m-0")
            .with("tries", 2)
            .attach(attachment)
            .priority(7)
            .not_before(5)
            .expires(9)
    }

    #[test]
    fn what_is_written_is_read() {
        for message in [full(), Message::new("a", "*", "t", &1).unwrap().named("x").unwrap()] {
            let text = message.to_json().unwrap();
            assert_eq!(Message::from_json(&text).unwrap(), message, "{text:?}");
        }
    }

    #[test]
    fn each_required_field_is_asked_for() {
        let whole: Map<String, Value> = serde_json::from_slice(&full().to_json().unwrap()).unwrap();
        for name in ["messageId", "sender", "recipient", "messageType", "content", "timestamp"] {
            let mut without = whole.clone();
            assert!(without.shift_remove(name).is_some(), "{name}");
            let refused = Message::from_json(&serde_json::to_vec(&without).unwrap());
            assert_eq!(refused.unwrap_err().code(), Code::InvalidInput, "{name}");
        }
        let mut more = whole;
        more.insert("recipients".into(), json!("bob"));
        assert!(Message::from_json(&serde_json::to_vec(&more).unwrap()).is_err());
    }
}
