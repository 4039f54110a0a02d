//! Tests of the agent's loop: what is recorded is not done again, and no limit loses what there is.
#![cfg(test)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Limits, LlmAgent, Tool};
use crate::contract::{About, Agent, Attempt, Call, Context, Desk, Env, Provider};
use crate::model::agent::{Ask, Ended, Reply};
use crate::model::chat::{
    Answer, Fault, FaultKind, Finish, Message, Part, Price, Request, Role, ToolCall, Usage, Usd,
};
use crate::model::{Class, Failure, Payload, RunId};
use crate::run::Os;

mod crash;
mod limit;
mod talk;

/// A provider that follows a plan, and remembers what it was asked.
#[derive(Debug, Clone, Default)]
struct Plan {
    name: &'static str,
    answers: Arc<Mutex<VecDeque<Result<Answer, Fault>>>>,
    asked: Arc<Mutex<Vec<(String, Request)>>>,
}

impl Plan {
    fn of(answers: impl IntoIterator<Item = Result<Answer, Fault>>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { name: "plan", answers, asked: Arc::default() }
    }

    fn requests(&self) -> Vec<Request> {
        self.asked.lock().unwrap().iter().map(|(_, request)| request.clone()).collect()
    }
}

#[async_trait]
impl Provider for Plan {
    fn name(&self) -> &str {
        self.name
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        call.check()?;
        self.asked.lock().unwrap().push((call.key().to_owned(), request.clone()));
        self.answers.lock().unwrap().pop_front().expect("nobody planned this call")
    }
}

/// The memos of a body, which outlive its attempts, and a crash before one of them.
#[derive(Debug, Default)]
pub(super) struct Body {
    memos: Mutex<BTreeMap<String, Payload>>,
    /// How many may still be saved in this attempt.
    left: AtomicU64,
}

impl Body {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { memos: Mutex::default(), left: u64::MAX.into() })
    }
}

#[async_trait]
impl Attempt for Body {
    fn about(&self) -> About {
        About {
            run: RunId::new("r").unwrap(),
            node: "n".into(),
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
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_err()
        {
            return Err(Failure::new(Class::from("crash"), "crash"));
        }
        let before = self.memos.lock().unwrap().insert(name.to_owned(), value);
        assert_eq!(before, None, "`{name}` was saved twice");
        Ok(())
    }

    fn beat(&self, _progress: Option<Value>) {}

    fn is_cancelled(&self) -> bool {
        false
    }

    async fn cancelled(&self) {
        std::future::pending::<()>().await;
    }
}

async fn ask(agent: &LlmAgent, body: &Arc<Body>, prompt: &str) -> Result<Reply, Failure> {
    let env: Arc<dyn Env> = Os::new().unwrap();
    agent.work(&Desk::new(Context::new(body.clone()), env), Ask::new(prompt)).await
}

#[expect(clippy::unnecessary_wraps, reason = "plans hold faults beside answers")]
fn says(text: &str) -> Result<Answer, Fault> {
    Ok(Answer { usage: Usage::new(10, 5), ..Answer::text_of("m", text) })
}

/// An answer that calls tools: name and arguments.
#[expect(clippy::unnecessary_wraps, reason = "plans hold faults beside answers")]
fn calls(all: &[(&str, &str)]) -> Result<Answer, Fault> {
    let call = |(index, (name, arguments)): (usize, &(&str, &str))| {
        Part::Call(ToolCall::new(format!("c{index}"), *name, *arguments))
    };
    let parts = all.iter().enumerate().map(call).collect();
    let usage = Usage::new(10, 5);
    Ok(Answer { parts, usage, finish: Finish::ToolCalls, model: "m".into(), ..Answer::default() })
}

#[derive(serde::Deserialize)]
struct Pair {
    a: i64,
    b: i64,
}

fn add() -> Tool {
    Tool::new("add", "Adds.", |pair: Pair| async move { Ok(pair.a + pair.b) })
}

fn no_arguments(
    name: &str,
    body: impl Fn() -> Result<Value, Failure> + Send + Sync + 'static,
) -> Tool {
    Tool::new(name, "", move |_: Value| std::future::ready(body()))
}

/// What the model was told of its calls: the text of each result, and whether it is an error.
fn told(message: &Message) -> Vec<(String, bool)> {
    assert_eq!(message.role, Role::Tool);
    let one = |part: &Part| match part {
        Part::Result(result) => {
            (result.parts.iter().filter_map(Part::as_text).collect(), result.is_error)
        }
        other => panic!("{other:?}"),
    };
    message.parts.iter().map(one).collect()
}
