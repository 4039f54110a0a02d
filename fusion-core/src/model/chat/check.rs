//! What is wrong with a request, before it costs anything.

use std::collections::BTreeSet;

use super::{Choice, Embed, Fault, FaultKind, Message, Part, Request, Role, Sampling};
use crate::model::json;

/// The longest name of a tool or schema, in bytes.
const NAME_BYTES: usize = 64;

fn wrong(what: impl Into<String>) -> Fault {
    Fault::new(FaultKind::InvalidRequest, what)
}

impl Request {
    /// Checks what no provider could answer: no messages, settings out of range or not a number, tools of the same name,
    /// results without their call, calls with the same id, schemas nested deeper than can be read. Providers call it first.
    ///
    /// # Errors
    /// `invalid_request`, with what is wrong and where.
    pub fn check(&self) -> Result<(), Fault> {
        if self.messages.is_empty() {
            return Err(wrong("the request has no messages: add one with `Request::user`"));
        }
        self.sampling.check()?;
        self.check_tools()?;
        let mut calls = BTreeSet::new();
        for (at, message) in self.messages.iter().enumerate() {
            check_message(at, message, &mut calls)?;
        }
        Ok(())
    }

    fn check_tools(&self) -> Result<(), Fault> {
        let mut names = BTreeSet::new();
        for tool in &self.tools {
            check_name("tool", &tool.name)?;
            if !names.insert(tool.name.as_str()) {
                return Err(wrong(format!("two tools are named `{}`: rename one", tool.name)));
            }
            check_schema(&tool.name, &tool.schema)?;
        }
        match &self.choice {
            Choice::Tool(name) if !names.contains(name.as_str()) => {
                Err(wrong(format!("the model must call `{name}`, but there is no such tool")))
            }
            Choice::Required if names.is_empty() => {
                Err(wrong("the model must call a tool, but there is none"))
            }
            _ => match &self.schema {
                Some(schema) => {
                    check_name("schema", &schema.name)?;
                    check_schema(&schema.name, &schema.schema)
                }
                None => Ok(()),
            },
        }
    }
}

impl Embed {
    /// Checks what no provider could answer: no texts, or vectors without length.
    ///
    /// # Errors
    /// `invalid_request`, with what is wrong.
    pub fn check(&self) -> Result<(), Fault> {
        if self.inputs.is_empty() {
            return Err(wrong("there is no text to embed"));
        }
        if self.dimensions == Some(0) {
            return Err(wrong("a vector has at least one dimension"));
        }
        Ok(())
    }
}

impl Sampling {
    fn check(&self) -> Result<(), Fault> {
        let ranges = [
            ("temperature", self.temperature, 0.0, 100.0),
            ("top_p", self.top_p, f64::MIN_POSITIVE, 1.0),
            ("frequency_penalty", self.frequency_penalty, -100.0, 100.0),
            ("presence_penalty", self.presence_penalty, -100.0, 100.0),
        ];
        for (name, value, least, most) in ranges {
            // What is not a number is in no range.
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                return Err(wrong(format!(
                    "{name} is {value}: give a number from {least} to {most}"
                )));
            }
        }
        if self.max_output_tokens == Some(0) {
            return Err(wrong("max_output_tokens is 0: an answer has at least one token"));
        }
        if self.stop.iter().any(String::is_empty) {
            return Err(wrong("a stop sequence is empty: it would end every answer at once"));
        }
        Ok(())
    }
}

fn check_name(what: &str, name: &str) -> Result<(), Fault> {
    let fits = |sign: u8| sign.is_ascii_alphanumeric() || sign == b'_' || sign == b'-';
    if !name.is_empty() && name.len() <= NAME_BYTES && name.bytes().all(fits) {
        return Ok(());
    }
    let name: String = name.chars().take(NAME_BYTES).collect();
    Err(wrong(format!("`{name}` is no name of a {what}: use 1 to {NAME_BYTES} of A-Za-z0-9_-")))
}

fn check_schema(name: &str, schema: &serde_json::Value) -> Result<(), Fault> {
    if !schema.is_object() {
        return Err(wrong(format!("the schema of `{name}` is no JSON object")));
    }
    if !json::is_shallow(schema) {
        return Err(wrong(format!("the schema of `{name}` is nested too deep")));
    }
    Ok(())
}

fn check_message<'a>(
    at: usize,
    message: &'a Message,
    calls: &mut BTreeSet<&'a str>,
) -> Result<(), Fault> {
    let misplaced = |what: &str| {
        Err(wrong(format!(
            "message {at} is of the role {:?} and may not hold {what}",
            message.role
        )))
    };
    if message.role == Role::Assistant {
        // Results answer the calls just before them; some servers use the same ids in every answer.
        calls.clear();
    }
    for part in &message.parts {
        match (part, message.role) {
            (Part::Call(call), Role::Assistant) => {
                if call.id.is_empty() {
                    return Err(wrong(format!(
                        "the call of `{}` in message {at} has no id",
                        call.name
                    )));
                }
                if !calls.insert(&call.id) {
                    return Err(wrong(format!(
                        "message {at}: two calls have the id `{}`, so that a result could answer either",
                        call.id
                    )));
                }
            }
            (Part::Result(result), Role::Tool) => {
                if !calls.contains(result.id.as_str()) {
                    let id = &result.id;
                    return Err(wrong(format!(
                        "message {at} has a result for `{id}`, which nobody called"
                    )));
                }
                let fits = |part: &Part| matches!(part, Part::Text { .. } | Part::Image { .. });
                if !result.parts.iter().all(fits) {
                    return misplaced("a result with anything but text and pictures");
                }
            }
            (Part::Call(_), _) => return misplaced("calls"),
            (Part::Result(_), _) => return misplaced("results"),
            (Part::Reasoning(_), role) if role != Role::Assistant => return misplaced("reasoning"),
            (_, Role::Tool) => return misplaced("anything but results"),
            _ => {}
        }
    }
    Ok(())
}
