//! Requests as the JSON of `/api/chat`.

use fusion_core::model::chat::{
    Choice, Effort, Embed, Fault, FaultKind, Image, Message, Part, Request, Role, Sampling,
};
use serde_json::{Value, json};

use crate::wire::json::{add, set};

/// Writes a request.
///
/// # Errors
/// `unsupported` for what the protocol has no words for: a tool that must be called, pictures by URL.
pub(super) fn encode(request: &Request, is_stream: bool) -> Result<Value, Fault> {
    let mut messages = Vec::new();
    for message in &request.messages {
        add_message(message, &mut messages)?;
    }
    let mut body = json!({"model": request.model, "messages": messages, "stream": is_stream});
    match &request.choice {
        Choice::Required | Choice::Tool(_) => {
            return Err(unsupported("tools that must be called: let the model choose"));
        }
        Choice::None => {}
        Choice::Auto => {
            let tools: Vec<Value> = request
                .tools
                .iter()
                .map(|tool| {
                    let function = json!({"name": tool.name, "description": tool.description, "parameters": tool.schema});
                    json!({"type": "function", "function": function})
                })
                .collect();
            set(&mut body, "tools", (!tools.is_empty()).then_some(tools));
        }
    }
    set(&mut body, "format", request.schema.as_ref().map(|schema| schema.schema.clone()));
    let options = options(&request.sampling);
    let is_empty = options.as_object().is_none_or(serde_json::Map::is_empty);
    set(&mut body, "options", (!is_empty).then_some(options));
    let think = request.sampling.effort.map(|effort| effort != Effort::None);
    set(&mut body, "think", think);
    add(&mut body, &request.extra);
    Ok(body)
}

fn options(sampling: &Sampling) -> Value {
    let mut options = json!({});
    set(&mut options, "temperature", sampling.temperature);
    set(&mut options, "top_p", sampling.top_p);
    set(&mut options, "top_k", sampling.top_k);
    set(&mut options, "seed", sampling.seed);
    set(&mut options, "num_predict", sampling.max_output_tokens);
    set(&mut options, "stop", (!sampling.stop.is_empty()).then(|| sampling.stop.clone()));
    set(&mut options, "frequency_penalty", sampling.frequency_penalty);
    set(&mut options, "presence_penalty", sampling.presence_penalty);
    options
}

fn add_message(message: &Message, messages: &mut Vec<Value>) -> Result<(), Fault> {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => {
            for part in &message.parts {
                if let Part::Result(result) = part {
                    let text: String = result.parts.iter().filter_map(Part::as_text).collect();
                    let text =
                        if result.is_error { format!("The tool failed: {text}") } else { text };
                    messages
                        .push(json!({"role": "tool", "tool_name": result.name, "content": text}));
                }
            }
            return Ok(());
        }
    };
    let mut written = json!({"role": role, "content": message.text()});
    let mut images = Vec::new();
    for part in &message.parts {
        if let Part::Image { image } = part {
            match image {
                Image::Url(_) => return Err(unsupported("pictures by URL: send their bytes")),
                Image::Data { .. } => images.push(Value::from(image.base64())),
            }
        }
    }
    set(&mut written, "images", (!images.is_empty()).then_some(images));
    let mut calls = Vec::new();
    for call in message.calls() {
        let wrong =
            |fault: Fault| Fault::new(FaultKind::InvalidRequest, fault.message().to_owned());
        let arguments = call.arguments().map_err(wrong)?;
        calls.push(json!({"function": {"name": call.name, "arguments": arguments}}));
    }
    set(&mut written, "tool_calls", (!calls.is_empty()).then_some(calls));
    messages.push(written);
    Ok(())
}

/// Writes a request for vectors.
pub(super) fn embed(request: &Embed) -> Value {
    let mut body = json!({"model": request.model, "input": request.inputs});
    set(&mut body, "dimensions", request.dimensions);
    add(&mut body, &request.extra);
    body
}

fn unsupported(what: &str) -> Fault {
    Fault::new(FaultKind::Unsupported, format!("the protocol has no {what}"))
}
