//! The `model` nodes of workflow files, and their agents: a step that asks a model by the name of its provider.

use std::fmt;
use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::agent::LlmAgent;
use fusion_core::contract::{Agent, BoxFuture, Context, Desk, Env, Output, Provider, Step};
use fusion_core::model::agent::Ask;
use fusion_core::model::chat::{Message, Sampling};
use fusion_core::model::{Class, Failure, Payload};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::described::Described;
use self::layers::Layers;
use crate::kit::Models;
use crate::{Keys, Settings};

/// The step behind the `model` nodes of workflow files. Register it and files may ask models:
///
/// ```yaml
/// draft:
///   model: "openai:gpt-4o-mini"          # or {name: ..., system: ..., temperature: ..., max_output_tokens: ...}
///   with: { prompt: "A line on {{ inputs.topic }}." }
/// ```
///
/// An agent that a file describes is asked here, too: `agent: {model: ..., system: ..., tools: [{workspace: ./src}]}`.
///
/// The output is a [`Reply`](fusion_core::model::agent::Reply): `text`, `result` when a `schema` was asked for, `usage`, `cost`.
/// The answer is recorded once; after a crash it is not asked for again. `local` is what listens on this machine.
///
/// ```
/// use fusion_core::{Fusion, run::Os};
/// use fusion_providers::{Keys, ModelStep};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let fusion = Fusion::open("memory://").await?;
/// let env = Os::current().ok_or("no runtime")?;
/// fusion.register(ModelStep::new(env, Keys::new(|name| std::env::var(name).ok())));
/// # Ok(())
/// # }
/// # Os::new()?.handle().block_on(example())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ModelStep(Models);

impl ModelStep {
    /// Makes the step; keys are looked up when a node names their provider first.
    pub fn new(env: Arc<dyn Env>, keys: Keys) -> Self {
        Self::with(env, keys, Settings::default())
    }

    /// Makes the step as [`ModelStep::new`] does; every provider is opened with these settings, and so with their plugins.
    pub fn with(env: Arc<dyn Env>, keys: Keys, settings: Settings) -> Self {
        Self(Models::new(env, keys, settings))
    }

    /// Lets what files say of budgets, rates and memories be kept in the store of an engine. Without it they are refused.
    #[must_use]
    pub fn keep_in(self, engine: &Fusion) -> Self {
        Self(self.0.keep_in(engine))
    }

    /// Makes the step with providers that a program has added by name.
    pub fn of(models: Models) -> Self {
        Self(models)
    }
}

impl fmt::Debug for ModelStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("models")
    }
}

/// What a node says: `model` or `agent`, and `with`.
#[derive(Deserialize)]
struct Node {
    #[serde(default)]
    model: Value,
    #[serde(default)]
    agent: Option<Value>,
    #[serde(default)]
    with: Value,
}

/// The model of a node.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    name: String,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default)]
    top_p: Option<f64>,
    #[serde(default)]
    seed: Option<i64>,
    #[serde(default)]
    max_output_tokens: Option<u32>,
}

/// What it is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct With {
    prompt: String,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    messages: Vec<Message>,
    #[serde(default)]
    schema: Option<Value>,
}

/// Reads a map, or a text that stands for its one necessary field.
pub(crate) fn either<T: DeserializeOwned>(
    what: &str,
    field: &str,
    value: Value,
) -> Result<T, Failure> {
    let value = if value.is_string() { json!({field: value}) } else { value };
    let wrong = |error: serde_json::Error| {
        let message = format!("`{what}` is a text, or a map with `{field}`: {error}");
        Failure::new(Class::DECODE, message)
    };
    serde_json::from_value(value).map_err(wrong)
}

impl Step for ModelStep {
    fn name(&self) -> &'static str {
        "model"
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let models = self.0.clone();
        Box::pin(async move {
            let node: Node = input.decode()?;
            let with: With = either("with", "prompt", node.with)?;
            let desk = Desk::new(ctx, models.env().clone());
            let call = desk.call("model", "open");
            let agent = if let Some(mut agent) = node.agent {
                let layers = Layers::take(&mut agent)?;
                let described: Described = either("agent", "model", agent)?;
                let provider = layers.over(&models, (&call, &described.model)).await?;
                described.agent(models.ground(), (provider, layers.price())).await?
            } else {
                let mut model = node.model;
                let layers = Layers::take(&mut model)?;
                let model: Model = either("model", "name", model)?;
                let agent = agent(layers.over(&models, (&call, &model.name)).await?, model);
                match layers.price() {
                    Some(price) => agent.price(price),
                    None => agent,
                }
            };
            let agent = finish(agent, &with);
            let ask = Ask { prompt: with.prompt, messages: with.messages, ..Ask::default() };
            let reply = agent.work(&desk, ask).await?;
            Ok(Output::Value(Payload::json(&reply)?))
        })
    }
}

fn agent(provider: Arc<dyn Provider>, model: Model) -> LlmAgent {
    let sampling = Sampling {
        temperature: model.temperature,
        top_p: model.top_p,
        seed: model.seed,
        max_output_tokens: model.max_output_tokens,
        ..Sampling::default()
    };
    let agent = LlmAgent::new("model", provider).sampling(sampling);
    match model.system {
        Some(system) => agent.system(system),
        None => agent,
    }
}

/// Adds what a node asks for.
fn finish(agent: LlmAgent, with: &With) -> LlmAgent {
    let agent = match with.system.clone() {
        Some(system) => agent.system(system),
        None => agent,
    };
    match with.schema.clone() {
        Some(schema) => agent.result(schema),
        None => agent,
    }
}

mod described;
mod layers;

#[cfg(test)]
mod tests;
