//! Requests that no provider could answer are refused before they cost anything.

use serde_json::json;

use crate::model::chat::{
    Choice, Embed, Fault, FaultKind, Finish, Message, Part, Request, Role, Schema, Tool, ToolCall,
    ToolResult,
};
use crate::model::{Backoff, Failure};

fn refused(request: &Request, word: &str) {
    let fault = request.check().unwrap_err();
    assert_eq!(fault.kind(), FaultKind::InvalidRequest);
    assert!(fault.message().contains(word), "{fault} has no `{word}`");
}

fn asked() -> Request {
    Request::new("m").user("hi")
}

#[test]
fn settings_have_a_range() {
    for (value, fine) in
        [(0.0, true), (2.0, true), (f64::NAN, false), (f64::INFINITY, false), (-0.1, false)]
    {
        let mut request = asked();
        request.sampling.temperature = Some(value);
        assert_eq!(request.check().is_ok(), fine, "{value}");
    }
    let with = |change: fn(&mut Request)| {
        let mut request = asked();
        change(&mut request);
        request
    };
    refused(&with(|r| r.sampling.top_p = Some(0.0)), "top_p is 0");
    refused(&with(|r| r.sampling.frequency_penalty = Some(f64::NAN)), "frequency_penalty is NaN");
    refused(&with(|r| r.sampling.max_output_tokens = Some(0)), "max_output_tokens");
    refused(&with(|r| r.sampling.stop = vec![String::new()]), "stop sequence is empty");
    refused(&with(|r| r.messages.clear()), "no messages");
    assert!(Embed::new("m", [""]).check().is_ok());
    assert!(Embed::new("m", [""; 0]).check().is_err());
}

#[test]
fn tools_and_schemas_are_whole() {
    let tool = |name: &str| Tool::new(name, "");
    asked().tool(tool("a")).tool(tool("b-2_C")).check().unwrap();
    refused(&asked().tool(tool("a")).tool(tool("a")), "two tools are named `a`");
    for name in ["", "a b", "größe", &"x".repeat(65)] {
        refused(&asked().tool(tool(name)), "is no name of a tool");
    }
    refused(&asked().tool(tool("a").schema(json!([]))), "no JSON object");
    let deep = (0..300).fold(json!({}), |inner, _| json!({ "a": inner }));
    refused(&asked().tool(tool("a").schema(deep)), "nested too deep");
    let choose = |choice| Request { choice, ..asked() };
    refused(&choose(Choice::Required), "there is none");
    refused(&choose(Choice::Tool("b".into())).tool(tool("a")), "no such tool");
    let schema = Schema { name: "a b".into(), schema: json!({}), strict: false };
    refused(&Request { schema: Some(schema), ..asked() }, "no name of a schema");
}

#[test]
fn results_answer_the_calls_before_them() {
    let call = ToolCall::new("c1", "look", "{}");
    let calls = |calls: Vec<ToolCall>| {
        Message::new(Role::Assistant, calls.into_iter().map(Part::Call).collect())
    };
    let result = || Message::results([ToolResult::text(&call, "seen")]);
    let turn = asked().message(calls(vec![call.clone()])).message(result());
    turn.check().unwrap();
    // Servers that use the same ids in every answer are common.
    turn.message(calls(vec![call.clone()])).message(result()).check().unwrap();
    refused(&asked().message(result()), "which nobody called");
    refused(
        &asked().message(calls(vec![call.clone(), call.clone()])),
        "two calls have the id `c1`",
    );
    refused(&asked().message(calls(vec![ToolCall::new("", "look", "{}")])), "has no id");
    refused(
        &asked().message(Message::new(Role::User, vec![Part::Call(call.clone())])),
        "may not hold calls",
    );
    refused(
        &asked().message(Message::new(Role::Tool, vec![Part::text("x")])),
        "anything but results",
    );
}

#[test]
fn arguments_are_an_object_or_a_fault() {
    let read = |text: &str| ToolCall::new("c", "look", text).arguments();
    assert_eq!(read(" ").unwrap(), json!({}));
    assert_eq!(read("{\"größe\": 1}").unwrap(), json!({ "größe": 1 }));
    for wrong in ["[1]", "{\"a\":", "nope", "{} {}"] {
        let fault = read(wrong).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Malformed);
        assert!(fault.message().contains("`look`"), "{fault}");
    }
}

#[test]
fn the_json_form_is_what_plugins_and_recordings_rely_on() {
    let request = asked().tool(Tool::new("t", "d")).message(
        Message::assistant("x")
            .part(Part::Call(ToolCall::new("c", "t", "{}")))
            .part(Part::image_url("https://x/y.png")),
    );
    let json = serde_json::to_value(&request).unwrap();
    let expected = json!({
        "model": "m",
        "messages": [
            {"role": "user", "parts": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "parts": [
                {"type": "text", "text": "x"},
                {"type": "call", "id": "c", "name": "t", "arguments": "{}"},
                {"type": "image", "image": {"url": "https://x/y.png"}},
            ]},
        ],
        "tools": [{"name": "t", "description": "d", "schema": {"type": "object", "properties": {}}}],
    });
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_value::<Request>(expected).unwrap(), request);
    let newer = json!({"messages": [], "unknown": 1, "sampling": {"warmth": 2}});
    assert_eq!(serde_json::from_value::<Request>(newer).unwrap(), Request::default());
    for finish in [Finish::ToolCalls, Finish::Other("pause_turn".into())] {
        let text = serde_json::to_string(&finish).unwrap();
        assert_eq!(text, format!("\"{}\"", finish.as_str()));
        assert_eq!(serde_json::from_str::<Finish>(&text).unwrap(), finish);
    }
}

#[test]
fn each_kind_of_fault_is_a_class_that_retries_can_tell() {
    for kind in FaultKind::ALL {
        let fault =
            Fault::new(kind, "x").provider("p").status(500).retry_after_ms(7).detail("body");
        let text = serde_json::to_string(&fault).unwrap();
        assert_eq!(serde_json::from_str::<Fault>(&text).unwrap(), fault);
        let failure = Failure::from(fault);
        assert_eq!(failure.class.0, kind.as_str());
        assert_eq!(failure.message, "p (500): x");
        assert_eq!((failure.detail.as_deref(), failure.retry_after_ms), (Some("body"), Some(7)));
        assert_eq!(Backoff::default().covers(&failure), kind.may_pass());
        let named = Backoff { on: vec![kind.as_str().into()], ..Backoff::default() };
        assert!(named.covers(&failure), "{kind}");
    }
    assert_eq!(FaultKind::of_status(429), FaultKind::RateLimit);
    assert_eq!(FaultKind::of_status(529), FaultKind::Overloaded);
    assert_eq!(FaultKind::of_status(404), FaultKind::InvalidRequest);
    assert_eq!(FaultKind::of_status(700), FaultKind::Malformed);
}
