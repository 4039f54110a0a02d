//! An agent as a step.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::contract::{Agent, BoxFuture, Context, Desk, Env, Output, Step};
use crate::model::agent::Ask;
use crate::model::{Class, Failure, Payload};

/// What a step is given: by an `agent` node, or by any other.
#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Node { agent: Value, with: Ask },
    Plain(Ask),
}

/// An agent as a step, `agent:NAME`: the input is an [`Ask`] (a text is one), the output a reply.
pub struct AgentStep {
    /// The name under which `agent` nodes of workflow files find it.
    name: String,
    agent: Arc<dyn Agent>,
    env: Arc<dyn Env>,
}

impl AgentStep {
    /// Makes a step of an agent. `Fusion::agent` does it for a program.
    pub fn new(agent: Arc<dyn Agent>, env: Arc<dyn Env>) -> Self {
        Self { name: format!("agent:{}", agent.name()), agent, env }
    }
}

impl fmt::Debug for AgentStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "agent `{}`", self.agent.name())
    }
}

impl Step for AgentStep {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let (agent, desk) = (self.agent.clone(), Desk::new(ctx, self.env.clone()));
        Box::pin(async move {
            let wrong = |message: String| Failure::new(Class::DECODE, message);
            let given = input.decode().map_err(|_| {
                wrong("an agent takes a text, or `prompt` and `messages`".to_owned())
            })?;
            let ask = match given {
                Given::Plain(ask) => ask,
                Given::Node { agent: described, with } => {
                    let words = described.as_object().into_iter().flat_map(|map| map.keys());
                    if let Some(word) = words.into_iter().find(|word| *word != "program") {
                        return Err(wrong(format!(
                            "the agent `{}` takes no `{word}`",
                            agent.name()
                        )));
                    }
                    with
                }
            };
            let reply = agent.work(&desk, ask).await?;
            let payload = Payload::json(&reply).map_err(|error| {
                Failure::new(Class::DECODE, format!("the reply cannot be JSON: {error}"))
            })?;
            Ok(Output::Value(payload))
        })
    }
}
