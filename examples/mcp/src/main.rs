//! An agent that adds numbers with a tool of a server that somebody else wrote.
//!
//! `tool-servers PROGRAM [ARGUMENT...]` starts the server, `tool-servers URL` asks one over HTTP. With `MODEL` set to
//! `PROVIDER:MODEL` a real model decides; without it a script does.
#![expect(clippy::print_stdout, reason = "what it says is for the terminal")]

use std::error::Error;
use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::agent::LlmAgent;
use fusion_core::contract::{Env, Provider};
use fusion_core::model::Graph;
use fusion_core::model::agent::Reply;
use fusion_core::model::chat::{Answer, Part, ToolCall, ToolResult};
use fusion_core::run::Os;
use fusion_providers::mcp::{Mcp, Program};
use fusion_providers::{Keys, Scripted, Settings, open};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Outputs {
    reply: Reply,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let server = match words.first() {
        Some(url) if url.starts_with("http") => Mcp::http("all", url.as_str(), None),
        Some(_) => Mcp::program("all", Program::new(words)),
        None => return Err("name a program that is a server, or the URL of one".into()),
    };
    let env: Arc<dyn Env> = Os::current().ok_or("there is no runtime")?;
    let tools = server.tools(env, &["get-sum", "echo"]).await?;
    for tool in &tools {
        println!("{}: {}", tool.about().name, tool.about().description);
    }

    let agent = LlmAgent::new("clerk", model()?).keep_messages();
    let agent = agent.system("Use the tools. Answer in one sentence.");
    let agent = tools.into_iter().fold(agent, LlmAgent::tool);
    let store = variable("FUSION_STORE").unwrap_or_else(|| "memory://".to_owned());
    let fusion = Fusion::open(&store).await?;
    let clerk = fusion.agent(agent);
    let graph = Graph::new("sum")
        .node("sum", clerk.with("What is 17 + 25?"))
        .output("reply", "{{ nodes.sum }}");
    let Outputs { reply } = fusion.start(&graph, json!({})).await?.result().await?;
    for part in reply.messages.iter().flat_map(|message| &message.parts) {
        if let Part::Result(ToolResult { name, parts, .. }) = part {
            println!("{name} said: {parts:?}");
        }
    }
    println!("{} ({} turns)", reply.text, reply.turns);
    fusion.close().await?;
    Ok(())
}

/// Gives the model that `MODEL` names, or a script of what one would say.
fn model() -> Result<Arc<dyn Provider>, Box<dyn Error>> {
    if let Some(name) = variable("MODEL") {
        println!("asking {name}");
        let keys = Keys::new(variable);
        return Ok(open(&name, &keys, Settings::default())?);
    }
    println!("following a script: set MODEL to ask a model");
    let add = ToolCall::new("1", "all_get-sum", json!({"a": 17, "b": 25}).to_string());
    let calls = Answer { parts: vec![Part::Call(add)], ..Answer::text_of("script", "") };
    Ok(Arc::new(
        Scripted::new("script").answer(calls).answer(Answer::text_of("script", "It is 42.")),
    ))
}

#[expect(clippy::disallowed_methods, reason = "a program may read its own environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
