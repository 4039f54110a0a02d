//! The agents that workflow files describe: a model with instructions and tools.

use std::sync::Arc;

use fusion_core::agent::{Limits, LlmAgent};
use fusion_core::contract::Provider;
use fusion_core::graph::duration::parse_ms;
use fusion_core::model::chat::{Sampling, Usd};
use fusion_core::model::{Class, Failure};
use serde::Deserialize;
use serde_json::Value;

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
    #[serde(default)]
    cost: Option<Value>,
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
    /// Of class `decode` for money or a time that is none, and as its tools.
    pub(super) async fn agent(
        self,
        ground: Ground<'_>,
        provider: Arc<dyn Provider>,
    ) -> Result<LlmAgent, Failure> {
        let usual = Limits::default();
        let cost = self.cost.as_ref().map(money).transpose()?;
        let late = |why| Failure::new(Class::DECODE, format!("`time` of an agent: {why}"));
        let time = self.time.as_deref().map(parse_ms).transpose().map_err(late)?;
        let limits = Limits {
            turns: self.turns.unwrap_or(usual.turns),
            cost: cost.unwrap_or(usual.cost),
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
        Ok(match self.system {
            Some(system) => agent.system(system),
            None => agent,
        })
    }
}

/// Reads an amount of money: a text, or a number, which JSON may write as `1e-9`.
fn money(value: &Value) -> Result<Usd, Failure> {
    let text = match (value.as_str(), value.as_f64()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(number)) => format!("{number:.9}"),
        (None, None) => value.to_string(),
    };
    let wrong = |why: String| {
        Failure::new(Class::DECODE, format!("`cost` is US dollars, such as \"0.50\": {why}"))
    };
    let amount: Usd = text.parse().map_err(|error| wrong(format!("{error}")))?;
    if amount == Usd::ZERO && value.as_f64().is_some_and(|number| number > 0.0) {
        return Err(wrong("the least is 0.000000001".to_owned()));
    }
    Ok(amount)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_amounts_are_amounts() {
        let nano = |value| money(&value).map(|amount| amount.to_string()).ok();
        assert_eq!(nano(json!(0.000_000_001)), nano(json!("0.000000001")));
        assert_eq!(nano(json!(0.5)), nano(json!("0.50")));
        assert_eq!(money(&json!(2)).unwrap(), "2".parse().unwrap());
        assert_eq!(money(&json!(0)).unwrap(), Usd::ZERO);
        for wrong in [json!(1e-12), json!(-1), json!("much"), json!(null), json!([1]), json!(1e300)]
        {
            assert!(money(&wrong).is_err(), "{wrong}");
        }
    }
}
