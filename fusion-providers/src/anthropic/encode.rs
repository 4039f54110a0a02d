//! Requests as the JSON of messages.

use fusion_core::model::chat::{
    Choice, Effort, Fault, FaultKind, Image, Message, Part, Reasoning, Request, Role, ToolCall,
    ToolResult,
};
use serde_json::{Value, json};

use crate::wire::json::{add, set};

/// The longest answer when the request does not say, in tokens: the protocol wants a number.
const OUTPUT_TOKENS: u32 = 8_192;
/// Our own word in [`Request::extra`]: the provider shall keep the beginning of the conversation in its cache.
const CACHE: &str = "cache";

/// Writes a request.
///
/// # Errors
/// `invalid_request` when the arguments of an earlier call are no JSON object: the protocol sends them as one.
pub(super) fn encode(request: &Request, is_stream: bool) -> Result<Value, Fault> {
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut system = Vec::new();
    for message in &request.messages {
        let role = match message.role {
            Role::System => {
                system.push(json!({"type": "text", "text": message.text()}));
                continue;
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => "assistant",
        };
        let mut blocks = blocks(message)?;
        // The protocol wants the two to take turns.
        match messages.last_mut() {
            Some((last, before)) if *last == role => before.append(&mut blocks),
            _ => messages.push((role, blocks)),
        }
    }
    let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
    let mut extra = request.extra.clone();
    if extra.remove(CACHE) == Some(Value::Bool(true)) {
        let last = messages.last_mut().and_then(|(_, blocks)| blocks.last_mut());
        for block in [system.last_mut(), tools.last_mut(), last].into_iter().flatten() {
            set(block, "cache_control", Some(json!({"type": "ephemeral"})));
        }
    }
    let messages: Vec<Value> = messages
        .into_iter()
        .map(|(role, content)| json!({"role": role, "content": content}))
        .collect();
    let sampling = &request.sampling;
    let most = sampling.max_output_tokens.unwrap_or(OUTPUT_TOKENS);
    let budget = sampling.effort.and_then(thinking_tokens);
    // What the model thinks counts as output.
    let most = budget.map_or(most, |budget| most.saturating_add(budget));
    let mut body = json!({"model": request.model, "max_tokens": most, "messages": messages});
    set(&mut body, "system", (!system.is_empty()).then_some(system));
    if !tools.is_empty() {
        set(&mut body, "tools", Some(tools));
        set(&mut body, "tool_choice", choice(request));
    }
    set(&mut body, "temperature", sampling.temperature);
    set(&mut body, "top_p", sampling.top_p);
    set(&mut body, "top_k", sampling.top_k);
    set(&mut body, "stop_sequences", (!sampling.stop.is_empty()).then(|| sampling.stop.clone()));
    let thinking = budget.map(|budget| json!({"type": "enabled", "budget_tokens": budget}));
    set(&mut body, "thinking", thinking);
    let form = request
        .schema
        .as_ref()
        .map(|schema| json!({"format": {"type": "json_schema", "schema": schema.schema}}));
    set(&mut body, "output_config", form);
    set(&mut body, "stream", is_stream.then_some(true));
    add(&mut body, &extra);
    Ok(body)
}

/// How many tokens the model may think; 1024 is the least that the protocol takes.
fn thinking_tokens(effort: Effort) -> Option<u32> {
    match effort {
        Effort::None => None,
        Effort::Minimal => Some(1_024),
        Effort::Low => Some(2_048),
        Effort::Medium => Some(8_192),
        Effort::High => Some(16_384),
        Effort::Tokens(most) => Some(most.max(1_024)),
    }
}

fn tool(tool: &fusion_core::model::chat::Tool) -> Value {
    let mut written =
        json!({"name": tool.name, "description": tool.description, "input_schema": tool.schema});
    set(&mut written, "strict", tool.strict.then_some(true));
    written
}

fn choice(request: &Request) -> Option<Value> {
    let mut choice = match &request.choice {
        Choice::Auto if request.parallel_tools.is_none() => return None,
        Choice::Auto => json!({"type": "auto"}),
        Choice::None => return Some(json!({"type": "none"})),
        Choice::Required => json!({"type": "any"}),
        Choice::Tool(name) => json!({"type": "tool", "name": name}),
    };
    set(&mut choice, "disable_parallel_tool_use", request.parallel_tools.map(|many| !many));
    Some(choice)
}

fn blocks(message: &Message) -> Result<Vec<Value>, Fault> {
    let mut blocks = Vec::new();
    for part in &message.parts {
        match part {
            // Empty texts are refused by the service.
            Part::Text { text } if text.is_empty() => {}
            Part::Text { text } => blocks.push(json!({"type": "text", "text": text})),
            Part::Image { image } => blocks.push(json!({"type": "image", "source": source(image)})),
            Part::Call(call) => blocks.push(call_block(call)?),
            Part::Result(result) => blocks.push(result_block(result)),
            Part::Reasoning(thought) => blocks.extend(thought_block(thought)),
        }
    }
    Ok(blocks)
}

fn source(image: &Image) -> Value {
    match image {
        Image::Url(url) => json!({"type": "url", "url": url}),
        Image::Data { media_type, .. } => {
            json!({"type": "base64", "media_type": media_type, "data": image.base64()})
        }
    }
}

fn call_block(call: &ToolCall) -> Result<Value, Fault> {
    let input = call
        .arguments()
        .map_err(|fault| Fault::new(FaultKind::InvalidRequest, fault.message().to_owned()))?;
    Ok(json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input}))
}

fn result_block(result: &ToolResult) -> Value {
    let content: Vec<Value> = result
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } if !text.is_empty() => Some(json!({"type": "text", "text": text})),
            Part::Image { image } => Some(json!({"type": "image", "source": source(image)})),
            _ => None,
        })
        .collect();
    let mut block = json!({"type": "tool_result", "tool_use_id": result.id, "content": content});
    set(&mut block, "is_error", result.is_error.then_some(true));
    block
}

/// Hands a thought back as it came; one without a signature is from somebody else and would be refused.
fn thought_block(thought: &Reasoning) -> Option<Value> {
    let signature = thought.signature.as_deref()?;
    Some(if thought.redacted {
        json!({"type": "redacted_thinking", "data": signature})
    } else {
        json!({"type": "thinking", "thinking": thought.text, "signature": signature})
    })
}
