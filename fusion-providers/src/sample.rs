//! Requests and streams that the tests of all protocols share.

use std::collections::VecDeque;
use std::fmt::Write as _;

use fusion_core::model::chat::{
    Chunk, Effort, Fault, Message, Part, Reasoning, Request, Role, Schema, Tool, ToolCall,
    ToolResult,
};
use serde_json::{Value, json};

use crate::http::Decode;
use crate::wire::Event;

/// A conversation with all that a request may have but pictures by URL.
pub(crate) fn rich() -> Request {
    let call = ToolCall {
        signature: Some("c2ln".to_owned()),
        ..ToolCall::new("call-1", "weather", r#"{"place":"Ulm"}"#)
    };
    let thought = Reasoning {
        text: "Look it up.".to_owned(),
        signature: Some("seal".to_owned()),
        redacted: false,
    };
    let said = vec![Part::Reasoning(thought), Part::text("I look."), Part::Call(call.clone())];
    let mut request = Request::new("some-model")
        .message(Message::system("Be brief."))
        .message(
            Message::user("How is it there?").part(Part::image("image/png", b"\x89PNG".as_slice())),
        )
        .message(Message::new(Role::Assistant, said))
        .message(Message::results([ToolResult::text(&call, "sunny")]))
        .user("And tomorrow?")
        .tool(
            Tool::new("weather", "Says how the weather is.")
                .schema(json!({"type": "object", "properties": {"place": {"type": "string"}}})),
        );
    request.parallel_tools = Some(false);
    request.sampling.temperature = Some(0.2);
    request.sampling.top_p = Some(0.9);
    request.sampling.seed = Some(7);
    request.sampling.max_output_tokens = Some(200);
    request.sampling.stop = vec!["END".to_owned()];
    request.sampling.effort = Some(Effort::Low);
    let schema = json!({"type": "object", "properties": {"sunny": {"type": "boolean"}}, "required": ["sunny"]});
    request.schema = Some(Schema { name: "forecast".to_owned(), schema, strict: true });
    request
}

/// Writes JSON for a snapshot.
pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// Lets a protocol read events, the data of each; gives a line for each chunk, and the fault if there is one.
pub(crate) fn read(mut decode: impl Decode, events: &[&str]) -> String {
    let mut chunks = VecDeque::new();
    let mut fault = None;
    for data in events {
        let event = Event { name: String::new(), data: (*data).to_owned() };
        if let Err(why) = decode.event(&event, &mut chunks) {
            fault = Some(why);
            break;
        }
    }
    if fault.is_none() && !decode.is_over() {
        fault = decode.end(&mut chunks).err();
    }
    told(&chunks.into_iter().collect::<Vec<_>>(), fault.as_ref())
}

fn told(chunks: &[Chunk], fault: Option<&Fault>) -> String {
    let mut lines = String::new();
    for chunk in chunks {
        writeln!(lines, "{}", serde_json::to_string(chunk).unwrap()).unwrap();
    }
    if let Some(fault) = fault {
        writeln!(lines, "fault: {fault}").unwrap();
    }
    lines
}
