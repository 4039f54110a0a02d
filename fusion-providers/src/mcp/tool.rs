//! A tool of a server as a step, and its results as text.

use std::fmt;
use std::sync::Arc;

use fusion_core::contract::{BoxFuture, Context, Output, Step};
use fusion_core::model::{Failure, Payload};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ResourceContents,
};
use rmcp::service::ServiceError;
use serde_json::{Map, Value};

use super::link::Link;

/// One tool.
pub(super) struct Remote {
    /// What models call it.
    pub(super) name: String,
    /// What the server calls it.
    pub(super) tool: String,
    pub(super) link: Arc<Link>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tool `{}` of the server `{}`", self.tool, self.link.mcp.name)
    }
}

impl Step for Remote {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, _ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let (tool, link) = (self.tool.clone(), self.link.clone());
        Box::pin(async move {
            let arguments: Map<String, Value> = input.decode()?;
            let peer = link.peer().await?;
            let asked = CallToolRequestParams::new(tool).with_arguments(arguments);
            // Dropped when the agent is stopped: then the server is told, too.
            let said = match peer.call_tool_once(asked).await {
                Ok(CallToolResponse::Complete(result)) => read(result),
                Ok(_) => Err("it asks for more than arguments, which no agent can give".to_owned()),
                Err(ServiceError::McpError(error)) => Err(error.message.into_owned()),
                Err(error) => {
                    return Err(
                        link.broke("broke, and nobody knows whether the tool did its work", &error)
                    );
                }
            };
            let said = said.map_err(|wrong| Failure::error(link.hidden(&wrong)))?;
            Ok(Output::Value(Payload::json(&without(said, &link))?))
        })
    }
}

/// Takes the keys of the server out of what it says: a model has no use for them.
fn without(said: Value, link: &Link) -> Value {
    match said {
        Value::String(text) => Value::String(link.without_keys(text)),
        Value::Array(items) => items.into_iter().map(|item| without(item, link)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, without(value, link))).collect()
        }
        other => other,
    }
}

/// Reads a result; the error is what the server says is wrong.
fn read(result: CallToolResult) -> Result<Value, String> {
    let is_wrong = result.is_error == Some(true);
    let texts: Vec<String> = result.content.into_iter().map(text_of).collect();
    match (is_wrong, result.structured_content) {
        (true, _) => Err(texts.join("\n")),
        (false, Some(value)) if texts.is_empty() => Ok(value),
        (false, _) => Ok(Value::String(texts.join("\n"))),
    }
}

/// Gives what a model can read of a piece of content.
fn text_of(content: ContentBlock) -> String {
    let left_out = |what: &str, kind: &str| format!("[{what} ({kind}), which is not shown]");
    match content {
        ContentBlock::Text(text) => text.text,
        ContentBlock::Image(image) => left_out("a picture", &image.mime_type),
        ContentBlock::Audio(audio) => left_out("a sound", &audio.mime_type),
        ContentBlock::ResourceLink(link) => format!("{}: {}", link.name, link.uri),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents { uri, text, .. } => format!("{uri}:\n{text}"),
            ResourceContents::BlobResourceContents { uri, mime_type, .. } => {
                left_out(&uri, mime_type.as_deref().unwrap_or("bytes"))
            }
            _ => left_out("a resource", "of an unknown kind"),
        },
        _ => left_out("something", "of an unknown kind"),
    }
}
