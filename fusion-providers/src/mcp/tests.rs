//! Servers that misbehave, and a small one written in shell; `examples/mcp` asks one that we did not write.
#![cfg(test)]

use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::agent::LlmAgent;
use fusion_core::contract::Env;
use fusion_core::model::chat::{Answer, Part, ToolCall};
use fusion_core::model::{Class, Graph};
use fusion_core::run::Os;
use serde_json::{Value, json};

use super::server::fits;
use super::{Mcp, Program};
use crate::{Key, Scripted};

fn env() -> Arc<dyn Env> {
    Os::current().unwrap()
}

fn shell(script: &str) -> Mcp {
    Mcp::program(
        "test",
        Program::new(["sh", "-c", script]).variable("TOKEN", Key::new("very-secret")),
    )
}

#[test]
fn one_star_stands_for_anything() {
    for (pattern, name, holds) in [
        ("*", "", true),
        ("read_*", "read_file", true),
        ("read_*", "read", false),
        ("*_file", "read_file", true),
        ("a*a", "a", false),
        ("a*a", "aa", true),
        ("read", "read_file", false),
        ("", "x", false),
    ] {
        assert_eq!(fits(pattern, name), holds, "{pattern} {name}");
    }
}

#[tokio::test]
async fn what_is_no_server_is_told_apart() {
    let none = Mcp::program("none", Program::new(["no-such-program-anywhere"]));
    let failure = none.tools(env(), &["*"]).await.unwrap_err();
    assert_eq!(failure.class, Class::SPAWN, "{failure}");
    assert!(failure.message.contains("`no-such-program-anywhere` cannot be started"), "{failure}");

    let empty = Mcp::program("empty", Program::new(Vec::<String>::new()));
    assert_eq!(empty.tools(env(), &["*"]).await.unwrap_err().class, Class::SPAWN);

    let ends = shell("echo no token $TOKEN >&2; exit 3");
    let failure = ends.tools(env(), &["*"]).await.unwrap_err();
    assert_eq!(&*failure.class.0, "transport", "{failure}");

    let garbage = shell("while read line; do echo not json at all; done").connect_ms(1_500);
    assert_eq!(garbage.tools(env(), &["*"]).await.unwrap_err().class, Class::TIMEOUT);

    let closed = Mcp::http("closed", "http://127.0.0.1:9/mcp", Some(Key::new("very-secret")));
    let failure = closed.tools(env(), &["*"]).await.unwrap_err();
    assert_eq!(&*failure.class.0, "transport", "{failure}");
    assert!(!format!("{failure:?}").contains("very-secret"), "{failure:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_only_so_long() {
    let silent = shell("echo warming up with $TOKEN >&2; exec sleep 600").connect_ms(4_000);
    let failure = silent.tools(env(), &["*"]).await.unwrap_err();
    assert_eq!(failure.class, Class::TIMEOUT);
    let said = failure.detail.clone().unwrap_or_default();
    assert_eq!(said, "warming up with ***", "{failure:?}");
}

/// A server with three tools: `fails` says what is wrong, `dies` ends the server, `says` answers in several ways.
const SERVER: &str = r#"
while read -r line; do
    id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
    answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
    tool() { printf '{"name":"%s","inputSchema":{"type":"object"}}' "$1"; }
    case $line in
        *'"initialize"'*) answer '{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}' ;;
        *'"tools/list"'*) answer "{\"tools\":[$(tool fails),$(tool dies),$(tool says),$(tool hidden)]}" ;;
        *'"fails"'*) answer "{\"isError\":true,\"content\":[{\"type\":\"text\",\"text\":\"no, $TOKEN\"}]}" ;;
        *'"dies"'*) exit 1 ;;
        *'"says"'*) answer '{"content":[{"type":"text","text":"a of '"$TOKEN"'"},{"type":"image","data":"","mimeType":"image/png"}]}' ;;
        *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id" ;;
    esac
done"#;

#[tokio::test]
async fn what_a_tool_says_reaches_the_model_also_after_its_server_died() {
    let tools = shell(SERVER).tools(env(), &["fails", "dies", "s*"]).await.unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool.about().name.as_str()).collect();
    assert_eq!(names, ["test_fails", "test_dies", "test_says"]);

    let mut script = Scripted::new("script");
    for name in names {
        let call = ToolCall::new("1", name, "{}");
        script = script.answer(Answer { parts: vec![Part::Call(call)], ..Answer::default() });
    }
    let agent = LlmAgent::new("a", script.answer(Answer::text_of("m", "done"))).keep_messages();
    let agent = tools.into_iter().fold(agent, LlmAgent::tool);
    let fusion = Fusion::open("memory://").await.unwrap();
    let node = fusion.agent(agent).with("Go.");
    let graph = Graph::new("g").node("a", node).output("said", "{{ nodes.a }}");
    let reply: Value = fusion.start(&graph, json!({})).await.unwrap().result().await.unwrap();
    let messages = reply["said"]["messages"].as_array().unwrap();
    let told: Vec<String> = messages
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| message["parts"].to_string())
        .collect();
    assert_eq!(told.len(), 3, "{messages:?}");
    assert!(told[0].contains("no, ***"), "{told:?}");
    assert!(told[1].contains("nobody knows whether the tool did its work"), "{told:?}");
    assert!(told[2].contains("a of ***\\n[a picture (image/png), which is not shown]"), "{told:?}");
    assert!(!told.concat().contains("very-secret"), "{told:?}");
}

#[tokio::test]
async fn a_pattern_that_fits_no_tool_names_the_nearest() {
    let failure = shell(SERVER).tools(env(), &["says", "failz"]).await.unwrap_err();
    assert_eq!(failure.class, Class::VALIDATION);
    assert!(failure.message.ends_with("fits `failz`; did you mean `fails`?"), "{failure}");
}
