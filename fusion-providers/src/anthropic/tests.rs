//! The JSON of messages, there and back.

use fusion_core::model::chat::{Choice, FaultKind, Finish};
use serde_json::json;

use super::delta::Deltas;
use super::{decode, encode};
use crate::sample::{pretty, read, rich};

#[test]
fn a_request_is_written() {
    insta::assert_snapshot!(pretty(&encode::encode(&rich(), true).unwrap()));
}

#[test]
fn the_beginning_may_be_kept_in_the_cache() {
    let mut request = rich();
    request.extra.insert("cache".to_owned(), json!(true));
    request.choice = Choice::Tool("weather".to_owned());
    let body = encode::encode(&request, false).unwrap();
    let mark = json!({"type": "ephemeral"});
    assert!(body.get("cache").is_none());
    assert_eq!(body["system"][0]["cache_control"], mark);
    assert_eq!(body["tools"][0]["cache_control"], mark);
    let last = body["messages"].as_array().unwrap().last().unwrap()["content"].as_array().unwrap();
    assert_eq!(last.last().unwrap()["cache_control"], mark);
    assert_eq!(body.to_string().matches("cache_control").count(), 3);
    assert_eq!(
        body["tool_choice"],
        json!({"type": "tool", "name": "weather", "disable_parallel_tool_use": true})
    );
}

#[test]
fn a_whole_answer_is_read() {
    let value = json!({"id": "msg-1", "type": "message", "model": "m", "stop_reason": "tool_use", "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "seal"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "t-1", "name": "weather", "input": {"place": "Ulm"}},
        {"type": "tool_use", "id": "t-2", "name": "time", "input": {}}],
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 5}});
    let answer = decode::decode(&value).unwrap();
    assert_eq!(
        (answer.usage.input, answer.usage.cached_read, answer.usage.cached_write),
        (130, 100, 20)
    );
    assert_eq!(answer.finish, Finish::ToolCalls);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.parts).unwrap());
}

#[test]
fn what_is_no_answer_is_a_fault() {
    for (value, kind) in [
        (json!([]), FaultKind::Malformed),
        (json!({"content": "text"}), FaultKind::Malformed),
        (
            json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
            FaultKind::Overloaded,
        ),
        (
            json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}}),
            FaultKind::RateLimit,
        ),
        (
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}}),
            FaultKind::ContextTooLong,
        ),
    ] {
        assert_eq!(decode::decode(&value).unwrap_err().kind(), kind, "{value}");
    }
}

#[test]
fn a_stream_is_read() {
    insta::assert_snapshot!(read(
        Deltas::default(),
        &[
            r#"{"type":"message_start","message":{"id":"msg-1","model":"m","usage":{"input_tokens":10,"cache_read_input_tokens":90,"output_tokens":1}}}"#,
            r#"{"type":"ping"}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"se"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"al"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I look."}}"#,
            r#"{"type":"content_block_stop","index":1}"#,
            r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t-1","name":"weather","input":{}}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"place\":"}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\"Ulm\"}"}}"#,
            r#"{"type":"content_block_stop","index":2}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":42}}"#,
            r#"{"type":"message_stop"}"#,
        ]
    ));
}

#[test]
fn a_stream_that_breaks_is_a_fault() {
    let begin =
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}"#;
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    insta::assert_snapshot!(
        [read(Deltas::default(), &[begin]), read(Deltas::default(), &[begin, error])].join("\n")
    );
}
