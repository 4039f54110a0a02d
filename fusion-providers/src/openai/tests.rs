//! The JSON of chat completions, there and back.

use fusion_core::model::chat::{
    Choice, Effort, Embed, FaultKind, Finish, Message, Part, ToolCall, ToolResult,
};
use serde_json::{Value, json};

use super::delta::Deltas;
use super::{Dialect, catalogue, decode, encode};
use crate::sample::{pretty, read, rich};

const PLAIN: Dialect = Dialect { max_tokens: "max_tokens", is_router: false };

fn written(dialect: Dialect) -> Value {
    encode::encode(&rich(), dialect, true).unwrap()
}

#[test]
fn a_request_is_written() {
    insta::assert_snapshot!(pretty(&written(PLAIN)));
}

#[test]
fn dialects_differ_in_few_fields() {
    let (plain, router) = (written(PLAIN), written(Dialect::ROUTER));
    let openai = written(Dialect::of("https://api.openai.com/v1"));
    assert_eq!(
        (&plain["max_tokens"], &openai["max_completion_tokens"]),
        (&json!(200), &json!(200))
    );
    assert!(openai.get("max_tokens").is_none());
    assert_eq!(router["reasoning"], json!({"effort": "low"}));
    assert_eq!(router["usage"], json!({"include": true}));
    let thoughts = &router["messages"][2]["reasoning_details"];
    assert_eq!(
        *thoughts,
        json!([{"type": "reasoning.text", "text": "Look it up.", "signature": "seal"}])
    );
    assert_eq!(Dialect::of("http://127.0.0.1:1/v1").max_tokens, "max_tokens");
    let mut request = rich();
    request.sampling.effort = Some(Effort::Tokens(5_000));
    let router = encode::encode(&request, Dialect::ROUTER, false).unwrap();
    assert_eq!(router["reasoning"], json!({"max_tokens": 5_000}));
    assert_eq!(encode::encode(&request, PLAIN, false).unwrap()["reasoning_effort"], "medium");
}

#[test]
fn what_only_one_service_understands_goes_into_the_body() {
    let mut request = rich();
    request.extra.insert("grammar".to_owned(), json!("root ::= \"a\""));
    request.extra.insert("temperature".to_owned(), json!(1));
    request.choice = Choice::Tool("weather".to_owned());
    let body = encode::encode(&request, PLAIN, false).unwrap();
    assert_eq!((&body["grammar"], &body["temperature"]), (&json!("root ::= \"a\""), &json!(1)));
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "weather"}}));
    assert!(body.get("stream").is_none());
}

#[test]
fn results_of_tools_are_texts() {
    let call = ToolCall::new("a", "weather", "{}");
    let failed = Message::results([ToolResult::error(&call, "no such place")]);
    let body = encode::encode(&rich().message(failed), PLAIN, false).unwrap();
    let last = body["messages"].as_array().unwrap().last().unwrap();
    assert_eq!(
        *last,
        json!({"role": "tool", "tool_call_id": "a", "content": "The tool failed: no such place"})
    );
    let mut result = ToolResult::text(&call, "");
    result.parts.push(Part::image("image/png", b"x".as_slice()));
    let picture = encode::encode(&rich().message(Message::results([result])), PLAIN, false);
    assert_eq!(picture.unwrap_err().kind(), FaultKind::Unsupported);
}

#[test]
fn answers_of_many_servers_are_read() {
    let full = json!({
        "id": "c-1", "model": "m-2026", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": null, "reasoning_content": "Hm.",
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{\"place\":\"Ulm\"}"}},
                           {"type": "function", "function": {"name": "time", "arguments": {"zone": 1}}}]}}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4},
                  "completion_tokens_details": {"reasoning_tokens": 3}, "cost": 0.000_25}
    });
    let answer = decode::decode(&full).unwrap();
    let calls: Vec<&ToolCall> = answer.calls().collect();
    assert_eq!((calls[0].id.as_str(), calls[0].arguments.as_str()), ("a", r#"{"place":"Ulm"}"#));
    assert_eq!((calls[1].id.as_str(), calls[1].arguments.as_str()), ("call-1", r#"{"zone":1}"#));
    assert_eq!((answer.reasoning().as_str(), &answer.finish), ("Hm.", &Finish::ToolCalls));
    assert_eq!((answer.usage.input, answer.usage.cached_read, answer.usage.reasoning), (12, 4, 3));
    assert_eq!(answer.cost.unwrap().to_string(), "0.00025");
    // Little, and in other forms.
    let said = json!({"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}}]});
    let answer = decode::decode(&said).unwrap();
    assert_eq!(
        (answer.text().as_str(), answer.finish, answer.usage.total()),
        ("ab", Finish::Stop, 0)
    );
    let refused = json!({"choices": [{"finish_reason": "stop", "message": {"content": null, "refusal": "I will not."}}]});
    let answer = decode::decode(&refused).unwrap();
    assert_eq!((answer.text().as_str(), answer.finish), ("I will not.", Finish::Refused));
}

#[test]
fn what_is_no_answer_is_a_fault() {
    for (value, kind) in [
        (json!([]), FaultKind::Malformed),
        (json!({"choices": []}), FaultKind::Malformed),
        (json!({"choices": 3}), FaultKind::Malformed),
        (json!(null), FaultKind::Malformed),
        (json!({"error": {"code": 429, "message": "slow"}}), FaultKind::RateLimit),
        (json!({"error": {"code": "x", "message": "slow"}}), FaultKind::Overloaded),
        (json!({"choices": [{"error": {"code": 502, "message": "gone"}}]}), FaultKind::Overloaded),
    ] {
        assert_eq!(decode::decode(&value).unwrap_err().kind(), kind, "{value}");
    }
}

#[test]
fn a_stream_is_read() {
    insta::assert_snapshot!(read(
        Deltas::default(),
        &[
            r#"{"id":"c-1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"delta":{"reasoning":"Hm"}}]}"#,
            r#"{"choices":[{"delta":{"content":"Grüß"}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"weather","arguments":""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"pl"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"a","function":{"name":"time","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ace\":1}"}}]}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9}}"#,
            "[DONE]",
        ]
    ));
}

#[test]
fn odd_streams_are_read() {
    let text = r#"{"choices":[{"delta":{"content":"a"}}]}"#;
    let end = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let call = r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"t","arguments":"{}"}}]},"finish_reason":"stop"}]}"#;
    insta::assert_snapshot!([
        ("no [DONE], no usage", read(Deltas::default(), &[text, end])),
        ("[DONE] without a reason", read(Deltas::default(), &[text, "[DONE]"])),
        ("[DONE] and nothing", read(Deltas::default(), &["[DONE]"])),
        ("cut off", read(Deltas::default(), &[text])),
        ("two calls without index and id", read(Deltas::default(), &[call, "[DONE]"])),
        ("an error in the middle", read(Deltas::default(), &[text, r#"{"error":{"code":529,"message":"overloaded_error"}}"#])),
        ("garbage", read(Deltas::default(), &[text, "{\"choices\":"])),
        ("arguments without a call", read(Deltas::default(), &[r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}"#])),
    ].map(|(what, told)| format!("# {what}\n{told}")).join("\n"));
}

#[test]
fn vectors_come_in_the_order_of_the_texts() {
    let request = Embed::new("e", ["a", "b"]);
    assert_eq!(catalogue::embed(&request)["input"], json!(["a", "b"]));
    let value = json!({"model": "e-2", "data": [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 3}});
    let made = catalogue::embeddings(&value, 2).unwrap();
    assert_eq!((made.vectors, made.usage.input), (vec![vec![1.0], vec![2.0]], 3));
    for (wrong, wanted) in
        [(&value, 1), (&json!({"data": [{"embedding": [[1.0]]}]}), 1), (&json!(3), 1)]
    {
        assert_eq!(catalogue::embeddings(wrong, wanted).unwrap_err().kind(), FaultKind::Malformed);
    }
    let models = catalogue::models(
        &json!({"data": [{"id": "a", "context_length": 8192}, {"name": "nobody"}]}),
    );
    assert_eq!((models.len(), models[0].context_tokens), (1, Some(8_192)));
}
