//! The agents that workflow files describe: a model with instructions and tools.

use std::sync::Arc;

use fusion_core::agent::{Limits, LlmAgent};
use fusion_core::contract::Provider;
use fusion_core::graph::duration::parse_ms;
use fusion_core::model::chat::{Price, Sampling, Usd};
use fusion_core::model::{Class, Failure};
use serde::Deserialize;

use super::layers::money;
use crate::tools::{self, Ground, ToolsSpec};

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
    #[serde(default, deserialize_with = "money")]
    cost: Option<Usd>,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    temperature: Option<f64>,
    #[serde(default)]
    max_output_tokens: Option<u32>,
}

impl Described {
    /// Makes the agent, with its tools.
    ///
    /// # Errors
    /// Of class `decode` for a time that is none, and as its tools.
    pub(super) async fn agent(
        self,
        ground: Ground<'_>,
        (provider, price): (Arc<dyn Provider>, Option<Price>),
    ) -> Result<LlmAgent, Failure> {
        let usual = Limits::default();
        let late = |why| Failure::new(Class::DECODE, format!("`time` of an agent: {why}"));
        let time = self.time.as_deref().map(parse_ms).transpose().map_err(late)?;
        let limits = Limits {
            turns: self.turns.unwrap_or(usual.turns),
            cost: self.cost.unwrap_or(usual.cost),
            total_ms: time.unwrap_or(usual.total_ms),
            ..usual
        };
        let sampling = Sampling {
            temperature: self.temperature,
            max_output_tokens: self.max_output_tokens,
            ..Sampling::default()
        };
        let name = self.name.unwrap_or_else(|| "agent".to_owned());
        let agent = LlmAgent::new(name, provider).sampling(sampling).limits(limits);
        let agent = agent.tools(tools::make(&self.tools, ground).await?);
        let agent = match price {
            Some(price) => agent.price(price),
            None => agent,
        };
        Ok(match self.system {
            Some(system) => agent.system(system),
            None => agent,
        })
    }
}
