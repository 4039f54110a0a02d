//! Tests of `model` nodes against a server on this machine.
#![cfg(test)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fusion_core::Fusion;
use fusion_core::graph::file;
use fusion_core::model::chat::{Answer, Part, ToolCall};
use fusion_core::run::Os;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::Scripted;
use crate::scripted::Asked;

/// A server of OpenAI's protocol that answers with the last thing it was told, in a stream; gives its URL.
async fn server(asked: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    Os::current().unwrap().spawn(Box::pin(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let body = loop {
                let mut part = [0; 4096];
                let count = stream.read(&mut part).await.unwrap();
                bytes.extend_from_slice(&part[..count]);
                let text = String::from_utf8_lossy(&bytes);
                let Some((_, body)) = text.split_once("\r\n\r\n") else { continue };
                if let Ok(body) = serde_json::from_str::<Value>(body) {
                    break body;
                }
            };
            asked.fetch_add(1, Ordering::SeqCst);
            let said = body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
            let said = said.as_str().map_or_else(|| said[0]["text"].clone(), Value::from);
            let event = json!({"id": "1", "model": "m", "choices": [
                {"index": 0, "delta": {"content": said}, "finish_reason": "stop"}]});
            let body = format!("data: {event}\n\ndata: [DONE]\n\n");
            let head =
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    }));
    url
}

async fn run(yaml: &str, url: &str) -> Result<Value, fusion_core::error::Error> {
    let fusion = Fusion::open("memory://").await.unwrap();
    let url = url.to_owned();
    let keys = Keys::new(move |name| (name == "OPENAI_BASE_URL").then(|| url.clone()));
    fusion.register(ModelStep::new(Os::current().unwrap(), keys));
    let file = file::parse(yaml, "w.yaml")?;
    fusion.start(&file.graph, json!({})).await.unwrap().result().await
}

#[tokio::test]
async fn a_file_asks_a_model() {
    let asked = Arc::new(AtomicUsize::new(0));
    let url = server(asked.clone()).await;
    let yaml = r#"
fusion: 1
name: ask
nodes:
  short: { model: "openai:m", with: "Hello" }
  long:
    model: { name: "openai:m", system: "Be exact.", temperature: 0 }
    with: { prompt: "{\"heard\": \"{{ nodes.short.text }}\"}", schema: { type: object } }
outputs:
  short: "{{ nodes.short.text }}"
  long: "{{ nodes.long.result }}"
"#;
    let outputs = run(yaml, &url).await.unwrap();
    assert_eq!(outputs, json!({"short": "Hello", "long": {"heard": "Hello"}}));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_wrong_with_a_node_is_said() {
    for (node, told) in [
        ("{ model: \"openia:m\", with: x }", "did you mean `openai`?"),
        ("{ model: \"anthropic\", with: x }", "set ANTHROPIC_API_KEY"),
        ("{ model: { name: openai, temprature: 1 }, with: x }", "did you mean `temperature`?"),
        ("{ model: openai, with: { promt: x } }", "did you mean `prompt`?"),
        ("{ model: openai }", "`with` is a text, or a map with `prompt`"),
    ] {
        let yaml = format!("fusion: 1\nname: w\nnodes:\n  a: {node}\n");
        let error = run(&yaml, "http://127.0.0.1:9/v1").await.unwrap_err();
        assert!(format!("{error:?}").contains(told), "{node}: {error:?}");
    }
}

/// Runs a file whose agents are answered by a script, `script`.
async fn scripted(
    script: Scripted,
    yaml: &str,
    inputs: Value,
) -> Result<Value, fusion_core::error::Error> {
    let fusion = Fusion::open("memory://").await.unwrap();
    let models = Models::new(Os::current().unwrap(), Keys::new(|_| None), Settings::default());
    models.add("script", Arc::new(script));
    fusion.register(ModelStep::of(models));
    let file = file::parse(yaml, "w.yaml")?;
    fusion.start(&file.graph, inputs).await.unwrap().result().await
}

#[tokio::test]
async fn a_file_describes_an_agent_with_tools() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "in the file").unwrap();
    let call = |name: &str, arguments: Value| {
        let call = ToolCall::new(name, name, arguments.to_string());
        Answer { parts: vec![Part::Call(call)], ..Answer::text_of("m", "") }
    };
    let script = Scripted::new("script")
        .answer(call("src_read_file", json!({"path": "a.txt"})))
        .answer(call("run_command", json!({"command": ["cat", "a.txt"]})))
        .answer(call("run_command", json!({"command": ["rm", "a.txt"]})))
        .answer(call("fetch_url", json!({"url": "http://169.254.169.254/"})))
        .answer(Answer::text_of("m", "{\"n\": 1}"));
    let yaml = r#"
fusion: 1
name: w
inputs: { folder: { type: string } }
nodes:
  read:
    agent:
      model: "script:m"
      name: reader
      system: "You read {{ inputs.folder }}."
      turns: 5
      cost: 0.5
      price: { input: 0, output: 0 }
      tools:
        - { workspace: "{{ inputs.folder }}", name: src }
        - { command: [cat], timeout: 10s, env: { N: 1 } }
        - { http: ["*"], timeout: 5s }
    with: { prompt: "Read.", schema: { type: object } }
outputs: { agent: "{{ nodes.read.agent }}", result: "{{ nodes.read.result }}" }
"#;
    let folder = folder.path().to_str().unwrap();
    let outputs = scripted(script.clone(), yaml, json!({"folder": folder})).await.unwrap();
    assert_eq!(outputs, json!({"agent": "reader", "result": {"n": 1}}));
    let Some(Asked::Chat(last)) = script.asked().pop() else { panic!("a question") };
    assert_eq!(last.messages[0].text(), format!("You read {folder}."));
    let names: Vec<&str> = last.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(
        names,
        ["src_list_files", "src_read_file", "src_search_files", "run_command", "fetch_url"]
    );
    let results = last.messages.iter().flat_map(|message| &message.parts);
    let told: Vec<String> = results
        .filter_map(|part| match part {
            Part::Result(result) => Some(result.parts.iter().filter_map(Part::as_text).collect()),
            _ => None,
        })
        .collect();
    assert_eq!(told[0], "in the file");
    assert_eq!(told[1], "exit code 0\n--- stdout\nin the file");
    assert!(
        told[2].contains("the policy does not allow `rm a.txt`. Allowed: `cat *`."),
        "{}",
        told[2]
    );
    assert!(told[3].contains("only public addresses"), "{}", told[3]);
}

#[tokio::test]
async fn what_is_wrong_with_an_agent_is_said() {
    for (agent, told) in [
        (
            "{ model: script, tools: [{ workspace: /nowhere/at/all }] }",
            "/nowhere/at/all cannot be opened",
        ),
        (
            "{ model: script, tools: [{ workspace: . }, { workspace: . }] }",
            "`agent.tools[1]` has tools of the same names as another workspace",
        ),
        (
            "{ model: script, tools: [{ http: [a], write: true }] }",
            "tools of a `http` have no `write`",
        ),
        ("{ model: script, tools: [{ http: ['https://a/'] }] }", "names no host"),
        (
            "{ model: script, tools: [{ command: [cat] }, { command: [git] }] }",
            "two tools are called `run_command`",
        ),
        ("{ model: script, tools: [{ mcp: [x] }] }", "needs a `name`, and `allow`"),
        ("{ model: script, tools: [{ memory: a }] }", "no store here to remember"),
        ("{ model: script, cost: much }", "`agent.cost`: an amount of US dollars"),
        ("{ model: script, cost: \"{{ 'much' }}\" }", "an amount of US dollars"),
        ("{ model: script, budget: { run: 1 } }", "no store here in which a `rate` or a `budget`"),
        (
            "{ model: script, rate: { requests: 0 } }",
            "`agent.rate.requests` must be a whole number",
        ),
    ] {
        let yaml = format!("fusion: 1\nname: w\nnodes:\n  a: {{ agent: {agent}, with: x }}\n");
        let error = scripted(Scripted::new("script"), &yaml, json!({})).await.unwrap_err();
        assert!(error.to_string().contains(told), "{agent}: {error}");
    }
}
