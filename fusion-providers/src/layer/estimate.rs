//! How many tokens a request may take, before anybody counted them.

use fusion_core::model::chat::{Image, Part, Request, Usage};

/// Tokens around each message: roles and separators.
const MESSAGE: u64 = 16;
/// Tokens of a picture, where its size is not known.
const PICTURE: u64 = 2_000;

/// Guesses the tokens of a request: one for so many bytes of text, and the longest answer that it asks for.
pub(crate) fn chat(request: &Request, bytes_per_token: u64, output: u64) -> Usage {
    let mut bytes = 0_u64;
    let mut fixed = 0_u64;
    for tool in &request.tools {
        bytes = bytes.saturating_add((tool.name.len() + tool.description.len()) as u64);
        bytes = bytes.saturating_add(size_of_json(&tool.schema));
        fixed = fixed.saturating_add(MESSAGE);
    }
    if let Some(schema) = &request.schema {
        bytes = bytes.saturating_add(size_of_json(&schema.schema));
    }
    let mut parts: Vec<&Part> = Vec::new();
    for message in &request.messages {
        fixed = fixed.saturating_add(MESSAGE);
        parts.extend(&message.parts);
    }
    while let Some(part) = parts.pop() {
        match part {
            Part::Text { text } => bytes = bytes.saturating_add(text.len() as u64),
            Part::Reasoning(thought) => bytes = bytes.saturating_add(thought.text.len() as u64),
            Part::Call(call) => {
                bytes = bytes.saturating_add((call.name.len() + call.arguments.len()) as u64);
            }
            Part::Result(result) => parts.extend(&result.parts),
            Part::Image { image: Image::Data { .. } | Image::Url(_) } => {
                fixed = fixed.saturating_add(PICTURE);
            }
        }
    }
    let output = request.sampling.max_output_tokens.map_or(output, u64::from);
    Usage::new(tokens(bytes, bytes_per_token).saturating_add(fixed), output)
}

/// Guesses the tokens of some texts.
pub(crate) fn texts(texts: &[String], bytes_per_token: u64) -> Usage {
    let bytes = texts.iter().map(|text| text.len() as u64).fold(0, u64::saturating_add);
    Usage::new(tokens(bytes, bytes_per_token), 0)
}

fn tokens(bytes: u64, bytes_per_token: u64) -> u64 {
    bytes.div_ceil(bytes_per_token.max(1))
}

fn size_of_json(value: &serde_json::Value) -> u64 {
    value.to_string().len() as u64
}
