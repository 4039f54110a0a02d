//! Requests as the JSON of `generateContent`.

use fusion_core::model::chat::{
    Choice, Effort, Fault, FaultKind, Image, Message, Part, Reasoning, Request, Role, Sampling,
    ToolCall, ToolResult,
};
use serde_json::{Value, json};

use crate::wire::json::{add, set};

/// Writes a request; its model stands in the URL.
///
/// # Errors
/// `invalid_request` when the arguments of an earlier call are no JSON object; `unsupported` for pictures in the results of
/// tools.
pub(super) fn encode(request: &Request) -> Result<Value, Fault> {
    let mut contents: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut system = Vec::new();
    for message in &request.messages {
        let role = match message.role {
            Role::System => {
                system.push(json!({"text": message.text()}));
                continue;
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => "model",
        };
        let mut written = parts(message)?;
        match contents.last_mut() {
            Some((last, before)) if *last == role => before.append(&mut written),
            _ => contents.push((role, written)),
        }
    }
    let contents: Vec<Value> =
        contents.into_iter().map(|(role, parts)| json!({"role": role, "parts": parts})).collect();
    let mut body = json!({"contents": contents});
    set(&mut body, "systemInstruction", (!system.is_empty()).then(|| json!({"parts": system})));
    if !request.tools.is_empty() {
        let tool = |tool: &fusion_core::model::chat::Tool| json!({"name": tool.name, "description": tool.description, "parametersJsonSchema": tool.schema});
        let tools: Vec<Value> = request.tools.iter().map(tool).collect();
        set(&mut body, "tools", Some(json!([{"functionDeclarations": tools}])));
        let choice = match &request.choice {
            Choice::Auto => None,
            Choice::None => Some(json!({"mode": "NONE"})),
            Choice::Required => Some(json!({"mode": "ANY"})),
            Choice::Tool(name) => Some(json!({"mode": "ANY", "allowedFunctionNames": [name]})),
        };
        let choice = choice.map(|choice| json!({"functionCallingConfig": choice}));
        set(&mut body, "toolConfig", choice);
    }
    let mut config = sampling(&request.sampling);
    if let Some(schema) = &request.schema {
        set(&mut config, "responseMimeType", Some("application/json"));
        set(&mut config, "responseJsonSchema", Some(schema.schema.clone()));
    }
    let is_empty = config.as_object().is_none_or(serde_json::Map::is_empty);
    set(&mut body, "generationConfig", (!is_empty).then_some(config));
    add(&mut body, &request.extra);
    Ok(body)
}

fn sampling(sampling: &Sampling) -> Value {
    let mut config = json!({});
    set(&mut config, "temperature", sampling.temperature);
    set(&mut config, "topP", sampling.top_p);
    set(&mut config, "topK", sampling.top_k);
    set(&mut config, "seed", sampling.seed);
    set(&mut config, "maxOutputTokens", sampling.max_output_tokens);
    set(&mut config, "stopSequences", (!sampling.stop.is_empty()).then(|| sampling.stop.clone()));
    set(&mut config, "frequencyPenalty", sampling.frequency_penalty);
    set(&mut config, "presencePenalty", sampling.presence_penalty);
    let budget = sampling.effort.map(|effort| match effort {
        Effort::None => 0,
        Effort::Minimal => 512,
        Effort::Low => 2_048,
        Effort::Medium => 8_192,
        Effort::High => 16_384,
        Effort::Tokens(most) => most,
    });
    let thinking =
        budget.map(|budget| json!({"thinkingBudget": budget, "includeThoughts": budget > 0}));
    set(&mut config, "thinkingConfig", thinking);
    config
}

fn parts(message: &Message) -> Result<Vec<Value>, Fault> {
    let mut written = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text { text } if text.is_empty() => {}
            Part::Text { text } => written.push(json!({"text": text})),
            Part::Image { image: Image::Url(url) } => {
                written.push(json!({"fileData": {"fileUri": url}}));
            }
            Part::Image { image: image @ Image::Data { media_type, .. } } => {
                written
                    .push(json!({"inlineData": {"mimeType": media_type, "data": image.base64()}}));
            }
            Part::Call(call) => written.push(call_part(call)?),
            Part::Result(result) => written.push(result_part(result)?),
            Part::Reasoning(thought) => written.extend(thought_part(thought)),
        }
    }
    Ok(written)
}

fn call_part(call: &ToolCall) -> Result<Value, Fault> {
    let wrong = |fault: Fault| Fault::new(FaultKind::InvalidRequest, fault.message().to_owned());
    let arguments = call.arguments().map_err(wrong)?;
    let mut part = json!({"functionCall": {"id": call.id, "name": call.name, "args": arguments}});
    set(&mut part, "thoughtSignature", call.signature.clone());
    Ok(part)
}

fn result_part(result: &ToolResult) -> Result<Value, Fault> {
    let mut text = String::new();
    for part in &result.parts {
        let Some(more) = part.as_text() else {
            let message = "the protocol takes no pictures in the results of tools";
            return Err(Fault::new(FaultKind::Unsupported, message));
        };
        text.push_str(more);
    }
    let field = if result.is_error { "error" } else { "output" };
    let response = json!({"id": result.id, "name": result.name, "response": {field: text}});
    Ok(json!({"functionResponse": response}))
}

/// Hands a thought back by its signature; what it said is of no use to the service.
fn thought_part(thought: &Reasoning) -> Option<Value> {
    let signature = thought.signature.as_deref()?;
    Some(json!({"text": thought.text, "thought": true, "thoughtSignature": signature}))
}
