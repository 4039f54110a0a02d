//! Questions to what a kit has made, as JSON: for the borders to other languages.

use std::sync::Arc;

use fusion_core::contract::{Agent as _, Call, Chunks, Desk, Provider};
use fusion_core::model::agent::{Ask, Reply};
use fusion_core::model::chat::{Chunk, Embed, Fault, FaultKind, Request};
use fusion_core::model::{Class, Failure};
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::make::Kit;

/// How many chunks are handed over at once at the most.
const MOST: usize = 256;

impl Kit {
    /// Asks a provider: `complete` a request, `embed` texts, or list its `models`. Gives `[answer, null]`, or `[null, fault]`.
    pub async fn ask(&self, call: &Call, number: u32, (op, asked): (&str, Value)) -> Value {
        match self.answer(call, number, (op, asked)).await {
            Ok(answer) => json!([answer, null]),
            Err(fault) => json!([null, fault]),
        }
    }

    async fn answer(
        &self,
        call: &Call,
        number: u32,
        (op, asked): (&str, Value),
    ) -> Result<Value, Fault> {
        let provider = self.provider(number)?;
        match op {
            "complete" => shown(provider.complete(call, &read::<Request>(asked)?).await?),
            "embed" => shown(provider.embed(call, &read::<Embed>(asked)?).await?),
            "models" => shown(provider.models(call).await?),
            other => {
                Err(Fault::new(FaultKind::InvalidRequest, format!("nobody knows how to `{other}`")))
            }
        }
    }

    /// Asks a provider for an answer as it comes.
    pub fn stream(&self, number: u32, asked: Value) -> Spoken {
        match self.provider(number) {
            Ok(provider) => Spoken::Asked(provider, asked),
            Err(fault) => Spoken::Refused(fault),
        }
    }

    /// Lets an agent work on a task: a text, or `prompt` and `messages`; for a program on the command line also `workspace` and
    /// `session`.
    ///
    /// # Errors
    /// As the agent's; `decode` for a task that is none, `error` when the number is not there.
    pub async fn work(&self, desk: &Desk, number: u32, task: Value) -> Result<Reply, Failure> {
        let Some(agent) = self.agent(number) else {
            return Err(Failure::error(format!("there is no agent {number}")));
        };
        let text = |field: &str| task.get(field).and_then(Value::as_str).map(str::to_owned);
        let agent = agent.placed(text("workspace"), text("session"))?;
        let task: Ask = serde_json::from_value(task).map_err(|_| {
            Failure::new(Class::DECODE, "an agent takes a text, or `prompt` and `messages`")
        })?;
        agent.work(desk, task).await
    }
}

/// An answer as it comes; dropping it ends the call.
pub enum Spoken {
    /// Nobody was asked yet.
    Asked(Arc<dyn Provider>, Value),
    /// Nobody can be asked.
    Refused(Fault),
    /// It comes.
    Open(Chunks),
    /// It has ended.
    Over,
}

impl std::fmt::Debug for Spoken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an answer as it comes")
    }
}

impl Spoken {
    /// Waits for the next chunks: `[chunks, fault or null]`, as many as there are; no chunks at the end.
    pub async fn next(&mut self, call: &Call) -> Value {
        let (chunks, fault) = self.batch(call).await;
        json!([chunks, fault])
    }

    async fn batch(&mut self, call: &Call) -> (Vec<Chunk>, Option<Fault>) {
        let mut batch = Vec::new();
        let mut chunks = match std::mem::replace(self, Self::Over) {
            Self::Over => return (batch, None),
            Self::Refused(fault) => return (batch, Some(fault)),
            Self::Open(chunks) => chunks,
            Self::Asked(provider, asked) => match begin(call, &*provider, asked).await {
                Ok(chunks) => chunks,
                Err(fault) => return (batch, Some(fault)),
            },
        };
        let mut next = chunks.next().await;
        loop {
            match next {
                Some(Ok(chunk)) => batch.push(chunk),
                Some(Err(fault)) => return (batch, Some(fault)),
                None => return (batch, None),
            }
            next = match chunks.next().now_or_never() {
                Some(more) if batch.len() < MOST => more,
                Some(Some(Ok(chunk))) => {
                    batch.push(chunk);
                    break;
                }
                Some(Some(Err(fault))) => return (batch, Some(fault)),
                Some(None) => return (batch, None),
                None => break,
            };
        }
        *self = Self::Open(chunks);
        (batch, None)
    }
}

async fn begin(call: &Call, provider: &dyn Provider, asked: Value) -> Result<Chunks, Fault> {
    provider.stream(call, &read::<Request>(asked)?).await
}

fn read<T: DeserializeOwned>(asked: Value) -> Result<T, Fault> {
    serde_json::from_value(asked).map_err(|error| {
        let message = format!("the request has a field that does not fit: {error}");
        Fault::new(FaultKind::InvalidRequest, message)
    })
}

pub(super) fn shown<T: Serialize>(value: T) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|error| {
        Fault::new(FaultKind::Malformed, format!("what came cannot be JSON: {error}"))
    })
}
