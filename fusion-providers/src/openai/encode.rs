//! Requests as the JSON of chat completions.

use fusion_core::model::chat::{
    Choice, Effort, Fault, FaultKind, Image, Message, Part, Request, Role, Sampling, ToolResult,
};
use serde_json::{Value, json};

use crate::wire::json::{add, set};

/// In what servers of the protocol differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// The field for the longest answer.
    pub(crate) max_tokens: &'static str,
    /// It takes reasoning as an object, gives it back with signatures, and tells costs: OpenRouter.
    pub(crate) is_router: bool,
}

impl Dialect {
    /// Chooses by where the server is: only OpenAI itself has left the old field behind.
    pub(crate) fn of(base_url: &str) -> Self {
        let is_openai = base_url.contains("://api.openai.com");
        let max_tokens = if is_openai { "max_completion_tokens" } else { "max_tokens" };
        Self { max_tokens, is_router: false }
    }

    pub(crate) const ROUTER: Self = Self { max_tokens: "max_tokens", is_router: true };
}

/// Writes a request.
///
/// # Errors
/// `unsupported` for what the protocol has no words for.
pub(crate) fn encode(request: &Request, dialect: Dialect, is_stream: bool) -> Result<Value, Fault> {
    let mut messages = Vec::new();
    for message in &request.messages {
        add_message(message, dialect, &mut messages)?;
    }
    let mut body = json!({"model": request.model, "messages": messages});
    if !request.tools.is_empty() {
        let tools: Vec<Value> = request
            .tools
            .iter()
            .map(|tool| {
                let mut function = json!({"name": tool.name, "description": tool.description, "parameters": tool.schema});
                set(&mut function, "strict", tool.strict.then_some(true));
                json!({"type": "function", "function": function})
            })
            .collect();
        set(&mut body, "tools", Some(tools));
        let choice = match &request.choice {
            Choice::Auto => None,
            Choice::None => Some(json!("none")),
            Choice::Required => Some(json!("required")),
            Choice::Tool(name) => Some(json!({"type": "function", "function": {"name": name}})),
        };
        set(&mut body, "tool_choice", choice);
        set(&mut body, "parallel_tool_calls", request.parallel_tools);
    }
    if let Some(schema) = &request.schema {
        let form = json!({"name": schema.name, "schema": schema.schema, "strict": schema.strict});
        set(
            &mut body,
            "response_format",
            Some(json!({"type": "json_schema", "json_schema": form})),
        );
    }
    sampling(&request.sampling, dialect, &mut body);
    if is_stream {
        set(&mut body, "stream", Some(true));
        set(&mut body, "stream_options", Some(json!({"include_usage": true})));
    }
    if dialect.is_router {
        set(&mut body, "usage", Some(json!({"include": true})));
    }
    add(&mut body, &request.extra);
    Ok(body)
}

fn sampling(sampling: &Sampling, dialect: Dialect, body: &mut Value) {
    set(body, "temperature", sampling.temperature);
    set(body, "top_p", sampling.top_p);
    set(body, "top_k", sampling.top_k);
    set(body, "seed", sampling.seed);
    set(body, dialect.max_tokens, sampling.max_output_tokens);
    set(body, "stop", (!sampling.stop.is_empty()).then(|| sampling.stop.clone()));
    set(body, "frequency_penalty", sampling.frequency_penalty);
    set(body, "presence_penalty", sampling.presence_penalty);
    let Some(effort) = sampling.effort else { return };
    let word = word(effort);
    match effort {
        Effort::Tokens(most) if dialect.is_router => {
            set(body, "reasoning", Some(json!({"max_tokens": most})));
        }
        _ if dialect.is_router => set(body, "reasoning", Some(json!({"effort": word}))),
        _ => set(body, "reasoning_effort", Some(word)),
    }
}

/// Gives the protocol's word; it knows no numbers, so for one it is the word that stands for about as many tokens.
fn word(effort: Effort) -> &'static str {
    match effort {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low | Effort::Tokens(0..=2_048) => "low",
        Effort::Medium | Effort::Tokens(2_049..=8_192) => "medium",
        Effort::High | Effort::Tokens(_) => "high",
    }
}

fn add_message(
    message: &Message,
    dialect: Dialect,
    messages: &mut Vec<Value>,
) -> Result<(), Fault> {
    match message.role {
        Role::System => messages.push(json!({"role": "system", "content": message.text()})),
        Role::User => messages.push(json!({"role": "user", "content": content(&message.parts)})),
        Role::Assistant => messages.push(assistant(message, dialect)),
        Role::Tool => {
            for part in &message.parts {
                if let Part::Result(result) = part {
                    messages.push(tool(result)?);
                }
            }
        }
    }
    Ok(())
}

/// Writes a text as itself, and more than that as a list.
fn content(parts: &[Part]) -> Value {
    if let [Part::Text { text }] = parts {
        return json!(text);
    }
    let written = parts.iter().filter_map(|part| match part {
        Part::Text { text } => Some(json!({"type": "text", "text": text})),
        Part::Image { image } => {
            Some(json!({"type": "image_url", "image_url": {"url": url(image)}}))
        }
        _ => None,
    });
    Value::Array(written.collect())
}

fn url(image: &Image) -> String {
    match image {
        Image::Url(url) => url.clone(),
        Image::Data { media_type, .. } => {
            format!("data:{media_type};base64,{}", image.base64().unwrap_or_default())
        }
    }
}

fn assistant(message: &Message, dialect: Dialect) -> Value {
    let text = message.text();
    let content = if text.is_empty() { Value::Null } else { Value::String(text) };
    let mut written = json!({"role": "assistant", "content": content});
    let calls: Vec<Value> = message
        .calls()
        .map(|call| {
            let function = json!({"name": call.name, "arguments": call.arguments});
            json!({"id": call.id, "type": "function", "function": function})
        })
        .collect();
    set(&mut written, "tool_calls", (!calls.is_empty()).then_some(calls));
    if dialect.is_router {
        let thoughts: Vec<Value> = message.parts.iter().filter_map(thought).collect();
        set(&mut written, "reasoning_details", (!thoughts.is_empty()).then_some(thoughts));
    }
    written
}

fn thought(part: &Part) -> Option<Value> {
    let Part::Reasoning(thought) = part else { return None };
    let signature = thought.signature.as_deref();
    Some(match signature {
        Some(data) if thought.redacted => json!({"type": "reasoning.encrypted", "data": data}),
        _ => json!({"type": "reasoning.text", "text": thought.text, "signature": signature}),
    })
}

fn tool(result: &ToolResult) -> Result<Value, Fault> {
    let mut text = String::new();
    for part in &result.parts {
        let Some(more) = part.as_text() else {
            let message = "the protocol takes no pictures in the results of tools";
            return Err(Fault::new(FaultKind::Unsupported, message));
        };
        text.push_str(more);
    }
    // The protocol has no mark for it, and the model should know.
    let text = if result.is_error { format!("The tool failed: {text}") } else { text };
    Ok(json!({"role": "tool", "tool_call_id": result.id, "content": text}))
}
