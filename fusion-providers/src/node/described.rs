//! The agents that workflow files describe: a model with instructions and tools.

use std::sync::Arc;

use fusion_core::agent::{Limits, LlmAgent};
use fusion_core::contract::{Desk, Provider};
use fusion_core::model::chat::{Sampling, Usd};
use fusion_core::model::{Class, Failure};
use serde::Deserialize;
use serde_json::Value;

use crate::tools::{self, ToolsSpec};

/// What a file says of an agent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Described {
    pub(super) model: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    tools: Vec<ToolsSpec>,
    #[serde(default)]
    turns: Option<u32>,
    #[serde(default)]
    cost: Option<Value>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default)]
    max_output_tokens: Option<u32>,
}

impl Described {
    /// Makes the agent, with its tools.
    ///
    /// # Errors
    /// Of class `decode` for money that is none, and as its tools.
    pub(super) async fn agent(
        self,
        desk: &Desk,
        provider: Arc<dyn Provider>,
    ) -> Result<LlmAgent, Failure> {
        let usual = Limits::default();
        let cost = self.cost.as_ref().map(money).transpose()?;
        let limits = Limits {
            turns: self.turns.unwrap_or(usual.turns),
            cost: cost.unwrap_or(usual.cost),
            ..usual
        };
        let sampling = Sampling {
            temperature: self.temperature,
            max_output_tokens: self.max_output_tokens,
            ..Sampling::default()
        };
        let name = self.name.unwrap_or_else(|| "agent".to_owned());
        let agent = LlmAgent::new(name, provider).sampling(sampling).limits(limits);
        let agent = agent.tools(tools::make(&self.tools, desk.env()).await?);
        Ok(match self.system {
            Some(system) => agent.system(system),
            None => agent,
        })
    }
}

fn money(value: &Value) -> Result<Usd, Failure> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().map_err(|error| {
        Failure::new(Class::DECODE, format!("`cost` is US dollars, such as \"0.50\": {error}"))
    })
}
