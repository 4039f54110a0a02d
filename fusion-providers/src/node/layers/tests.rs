//! Tests of the layers that files put over models: scripts that fail and answer, and a server that knows keys.
#![cfg(test)]

use std::sync::{Arc, Mutex};

use fusion_core::Fusion;
use fusion_core::contract::Env as _;
use fusion_core::error::Error;
use fusion_core::graph::file;
use fusion_core::model::chat::{Answer, Fault, FaultKind, Usage};
use fusion_core::run::Os;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::kit::Models;
use crate::{Keys, ModelStep, Scripted, Settings};

/// An engine whose files may ask these scripts.
async fn engine(scripts: Vec<(&str, Scripted)>) -> Fusion {
    let fusion = Fusion::open("memory://").await.unwrap();
    let models = Models::new(Os::current().unwrap(), Keys::new(|_| None), Settings::default());
    let models = models.keep_in(&fusion);
    for (name, script) in scripts {
        models.add(name, Arc::new(script));
    }
    fusion.register(ModelStep::of(models));
    fusion
}

async fn ask(fusion: &Fusion, node: &str) -> Result<Value, Error> {
    let yaml = format!(
        "fusion: 1\nname: w\nnodes:\n  a: {node}\noutputs: {{ said: \"{{{{ nodes.a }}}}\" }}\n"
    );
    let file = file::parse(&yaml, "w.yaml")?;
    let outputs: Value = fusion.start(&file.graph, json!({})).await?.result().await?;
    Ok(outputs["said"].clone())
}

fn answer(usage: u64) -> Answer {
    Answer { usage: Usage::new(usage, 0), ..Answer::text_of("m", "hello") }
}

#[tokio::test]
async fn another_model_answers_when_one_fails() {
    let down = || Fault::new(FaultKind::Overloaded, "too much to do");
    let first = Scripted::new("first").fault(down()).fault(down());
    let second = Scripted::new("second").fault(down());
    let third = Scripted::new("third").answer(answer(1)).answer(answer(1));
    let fusion = engine(vec![("first", first), ("second", second), ("third", third)]).await;
    let said = ask(&fusion, "{ model: { name: first, fallback: [second, third] }, with: x }").await;
    assert_eq!(said.unwrap()["text"], "hello");
    let said = ask(&fusion, "{ agent: { model: first, fallback: third }, with: x }").await;
    assert_eq!(said.unwrap()["text"], "hello");
}

#[tokio::test]
async fn what_a_file_may_spend_holds_over_runs() {
    let script = (0..3).fold(Scripted::new("s"), |script, _| script.answer(answer(100_000)));
    let fusion = engine(vec![("s", script)]).await;
    // A hundred thousand tokens at 3 dollars a million are 30 cents; the answer may be ten tokens at most.
    let node = "{ model: { name: s, max_output_tokens: 10, budget: { day: 0.50 }, price: { input: 3, output: 0 } }, with: x }";
    let said = ask(&fusion, node).await.unwrap();
    assert_eq!((&said["text"], &said["ended"]), (&json!("hello"), &json!("done")));
    assert_eq!(said["cost"], "0.3");
    ask(&fusion, node).await.unwrap();
    let said = ask(&fusion, node).await.unwrap();
    assert_eq!((&said["text"], &said["ended"]), (&json!(""), &json!("cost")), "{said}");
}

#[tokio::test]
async fn a_budget_wants_to_know_what_the_model_costs() {
    let fusion = engine(vec![("s", Scripted::new("s").answer(answer(1)))]).await;
    let error = ask(&fusion, "{ model: { name: s, budget: { run: 1 } }, with: x }").await;
    let told = format!("{:?}", error.unwrap_err());
    assert!(told.contains("costs: give its price"), "{told}");
}

#[tokio::test]
async fn a_rate_is_shared_through_the_store() {
    let fusion = engine(vec![("s", Scripted::new("s").answer(answer(1)).answer(answer(1)))]).await;
    let node = "{ model: { name: s, rate: { requests: 1000, account: team } }, with: x }";
    ask(&fusion, node).await.unwrap();
    let kept = fusion.store().list("gate", None, None, 10).await.unwrap().items;
    assert!(kept.iter().any(|document| document.id.contains("team")), "{kept:?}");
}

#[tokio::test]
async fn an_agent_whose_time_is_over_gives_what_there_is() {
    let slow = Scripted::new("s").after_ms(5_000).answer(answer(1));
    let fusion = engine(vec![("s", slow)]).await;
    let said = ask(&fusion, "{ agent: { model: s, time: 50ms }, with: x }").await.unwrap();
    assert_eq!((&said["text"], &said["ended"]), (&json!(""), &json!("time")), "{said}");
}

/// A server of OpenAI's protocol that knows one key; gives its URL, and the keys that it was shown.
async fn server(good: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let shown = Arc::new(Mutex::new(Vec::new()));
    let keys = shown.clone();
    Os::current().unwrap().spawn(Box::pin(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
                let mut part = [0; 4096];
                let count = stream.read(&mut part).await.unwrap();
                bytes.extend_from_slice(&part[..count]);
            }
            let head = String::from_utf8_lossy(&bytes).to_string();
            let key = head.split("Bearer ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let key = key.unwrap_or_default().to_owned();
            keys.lock().unwrap().push(key.clone());
            let (status, kind, body) = if key == good {
                let event = json!({"id": "1", "model": "m", "choices": [
                    {"index": 0, "delta": {"content": "hello"}, "finish_reason": "stop"}]});
                ("200 OK", "text/event-stream", format!("data: {event}\n\ndata: [DONE]\n\n"))
            } else {
                ("401 Unauthorized", "application/json", json!({"error": {"message": "no"}}).to_string())
            };
            let length = body.len();
            let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    }));
    (url, shown)
}

#[tokio::test]
async fn keys_take_turns_and_a_refused_one_rests() {
    let (url, shown) = server("key-that-is-good").await;
    let fusion = Fusion::open("memory://").await.unwrap();
    let keys = Keys::new(move |name| match name {
        "OPENAI_BASE_URL" => Some(url.clone()),
        "ONE" => Some("key-that-is-spent".to_owned()),
        "TWO" => Some("key-that-is-good".to_owned()),
        _ => None,
    });
    fusion.register(ModelStep::new(Os::current().unwrap(), keys).keep_in(&fusion));
    let node = "{ model: { name: \"openai:m\", keys: [ONE, TWO] }, with: x }";
    for _ in 0..2 {
        assert_eq!(ask(&fusion, node).await.unwrap()["text"], "hello");
    }
    let shown = shown.lock().unwrap().clone();
    assert_eq!(shown, ["key-that-is-spent", "key-that-is-good", "key-that-is-good"]);
    let missing = "{ model: { name: \"openai:m\", keys: [THREE] }, with: x }";
    let told = format!("{:?}", ask(&fusion, missing).await.unwrap_err());
    assert!(told.contains("set THREE"), "{told}");
}
