//! Names, keys and places.

use fusion_core::model::chat::FaultKind;

use super::{Keys, open, whose};
use crate::{Key, Settings};

fn keys(pairs: &'static [(&'static str, &'static str)]) -> Keys {
    Keys::new(move |name| {
        pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn every_name_opens_with_its_key() {
    let all = keys(&[
        ("OPENAI_API_KEY", "k"),
        ("OPENROUTER_API_KEY", "k"),
        ("ANTHROPIC_API_KEY", "k"),
        ("GOOGLE_API_KEY", "k"),
        ("GROQ_API_KEY", "k"),
    ]);
    for name in [
        "openai:m",
        "openrouter:a/b:free",
        "anthropic",
        "gemini:g",
        "ollama:smollm2:135m",
        "llamacpp",
        "groq:m",
        " openai ",
    ] {
        let opened = open(name, &all, Settings::default()).unwrap();
        assert_eq!(opened.name(), name.trim().split(':').next().unwrap());
    }
    assert!(open("http://127.0.0.1:8080/v1", &all, Settings::default()).is_ok());
}

#[test]
fn what_is_opened_says_whose_model_it_asks_before_and_after() {
    let all = keys(&[("OPENAI_API_KEY", "k"), ("ANTHROPIC_BASE_URL", "http://here/")]);
    let moved = Settings::default().base_url("http://there/v1/").model("n");
    for (name, settings, model, place) in [
        ("openai:m", Settings::default(), "m", None),
        ("openai", moved.clone(), "n", Some("http://there/v1")),
        ("openai:m", moved, "m", Some("http://there/v1")),
        ("anthropic:c", Settings::default(), "c", Some("http://here")),
        (
            "http://127.0.0.1:1/v1",
            Settings::default().model("x"),
            "x",
            Some("http://127.0.0.1:1/v1"),
        ),
        ("ollama:smollm2:135m", Settings::default(), "smollm2:135m", None),
    ] {
        let opened = open(name, &all, settings.clone()).unwrap();
        assert_eq!(opened.model(), model, "{name}");
        assert_eq!(whose(name, &all, &settings).0, model, "{name}");
        if let Some(place) = place {
            assert_eq!(opened.place(), place, "{name}");
            assert_eq!(whose(name, &all, &settings).1, place, "{name}");
        }
    }
    assert_eq!(whose("record:f.jsonl:openai:m", &all, &Settings::default()).0, "m");
    assert_eq!(whose("plugin:p:m", &all, &Settings::default()).1, "plugin:p:m");
}

#[test]
fn what_is_wrong_is_said() {
    let none = keys(&[("OPENAI_API_KEY", " ")]);
    for (name, kind, message) in [
        (
            "opnai:x",
            FaultKind::InvalidRequest,
            "no provider is called `opnai`: did you mean `openai`?",
        ),
        ("openai:x", FaultKind::Auth, "there is no key for it: set OPENAI_API_KEY"),
        ("gemini", FaultKind::Auth, "there is no key for it: set GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("http://", FaultKind::InvalidRequest, "the base URL `http:` is none"),
        ("https://user:word@host/v1", FaultKind::InvalidRequest, "the base URL has a password"),
    ] {
        let fault = open(name, &none, Settings::default()).unwrap_err();
        assert_eq!(fault.kind(), kind, "{name}: {fault}");
        assert!(fault.message().starts_with(message), "{name}: {fault}");
    }
}

#[test]
fn services_of_ones_own_need_no_key() {
    let moved = keys(&[("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"), ("OLLAMA_HOST", "0.0.0.0")]);
    let opened = open("openai:m", &moved, Settings::default()).unwrap();
    assert!(format!("{opened:?}").contains("http://127.0.0.1:9/v1"), "{opened:?}");
    let ollama = open("ollama", &moved, Settings::default()).unwrap();
    assert!(format!("{ollama:?}").contains("http://127.0.0.1:11434"), "{ollama:?}");
    let set = Settings::default().base_url("http://127.0.0.1:7").key(Key::new("secret-key"));
    let anthropic = format!("{:?}", open("anthropic", &moved, set).unwrap());
    assert!(anthropic.contains("127.0.0.1:7") && !anthropic.contains("secret-key"), "{anthropic}");
}

#[tokio::test]
async fn what_is_recorded_is_played() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.jsonl");
    let (file, keys) = (file.to_str().unwrap(), Keys::new(|_| None));
    let asked = fusion_core::model::chat::Request::new("").user("Hi");
    let call = fusion_core::contract::Call::new(fusion_core::run::Os::current().unwrap());
    // Nobody listens there: the fault is what is recorded.
    let name = format!("record:{file}:http://127.0.0.1:9/v1");
    let recorder = open(&name, &keys, Settings::default()).unwrap();
    let said = recorder.complete(&call, &asked).await.unwrap_err();
    let player = open(&format!("replay:{file}"), &keys, Settings::default()).unwrap();
    assert_eq!(player.complete(&call, &asked).await.unwrap_err().message(), said.message());
    let other = fusion_core::model::chat::Request::new("").user("Hello");
    let missing = player.complete(&call, &other).await.unwrap_err();
    assert!(missing.message().contains("was not recorded"), "{missing}");
    for (name, told) in [
        ("replay:/nowhere/at/all", "cannot be read"),
        ("record:x", "record:FILE:PROVIDER"),
        ("record:x:opnai", "did you mean `openai`?"),
        ("reply:x", "did you mean `replay`?"),
    ] {
        let fault = open(name, &keys, Settings::default()).unwrap_err();
        assert!(fault.message().contains(told), "{name}: {fault}");
    }
}

/// A server of the protocol that says again what it was asked, once.
async fn echo() -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    #[expect(
        clippy::disallowed_methods,
        reason = "the other side of a test is no part of the world"
    )]
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let (mut asked, mut piece) = (String::new(), [0; 4096]);
        // The request is small: its end is the brace that closes its body.
        while !asked.trim_end().ends_with('}') {
            let count = socket.read(&mut piece).await.unwrap();
            asked.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
        let said = serde_json::json!({"id": "1", "model": "m", "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": asked}}]});
        let body = said.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all((head + &body).as_bytes()).await.unwrap();
    });
    url
}

#[tokio::test]
async fn a_recording_has_no_secret_that_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("said.jsonl");
    let planted = keys(&[
        ("OPENAI_API_KEY", "sk-planted-in-the-environment"),
        ("ANTHROPIC_API_KEY", "sk-ant-of-another-service"),
    ]);
    let handed_out = fusion_core::graph::template::Secrets::none();
    handed_out.remember("token-of-the-engine");
    // The server says again all that it got: also the key in the header, and that of the settings.
    let settings = Settings::default()
        .header("X-Api-Key", "header-of-the-settings")
        .key(Key::new("key-of-the-settings"))
        .secrets(handed_out);
    let name = format!("record:{}:{}", file.display(), echo().await);
    let recorder = open(&name, &planted, settings.clone()).unwrap();
    let prompt = "sk-planted-in-the-environment sk-ant-of-another-service token-of-the-engine \
                  Authorization: Basic dXNlcjpwYXNzd29yZA==";
    let asked = fusion_core::model::chat::Request::new("m").user(prompt);
    let call = fusion_core::contract::Call::new(fusion_core::run::Os::current().unwrap());
    let said = recorder.complete(&call, &asked).await.unwrap().text();
    assert!(said.contains("sk-planted") && said.contains("key-of-the-settings"), "{said}");
    let written = std::fs::read_to_string(&file).unwrap();
    for secret in ["planted", "another-service", "of-the-engine", "of-the-settings", "dXNlcjpw"] {
        assert!(!written.contains(secret), "`{secret}` is in {written}");
    }
    // The same question finds its answer, whatever is known by then.
    let player = open(&format!("replay:{}", file.display()), &planted, settings).unwrap();
    let heard = player.complete(&call, &asked).await.unwrap().text();
    assert!(heard.contains("***") && !heard.contains("planted"), "{heard}");
}
