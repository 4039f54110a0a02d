//! The JSON of `generateContent`, there and back.

use fusion_core::model::chat::{Embed, FaultKind, Finish};
use serde_json::json;

use super::decode::Responses;
use super::{catalogue, decode, encode};
use crate::sample::{pretty, read, rich};

#[test]
fn a_request_is_written() {
    insta::assert_snapshot!(pretty(&encode::encode(&rich()).unwrap()));
}

#[test]
fn a_whole_answer_is_read() {
    let value = json!({"responseId": "r", "modelVersion": "m-1", "candidates": [{"finishReason": "STOP", "content": {"role": "model", "parts": [
        {"text": "Hm.", "thought": true},
        {"functionCall": {"name": "weather", "args": {"place": "Ulm"}}, "thoughtSignature": "sig"},
        {"functionCall": {"name": "weather", "args": {"place": "Bonn"}}}]}}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 6, "cachedContentTokenCount": 3}});
    let answer = decode::decode(&value).unwrap();
    assert_eq!((answer.usage.output, answer.usage.reasoning, answer.usage.cached_read), (10, 6, 3));
    assert_eq!(answer.finish, Finish::ToolCalls);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.parts).unwrap());
}

#[test]
fn what_is_no_answer_is_a_fault() {
    for (value, kind) in [
        (json!([]), FaultKind::Malformed),
        (json!({}), FaultKind::Malformed),
        (json!({"promptFeedback": {"blockReason": "SAFETY"}}), FaultKind::ContentRefused),
        (json!({"error": {"code": 429, "message": "quota"}}), FaultKind::RateLimit),
        (json!([{"error": {"code": 400, "message": "API key not valid."}}]), FaultKind::Auth),
        (
            json!({"error": {"code": 400, "message": "The input token count exceeds the maximum"}}),
            FaultKind::ContextTooLong,
        ),
    ] {
        assert_eq!(decode::decode(&value).unwrap_err().kind(), kind, "{value}");
    }
}

#[test]
fn a_stream_is_read() {
    let text = r#"{"responseId":"r","modelVersion":"m","candidates":[{"content":{"parts":[{"text":"Gr"}]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}}"#;
    let end = r#"{"candidates":[{"content":{"parts":[{"text":"üß","thoughtSignature":"s"}]},"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}"#;
    insta::assert_snapshot!(
        [
            read(Responses::default(), &[text, end]),
            read(Responses::default(), &[text]),
            read(
                Responses::default(),
                &[text, r#"{"error":{"code":503,"message":"The model is overloaded"}}"#]
            ),
        ]
        .join("\n")
    );
}

#[test]
fn vectors_and_models_are_read() {
    let body = catalogue::embed(&Embed::new("", ["a", "b"]), "e-1");
    assert_eq!(
        body["requests"][1],
        json!({"model": "models/e-1", "content": {"parts": [{"text": "b"}]}})
    );
    let made = catalogue::embeddings(
        &json!({"embeddings": [{"values": [1]}, {"values": [2.5]}]}),
        "e-1",
        2,
    )
    .unwrap();
    assert_eq!(made.vectors, vec![vec![1.0], vec![2.5]]);
    let value = json!({"models": [{"name": "models/g", "displayName": "G", "inputTokenLimit": 9, "supportedGenerationMethods": ["generateContent"]}]});
    let models = catalogue::models(&value);
    assert_eq!(
        (models[0].id.as_str(), models[0].context_tokens, models[0].capability.embeddings),
        ("g", Some(9), Some(false))
    );
}
