//! Programs that fail, or say what cannot be understood.

use fusion_core::contract::Provider;
use fusion_core::model::chat::{Chunk, FaultKind};
use fusion_providers::command::Dialect;
use fusion_providers::command::dialect::Words;
use fusion_providers::{CommandLine, Keys};

use crate::bed::{Bed, ask, call, request, streamed};

#[tokio::test]
async fn one_that_is_not_there_says_what_installs_it() {
    let mut dialect = Bed::new("").dialect("claude");
    dialect.argv[0] = Words::One("no-such-program-anywhere".to_owned());
    let provider = CommandLine::new(dialect, Keys::new(|_| None));
    let fault = ask(&provider).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unsupported);
    assert_eq!(
        fault.message(),
        "`no-such-program-anywhere` is not installed: `npm install -g @anthropic-ai/claude-code` installs it"
    );
    assert_eq!(fault.provider_name(), Some("command:claude"));
    let plain =
        CommandLine::new(Dialect::of_template("/no/such/file").unwrap(), Keys::new(|_| None));
    let fault = ask(&plain).await.unwrap_err();
    assert_eq!(fault.message(), "cannot start `/no/such/file`: /no/such/file does not exist");
}

#[tokio::test]
async fn failures_have_the_class_that_fits() {
    use FaultKind as K;
    let result = |text: &str, flag: bool| {
        format!(
            r#"echo '{{"type":"result","is_error":{flag},"result":"{text}","session_id":"s"}}'"#
        )
    };
    for (name, script, kind, message) in [
        // The flag of the last event counts, whatever the exit code says.
        ("claude", result("Not logged in · Please run /login", true), K::Auth, "Not logged in · Please run /login (say `/login` in `claude`, or set ANTHROPIC_API_KEY)"),
        ("claude", result("Prompt is too long", true), K::ContextTooLong, "Prompt is too long"),
        ("claude", result("API Error: 529 overloaded", true) + "; exit 1", K::Overloaded, "API Error: 529 overloaded"),
        ("claude", r#"echo '{"type":"system","subtype":"api_retry","error_status":401,"error":"authentication_failed"}'; sleep 60"#.to_owned(), K::Auth, "authentication_failed (say"),
        // So does the exit code, whatever the event says.
        ("claude", result("fine", false) + "; echo 'out of luck' >&2; exit 3", K::Overloaded, "it ended with exit code 3: out of luck"),
        ("codex", r#"echo '{"type":"turn.failed","error":{"message":"unexpected status 429 Too Many Requests: slow"}}'; exit 1"#.to_owned(), K::RateLimit, "unexpected status 429"),
        ("gemini", "echo 'Please set an Auth method' >&2; exit 41".to_owned(), K::Auth, "it ended with exit code 41: Please set an Auth method (log in with `gemini`, or set GEMINI_API_KEY)"),
        ("qwen", result("[API Error: 401 no]", false), K::Auth, "[API Error: 401 no]"),
        ("qwen", r#"echo '{"type":"result","is_error":true,"error":{"message":"No auth type is selected."}}'; exit 1"#.to_owned(), K::Auth, "No auth type is selected."),
        ("copilot", r#"echo '{"type":"session.error","data":{"message":"Authentication failed (HTTP 401).","statusCode":401}}'; exit 1"#.to_owned(), K::Auth, "Authentication failed (HTTP 401)."),
        ("opencode", r#"echo '{"type":"error","sessionID":"s","error":{"name":"APIError","data":{"message":"no more","statusCode":429}}}'; exit 1"#.to_owned(), K::RateLimit, "no more"),
        ("codex", "echo 'error: unexpected argument --x' >&2; exit 2".to_owned(), K::InvalidRequest, "it ended with exit code 2: error: unexpected argument --x"),
        ("codex", "kill -9 $$".to_owned(), K::Overloaded, "it was ended by signal 9"),
    ] {
        let bed = Bed::new(&script);
        let fault = ask(&bed.provider(name)).await.unwrap_err();
        assert!(fault.message().starts_with(message), "{name}: {fault:?}");
        assert_eq!(fault.kind(), kind, "{name}: {fault:?}");
    }
}

#[tokio::test]
async fn garbage_between_events_is_passed_over_and_told_when_nothing_else_came() {
    let good = r#"echo '{"type":"item.completed","item":{"type":"agent_message","text":"Hi"}}'; echo '{"type":"turn.completed"}'"#;
    let bed = Bed::new(&format!(
        "echo 'Warning: old'; printf '\\377\\376\\n[1]\\n\\n'; {good}; printf '{{\"type\":\"hal'"
    ));
    assert_eq!(ask(&bed.provider("codex")).await.unwrap().text(), "Hi");
    for (script, detail) in [
        ("echo 'Segmentation fault'", Some("Segmentation fault")),
        (r#"printf '{"type":"turn.comp'"#, Some(r#"{"type":"turn.comp"#)),
        (r#"echo '{"type":"item.completed","item":{"type":"agent_message","text":"Hi"}}'"#, None),
        ("true", None),
    ] {
        let fault = ask(&Bed::new(script).provider("codex")).await.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Malformed, "{script}: {fault:?}");
        assert_eq!(fault.message(), "it ended without the event that ends an answer");
        assert_eq!(fault.detail_text(), detail, "{script}");
    }
}

#[tokio::test]
async fn what_came_before_a_failure_is_told_before_it() {
    let bed = Bed::new(
        r#"echo '{"type":"item.completed","item":{"type":"agent_message","text":"Hi"}}'; exit 1"#,
    );
    let chunks = bed.provider("codex").stream(&call(), &request()).await.unwrap();
    let (chunks, answer) = streamed(chunks).await;
    assert_eq!(chunks, [Chunk::text("Hi")]);
    assert!(answer.is_err());
}

#[tokio::test]
async fn signs_that_are_cut_are_put_together() {
    let bed = Bed::new(
        "printf 'h\\303'; sleep 0.1; printf '\\244j \\360\\237'; sleep 0.1; printf '\\222\\245 \\377!\\n\\n'",
    );
    assert_eq!(ask(&bed.plain()).await.unwrap().text(), "häj 💥 \u{fffd}!");
    let bed = Bed::new("printf 'a\\303'");
    assert_eq!(ask(&bed.plain()).await.unwrap().text(), "a\u{fffd}");
    let bed = Bed::new("true");
    assert_eq!(ask(&bed.plain()).await.unwrap_err().kind(), FaultKind::Malformed);
}
