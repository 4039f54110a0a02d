//! Keys reach the program and nobody else.

use fusion_core::contract::Provider;
use fusion_providers::{CommandLine, Keys};

use crate::bed::{Bed, KEY, call, request, streamed};

fn keys() -> Keys {
    Keys::new(|name| {
        let value = match name {
            "GEMINI_API_KEY" | "ANTHROPIC_API_KEY" => KEY,
            "GOOGLE_GEMINI_BASE_URL" => "http://127.0.0.1:9",
            _ => return None,
        };
        Some(value.to_owned())
    })
}

#[tokio::test]
async fn a_key_is_hidden_in_all_that_a_program_says() {
    let (begin, end) = KEY.split_at(5);
    let delta = |text: &str| {
        format!(
            r#"echo '{{"type":"stream_event","event":{{"delta":{{"type":"text_delta","text":"{text}"}}}}}}'"#
        )
    };
    let pieces = format!("{}; {}", delta(begin), delta(end));
    let tool = format!(
        r#"echo '{{"type":"assistant","message":{{"content":[{{"type":"tool_use","name":"Bash","input":{{"command":"echo {KEY}"}}}}]}}}}'"#
    );
    let result = |flag: bool| {
        format!(
            r#"echo '{{"type":"result","is_error":{flag},"result":"bad {KEY}","session_id":"{KEY}"}}'"#
        )
    };
    for script in [
        format!("{pieces}; {tool}; {}", result(false)),
        format!("{pieces}; {}", result(true)),
        format!("echo {KEY}; echo {KEY} >&2; exit 1"),
        format!("echo {KEY}"),
        "env; env >&2; exit 7".to_owned(),
        "cat > /dev/null; head -c 70000000 /dev/zero | tr '\\0' x; echo $ANTHROPIC_API_KEY"
            .to_owned(),
    ] {
        let bed = Bed::new(&script);
        let provider = CommandLine::new(bed.dialect("claude"), keys());
        let chunks = provider.stream(&call(), &request()).await.unwrap();
        let (chunks, answer) = streamed(chunks).await;
        let said = format!("{chunks:?} {answer:?} {provider:?}");
        let said = said.replace(bed.folder.path().to_str().unwrap(), "");
        assert!(!said.contains(KEY), "{script}: {}", said.chars().take(2_000).collect::<String>());
        assert!(bed.noted("env").contains(&format!("ANTHROPIC_API_KEY={KEY}")));
    }
}

#[tokio::test]
async fn a_program_gets_its_own_home_where_it_needs_one_and_nothing_else_of_ours() {
    let play = "cat \"$HOME/.gemini/settings.json\" > \"$(dirname \"$0\")/settings\"; cat > /dev/null; echo '{\"type\":\"result\",\"status\":\"success\"}'";
    let bed = Bed::new(play);
    CommandLine::new(bed.dialect("gemini"), keys()).complete(&call(), &request()).await.unwrap();
    assert!(bed.noted("settings").contains("gemini-api-key"), "{}", bed.noted("settings"));
    let env = bed.noted("env");
    assert!(
        env.contains("GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9\n") && !env.contains("ANTHROPIC"),
        "{env}"
    );
    assert!(env.contains("PATH=") && !env.contains("CARGO_MANIFEST_DIR"), "{env}");
    let bed = Bed::new(play);
    let none = CommandLine::new(bed.dialect("gemini"), Keys::new(|_| None));
    none.complete(&call(), &request()).await.unwrap();
    let home = std::env::var_os("HOME").unwrap();
    assert!(bed.noted("env").contains(&format!("HOME={}\n", home.to_str().unwrap())));
}
