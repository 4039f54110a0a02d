//! The JSON of `/api/chat`, there and back.

use fusion_core::model::chat::{Choice, FaultKind, Finish, Message, Part};
use serde_json::json;

use super::decode::{self, Replies};
use super::encode;
use crate::sample::{pretty, read, rich};

#[test]
fn a_request_is_written() {
    insta::assert_snapshot!(pretty(&encode::encode(&rich(), true).unwrap()));
}

#[test]
fn what_it_has_no_words_for_is_refused_before_it_is_sent() {
    let mut request = rich();
    request.choice = Choice::Required;
    assert_eq!(encode::encode(&request, true).unwrap_err().kind(), FaultKind::Unsupported);
    let picture = Message::user("x").part(Part::image_url("https://example.org/a.png"));
    assert_eq!(
        encode::encode(&rich().message(picture), true).unwrap_err().kind(),
        FaultKind::Unsupported
    );
    request.choice = Choice::None;
    assert!(encode::encode(&request, true).unwrap().get("tools").is_none());
}

#[test]
fn answers_are_read() {
    let call = r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"Hm","tool_calls":[{"function":{"name":"weather","arguments":{"place":"Ulm"}}}]},"done":false}"#;
    let end = r#"{"model":"m","message":{"role":"assistant","content":"Ja."},"done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":4}"#;
    insta::assert_snapshot!(
        [
            read(Replies::default(), &[call, end]),
            read(Replies::default(), &[call]),
            read(Replies::default(), &[call, r#"{"error":"out of memory"}"#]),
        ]
        .join("\n")
    );
    let answer = decode::decode(&serde_json::from_str(end).unwrap()).unwrap();
    assert_eq!(
        (answer.text().as_str(), answer.finish, answer.usage.total()),
        ("Ja.", Finish::Stop, 13)
    );
    for (value, kind) in [
        (json!([]), FaultKind::Malformed),
        (json!({"done": "yes"}), FaultKind::Malformed),
        (json!({"error": "prompt exceeds the context length"}), FaultKind::ContextTooLong),
    ] {
        assert_eq!(decode::decode(&value).unwrap_err().kind(), kind, "{value}");
    }
    assert_eq!(
        decode::embeddings(&json!({"embeddings": [[0.5]]}), 1).unwrap().vectors,
        vec![vec![0.5]]
    );
    assert_eq!(decode::models(&json!({"models": [{"name": "smollm2:135m"}, {}]})).len(), 1);
}
