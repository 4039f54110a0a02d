//! A transcript per dialect, played by a real program.

use fusion_core::contract::Provider;
use fusion_core::model::chat::{Chunk, Request, Schema, Usage, Usd};
use serde_json::json;

use crate::bed::{Bed, ask, call, request, streamed};

const SAID: &str = "It says häj 💥.";

#[tokio::test]
async fn every_dialect_is_understood() {
    let cost = Some(Usd::from_nano(171_000));
    for (name, model, text, thoughts, cost) in [
        (
            "claude",
            "model-c",
            "I look at it.\n\nIt says häj 💥.",
            "Hm. [Read {\"file_path\":\"notes.txt\"}]\n",
            cost,
        ),
        ("codex", "", SAID, "Hm. [command_execution cat notes.txt]\n", None),
        ("gemini", "model-g", SAID, "[read_file {\"path\":\"notes.txt\"}]\n", None),
        ("qwen", "model-q", SAID, "", None),
        ("copilot", "model-p", SAID, "[view {\"path\":\"notes.txt\"}]\n", None),
        ("opencode", "", SAID, "[read {\"filePath\":\"notes.txt\"}]\n", cost),
    ] {
        let bed = Bed::playing(&format!("{name}.jsonl"));
        let provider = bed.provider(name);
        let chunks = provider.stream(&call(), &request()).await.unwrap();
        let (chunks, answer) = streamed(chunks).await;
        let answer = answer.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
        assert_eq!(
            (answer.text().as_str(), answer.reasoning().as_str()),
            (text, thoughts),
            "{name}"
        );
        assert_eq!(
            (answer.id.as_str(), answer.model.as_str()),
            (&*format!("s-{name}"), model),
            "{name}"
        );
        assert_eq!(answer.cost, cost, "{name}");
        let usage = Usage {
            cached_write: answer.usage.cached_write,
            reasoning: answer.usage.reasoning,
            cached_read: 2,
            ..Usage::new(14, 5)
        };
        let usage = if name == "copilot" { Usage::default() } else { usage };
        assert_eq!(answer.usage, usage, "{name}");
        let pieces = chunks.iter().filter(|chunk| matches!(chunk, Chunk::Text { .. })).count();
        assert_eq!(pieces > 1, !["codex", "opencode"].contains(&name), "{name}: {chunks:?}");
        assert_eq!(bed.noted("stdin"), "Hello!", "{name}");
        assert_eq!(ask(&provider).await.unwrap().text(), text, "{name}");
    }
}

#[tokio::test]
async fn programs_get_the_words_of_their_dialect() {
    for (name, with_words, without) in [
        (
            "claude",
            "--tools\nRead,Grep,Glob\n--no-session-persistence\n--model\nm\n--append-system-prompt\nBe brief.\n",
            "--json-schema",
        ),
        ("codex", "--sandbox\nread-only\n--ephemeral\n--model\nm\n-\n", "--output-schema"),
        ("gemini", "--approval-mode\nplan\n--model\nm\n", "--append"),
        (
            "qwen",
            "--approval-mode\nplan\n--model\nm\n--append-system-prompt\nBe brief.\n",
            "--json-schema",
        ),
        ("copilot", "--deny-tool=write\n--deny-tool=shell\n--model\nm\n", "--resume"),
        ("opencode", "--format\njson\n--model\nm\n", "--session"),
    ] {
        let bed = Bed::playing(&format!("{name}.jsonl"));
        let request = Request::new("m")
            .message(fusion_core::model::chat::Message::system("Be brief."))
            .user("Hello!");
        bed.provider(name).complete(&call(), &request).await.unwrap();
        let args = bed.noted("args");
        assert!(args.ends_with(with_words) && !args.contains(without), "{name}: {args}");
        let said = if args.contains("Be brief.") { "Hello!" } else { "Be brief.\n\nHello!" };
        assert_eq!(bed.noted("stdin"), said, "{name}");
        let cwd = bed.noted("cwd");
        assert!(cwd.contains("fusion-command-"), "{name}: {cwd}");
        assert!(!std::path::Path::new(cwd.trim()).exists(), "{name}: its folder is gone");
    }
}

#[tokio::test]
async fn an_answer_with_a_form_is_told_whole() {
    let mut request = request();
    let schema = json!({"type": "object", "required": ["n"]});
    request.schema = Some(Schema { name: "n".to_owned(), schema: schema.clone(), strict: false });
    let result = r#"{"type":"result","is_error":false,"result":"Done.","structured_output":{"n":1},"session_id":"s"}"#;
    let bed = Bed::new(&format!(
        "echo '{{\"type\":\"assistant\",\"message\":{{\"content\":[{{\"type\":\"text\",\"text\":\"Well.\"}}]}}}}'; echo '{result}'"
    ));
    let answer = bed.provider("claude").complete(&call(), &request).await.unwrap();
    assert_eq!(answer.text(), "{\"n\":1}");
    assert!(bed.noted("args").contains(&format!("--json-schema\n{schema}\n")));

    let bed = Bed::new(
        "cp \"$5\" \"$(dirname \"$0\")/schema\" 2>/dev/null || cp $(printf '%s\\n' \"$@\" | grep schema.json) \"$(dirname \"$0\")/schema\"\ncat > /dev/null\ncat <<'X'\n{\"type\":\"item.completed\",\"item\":{\"type\":\"agent_message\",\"text\":\"{\\\"n\\\":2}\"}}\n{\"type\":\"turn.completed\",\"usage\":{}}\nX",
    );
    let answer = bed.provider("codex").complete(&call(), &request).await.unwrap();
    assert_eq!((answer.text().as_str(), bed.noted("schema")), ("{\"n\":2}", schema.to_string()));

    // One that has no word for it is asked in the prompt.
    let bed = Bed::new("cat > \"$(dirname \"$0\")/stdin\"\necho '{\"n\":3}'");
    let answer = bed.plain().complete(&call(), &request).await.unwrap();
    assert_eq!(answer.text(), "{\"n\":3}");
    assert!(bed.noted("stdin").ends_with(&schema.to_string()));
}

#[tokio::test]
async fn a_dialect_in_one_piece_of_json_is_understood() {
    for said in [r#"[{"type":"x"},{"type":"done","text":"Hi"}]"#, r#"{"type":"done","text":"Hi"}"#]
    {
        let bed = Bed::new(&format!("echo '{said}'"));
        let text = format!(
            r#"{{"dialect":1,"name":"own","argv":["{}"],"output":"json","events":[{{"when":{{"/type":"done"}},"text":"/text","end":true}}]}}"#,
            bed.program().display()
        );
        let dialect = fusion_providers::command::Dialect::read(&text).unwrap();
        let provider =
            fusion_providers::CommandLine::new(dialect, fusion_providers::Keys::new(|_| None));
        assert_eq!(ask(&provider).await.unwrap().text(), "Hi");
    }
}
