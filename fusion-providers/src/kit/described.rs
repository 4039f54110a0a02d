//! Descriptions of providers, layers and agents. What is absent is as the layer or the agent has it.

use fusion_core::model::chat::{FaultKind, Price, Sampling, Tool, Usd};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::scripted::Exchange;
use crate::tools::ToolsSpec;

/// The description of a provider, in JSON: one that stands alone, or another one with a layer over it.
///
/// | JSON | is |
/// |---|---|
/// | `{"named": "openai:gpt-4o-mini"}` | as [`Models`](super::Models) knows it, with the usual time limits and retries |
/// | `{"open": {"name", "key", "base_url", "headers"}}` | as [`open`](crate::open) gives it, with these settings |
/// | `{"code": {"name", "code": {"number"}}}` | [`Foreign`](crate::Foreign), over code of the program |
/// | `{"scripted": {"name", "exchanges"}}` | [`Scripted`](crate::Scripted) |
/// | `{"over": 3, "layer": {"retry": {"attempts": 5}}}` | the provider of a number with a layer over it: `retry timeout fallback concurrency breaker budget gate cache` |
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct ProviderSpec(pub(super) Form);

/// The description of an agent, in JSON: its `name` and its `provider`'s number, and what else [`LlmAgent`] can be told.
///
/// [`LlmAgent`]: fusion_core::agent::LlmAgent
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct AgentSpec(pub(super) AgentForm);

/// A provider: from nothing, or another one with a layer over it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Form {
    /// A layer over the provider of this number.
    Over {
        /// The number.
        over: u32,
        /// The layer.
        layer: LayerForm,
    },
    /// A provider that stands alone.
    Base(Base),
}

/// A provider that stands alone.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Base {
    /// One of [`open`](crate::open), looked up when it is asked first.
    Open {
        /// Its name: `openai:gpt-4o-mini`, or a URL.
        name: String,
        /// Its key; the environment's when absent.
        #[serde(default)]
        key: Option<String>,
        /// Where it is; as the environment or the service has it when empty.
        #[serde(default)]
        base_url: String,
        /// Headers that go with every request.
        #[serde(default)]
        headers: Vec<(String, String)>,
    },
    /// One that was added under a name, or is opened by it with the usual time limits and retries.
    Named(String),
    /// One whose code the program has.
    Code {
        /// What it is called.
        name: String,
        /// Its code.
        code: Code,
    },
    /// One that says what a script says.
    Scripted {
        /// What it is called.
        name: String,
        /// The script.
        exchanges: Vec<Exchange>,
    },
}

impl std::fmt::Debug for Base {
    /// Says nothing of keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Open { name, .. }
        | Self::Named(name)
        | Self::Code { name, .. }
        | Self::Scripted { name, .. }) = self;
        write!(f, "provider `{name}`")
    }
}

/// Code of the program, by its number.
#[derive(Debug, Clone, Deserialize)]
pub struct Code {
    /// Its number.
    pub number: u32,
    /// What it is called in messages.
    #[serde(default)]
    pub name: String,
    /// It may block, and runs in a thread.
    #[serde(default)]
    pub blocks: bool,
}

/// A layer, see [`layer`](crate::layer). Times are milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum LayerForm {
    /// [`Retry`](crate::layer::Retry).
    Retry {
        attempts: Option<u32>,
        initial_ms: Option<u64>,
        factor: Option<f64>,
        max_ms: Option<u64>,
        jitter: Option<f64>,
        #[serde(default)]
        on: Vec<String>,
        #[serde(default)]
        not_on: Vec<String>,
        patience_ms: Option<u64>,
    },
    /// [`Timeout`](crate::layer::Timeout).
    Timeout { connect_ms: Option<u64>, idle_ms: Option<u64>, total_ms: Option<u64> },
    /// [`Fallback`](crate::layer::Fallback): who is asked next, by number and model.
    Fallback { to: Vec<(Option<u32>, Option<String>)>, on: Option<Vec<FaultKind>> },
    /// [`Concurrency`](crate::layer::Concurrency).
    Concurrency { most: usize },
    /// [`Breaker`](crate::layer::Breaker).
    Breaker { faults: u32, pause_ms: u64 },
    /// [`Budget`](crate::layer::Budget).
    Budget {
        per_run: Option<Usd>,
        per_agent: Option<Usd>,
        per_project: Option<Usd>,
        per_day: Option<Usd>,
        #[serde(default)]
        prices: BTreeMap<String, Price>,
        other_models: Option<Price>,
    },
    /// [`Gate`](crate::layer::Gate).
    Gate { account: String, requests_per_minute: Option<u64>, tokens_per_minute: Option<u64> },
    /// [`Cache`](crate::layer::Cache).
    Cache {
        ttl_ms: Option<u64>,
        #[serde(default)]
        version: String,
    },
}

/// An agent, see [`LlmAgent`](fusion_core::agent::LlmAgent).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentForm {
    /// Its name.
    pub(super) name: String,
    /// The provider's number.
    pub(super) provider: u32,
    /// The model; the provider's own when empty.
    #[serde(default)]
    pub(super) model: String,
    /// Its instructions.
    #[serde(default)]
    pub(super) system: Option<String>,
    /// Its tools.
    #[serde(default)]
    pub(super) tools: Vec<ToolForm>,
    /// To whom it may hand the conversation over.
    #[serde(default)]
    pub(super) others: Vec<Self>,
    /// The form of its result.
    #[serde(default)]
    pub(super) result: Option<ResultForm>,
    /// How words are chosen.
    #[serde(default)]
    pub(super) sampling: Sampling,
    /// How much it may do.
    #[serde(default)]
    pub(super) limits: LimitsForm,
    /// What the model costs.
    #[serde(default)]
    pub(super) price: Option<Price>,
    /// How many tokens the model holds in mind.
    #[serde(default)]
    pub(super) window: Option<u64>,
    /// The reply has what was said.
    #[serde(default)]
    pub(super) keep_messages: bool,
}

/// A tool of the program, or a set of built-in ones.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum ToolForm {
    /// What the model sees, and the code.
    Own { about: Tool, code: Code },
    /// What is built in.
    BuiltIn(Box<ToolsSpec>),
}

/// The form of a result.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultForm {
    /// The JSON Schema.
    pub(super) schema: Value,
    /// Code that fails for a result that will not do.
    #[serde(default)]
    pub(super) check: Option<Code>,
}

/// How much an agent may do, see [`Limits`](fusion_core::agent::Limits).
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LimitsForm {
    pub(super) turns: Option<u32>,
    pub(super) cost: Option<Usd>,
    pub(super) total_ms: Option<u64>,
    pub(super) tools_at_once: Option<usize>,
    pub(super) tool_ms: Option<u64>,
    pub(super) result_bytes: Option<usize>,
}
