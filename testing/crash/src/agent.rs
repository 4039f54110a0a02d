//! An agent of twenty turns, whose model and tool write a line as they are asked and one as they answer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fusion_core::agent::{LlmAgent, Tool};
use fusion_core::contract::{About, BoxFuture, Call, Context, Output, Provider, Step};
use fusion_core::model::chat::{
    self, Answer, Fault as ChatFault, FaultKind, Finish, Part, Request, Role, ToolCall,
};
use fusion_core::model::{Failure, Graph, Payload, RunId};
use fusion_core::run::Os;
use fusion_core::{Fusion, Starting};
use serde_json::Value;

use crate::Fault;
use crate::ledger::{Ledger, What};

/// How many turns the agent takes; all but the last use the tool.
pub const TURNS: usize = 20;
/// The run.
pub const RUN: &str = "talk";

/// How long an answer takes, so that a kill finds some under way.
const ANSWER: Duration = Duration::from_millis(1);

/// Starts or finds the run of the agent and waits for its end; dies right after a line of the ledger, unless it is 0.
///
/// # Errors
/// Whatever the engine or the ledger says.
pub async fn work(store: PathBuf, ledger: PathBuf, die_at: u64) -> Result<(), Fault> {
    let env = Os::current().ok_or("no runtime")?;
    let ledger = Arc::new(Ledger::new(ledger, env, (die_at > 0).then_some(die_at)));
    let fusion = Fusion::open(&format!("sqlite://{}", store.display())).await?;
    let note =
        Tool::of_step(chat::Tool::new("note", "Writes a note."), Arc::new(Note(ledger.clone())));
    let agent = fusion.agent(LlmAgent::new("agent", Model(ledger)).tool(note));
    fusion.recover().await?;
    let graph = Graph::new("talk")
        .node("agent", agent.with("Take notes."))
        .output("said", "{{ nodes.agent.turns }}: {{ nodes.agent.text }}");
    let starting = Starting { id: Some(RunId::new(RUN)?), ..Starting::default() };
    let outputs: BTreeMap<String, String> =
        fusion.start_with(&graph, starting).await?.result().await?;
    if outputs.get("said") != Some(&format!("{TURNS}: all noted")) {
        return Err(format!("another reply: {outputs:?}").into());
    }
    fusion.close().await?;
    Ok(())
}

/// The model: asks for a note in each turn, and tells the turn by what was said before.
#[derive(Debug)]
struct Model(Arc<Ledger>);

#[async_trait]
impl Provider for Model {
    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, ChatFault> {
        let turn = request.messages.iter().filter(|one| one.role == Role::Assistant).count();
        let part = format!("#ask-{turn:02}");
        let wrong = |fault: Fault| ChatFault::new(FaultKind::Transport, fault.to_string());
        let about = about(call.for_whom().run.as_deref().unwrap_or_default()).map_err(wrong)?;
        self.0.write(&about, &part, What::Entered).map_err(wrong)?;
        call.sleep_ms(1).await?;
        self.0.write(&about, &part, What::Left).map_err(wrong)?;
        if turn + 1 == TURNS {
            return Ok(Answer::text_of("m", "all noted"));
        }
        let note = ToolCall::new(format!("c{turn}"), "note", format!("{{\"turn\":{turn}}}"));
        Ok(Answer { parts: vec![Part::Call(note)], finish: Finish::ToolCalls, ..Answer::default() })
    }
}

fn about(run: &str) -> Result<About, Fault> {
    Ok(About {
        run: RunId::new(run)?,
        node: "agent".into(),
        attempt: 0,
        epoch: 0,
        idempotency_key: String::new(),
        feedback: None,
    })
}

/// The tool.
#[derive(Debug)]
struct Note(Arc<Ledger>);

impl Step for Note {
    fn name(&self) -> &'static str {
        "note"
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let ledger = self.0.clone();
        Box::pin(async move {
            let input: Value = input.decode()?;
            let turn = input.get("turn").and_then(Value::as_u64).unwrap_or(99);
            let part = format!("#tool-{turn:02}");
            let wrong = |fault: Fault| Failure::error(fault.to_string());
            ledger.write(&ctx.about(), &part, What::Entered).map_err(wrong)?;
            rest().await;
            ledger.write(&ctx.about(), &part, What::Left).map_err(wrong)?;
            Ok(Output::Value(Payload::value(&"noted".into())))
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a tool is outside of the engine's world")]
async fn rest() {
    tokio::time::sleep(ANSWER).await;
}
