//! An agent that uses tools as it is told, and a body that may crash.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use fusion_core::agent::{LlmAgent, Tool};
use fusion_core::contract::{About, Agent, Attempt, Context, Desk, Env};
use fusion_core::model::agent::Ask;
use fusion_core::model::chat::{Answer, Finish, Part, ToolCall, ToolResult};
use fusion_core::model::{Failure, Payload, RunId};
use fusion_core::run::Os;
use fusion_providers::Scripted;
use serde_json::Value;

/// What outlives an attempt.
#[derive(Debug, Default)]
pub(crate) struct Body {
    memos: Mutex<BTreeMap<String, Payload>>,
    /// What cannot be saved, once: there the process dies.
    pub(crate) dies_at: Mutex<Option<String>>,
    pub(crate) cancelled: AtomicBool,
    wakes: tokio::sync::Notify,
}

impl Body {
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.wakes.notify_waiters();
    }
}

#[async_trait]
impl Attempt for Body {
    fn about(&self) -> About {
        About {
            run: RunId::new("run-1").unwrap(),
            node: "node".into(),
            attempt: 1,
            epoch: 1,
            idempotency_key: "key".into(),
            feedback: None,
        }
    }

    fn recall(&self, name: &str) -> Option<Payload> {
        self.memos.lock().unwrap().get(name).cloned()
    }

    async fn save(&self, name: &str, value: Payload) -> Result<(), Failure> {
        if self.dies_at.lock().unwrap().take_if(|at| at == name).is_some() {
            return Err(Failure::error("killed"));
        }
        self.memos.lock().unwrap().insert(name.to_owned(), value);
        Ok(())
    }

    fn beat(&self, _progress: Option<Value>) {}

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    async fn cancelled(&self) {
        let woken = self.wakes.notified();
        if !self.is_cancelled() {
            woken.await;
        }
    }
}

/// The world.
pub(crate) fn env() -> Arc<dyn Env> {
    Os::current().unwrap()
}

/// What a tool said; the error is what it said is wrong.
pub(crate) type Told = Result<String, String>;

/// Lets an agent use tools, all calls of one list at once, and gives what each said.
pub(crate) async fn turns(
    body: &Arc<Body>,
    tools: &[Tool],
    turns: &[&[(&str, Value)]],
) -> Result<Vec<Told>, Failure> {
    let mut script = Scripted::new("script");
    let asked = |(turn, _): &(usize, _)| body.recall(&format!("turn/{turn}")).is_none();
    for (turn, calls) in turns.iter().enumerate().filter(asked) {
        let call = |(index, (name, arguments)): (usize, &(&str, Value))| {
            Part::Call(ToolCall::new(format!("{turn}-{index}"), *name, arguments.to_string()))
        };
        let parts = calls.iter().enumerate().map(call).collect();
        script =
            script.answer(Answer { parts, finish: Finish::ToolCalls, ..Answer::text_of("m", "") });
    }
    let agent = LlmAgent::new("hands", script.answer(Answer::text_of("m", "done"))).keep_messages();
    let agent = agent.tools(tools.iter().cloned());
    let desk = Desk::new(Context::new(body.clone()), env());
    let reply = agent.work(&desk, Ask::new("go")).await?;
    let parts = reply.messages.into_iter().flat_map(|message| message.parts);
    let told = parts.filter_map(|part| match part {
        Part::Result(ToolResult { parts, is_error, .. }) => {
            let text: String = parts.iter().filter_map(Part::as_text).collect();
            Some(if is_error { Err(text) } else { Ok(text) })
        }
        _ => None,
    });
    Ok(told.collect())
}

/// Uses one tool once.
pub(crate) async fn once(tools: &[Tool], name: &str, arguments: Value) -> Told {
    let told = turns(&Arc::default(), tools, &[&[(name, arguments)]]).await.unwrap();
    told.into_iter().next().unwrap()
}
