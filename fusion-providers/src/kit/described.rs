//! Descriptions of providers, layers and agents. What is absent is as the layer or the agent has it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fusion_core::model::chat::{FaultKind, Price, Sampling, Tool, Usd};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::command::Mode;
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
/// | `{"plugin": {"path", "config", "model", "secrets"}}` | [`Plugin`](crate::Plugin), loaded at once, without a list of trust |
/// | `{"rotation": [0, 1]}` | [`Rotation`](crate::layer::Rotation), of the providers of these numbers |
/// | `{"over": 3, "layer": {"retry": {"attempts": 5}}}` | the provider of a number with a layer over it: `retry timeout fallback concurrency breaker budget gate cache redact batch observe record` |
#[derive(Debug, Clone)]
pub struct ProviderSpec(pub(super) Form);

/// The description of an agent, in JSON: its `name` and its `provider`'s number, and what else [`LlmAgent`] can be told; or its `name`
/// and a `program`, and what else [`CommandAgent`](crate::command::CommandAgent) can be told.
///
/// [`LlmAgent`]: fusion_core::agent::LlmAgent
#[derive(Debug, Clone)]
pub struct AgentSpec(pub(super) AnyAgent);

/// A provider: from nothing, or another one with a layer over it.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// A layer over the provider of this number.
    Over(Over),
    /// A provider that stands alone.
    Base(Base),
}

/// A layer over the provider of a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Over {
    /// The number.
    pub(super) over: u32,
    /// The layer.
    #[serde(deserialize_with = "layer")]
    pub(super) layer: LayerForm,
}

/// Reads a layer, and says of which one something is wrong.
fn layer<'de, D: Deserializer<'de>>(from: D) -> Result<LayerForm, D::Error> {
    let value = Value::deserialize(from)?;
    let name = value.as_object().and_then(|map| map.keys().next()).cloned();
    let name = name.unwrap_or_default();
    LayerForm::deserialize(value).map_err(|why| D::Error::custom(format!("layer `{name}`: {why}")))
}

/// An agent of either kind.
#[derive(Debug, Clone)]
pub(super) enum AnyAgent {
    /// It asks a model.
    Asks(Box<AgentForm>),
    /// It is a program.
    Program(ProgramForm),
}

// By hand: of an untagged enum nobody hears what is wrong.
impl<'de> Deserialize<'de> for ProviderSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let form = if value.get("over").is_some() {
            Over::deserialize(value).map(Form::Over)
        } else {
            Base::deserialize(value).map(Form::Base)
        };
        form.map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for AgentSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let agent = if value.get("program").is_some() {
            ProgramForm::deserialize(value).map(AnyAgent::Program)
        } else {
            AgentForm::deserialize(value).map(|form| AnyAgent::Asks(Box::new(form)))
        };
        agent.map(Self).map_err(D::Error::custom)
    }
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
    /// One in a shared library.
    Plugin {
        /// The library, or its manifest.
        path: PathBuf,
        /// What it is opened with; over what its manifest says.
        #[serde(default)]
        config: Map<String, Value>,
        /// The model of requests that name none.
        #[serde(default)]
        model: String,
        /// The secrets that it may ask for; those of its manifest, or without one all.
        #[serde(default)]
        secrets: Option<Vec<String>>,
    },
    /// Several that are the same but for their key.
    Rotation(Vec<u32>),
}

impl std::fmt::Debug for Base {
    /// Says nothing of keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open { name, .. }
            | Self::Named(name)
            | Self::Code { name, .. }
            | Self::Scripted { name, .. } => write!(f, "provider `{name}`"),
            Self::Plugin { path, .. } => write!(f, "plugin {}", path.display()),
            Self::Rotation(numbers) => write!(f, "rotation of {numbers:?}"),
        }
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
#[derive(Clone, Deserialize)]
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
    /// [`Redact`](crate::layer::Redact): takes out what was handed out, the secrets of these names, and these values.
    Redact {
        #[serde(default)]
        names: Vec<String>,
        #[serde(default)]
        values: Vec<String>,
    },
    /// [`Batch`](crate::layer::Batch).
    Batch { texts: usize, bytes: Option<usize> },
    /// [`Observe`](crate::layer::Observe): counts under this name.
    Observe {
        #[serde(default)]
        name: String,
    },
    /// [`Record`](crate::scripted::Record).
    Record { to: PathBuf },
}

impl std::fmt::Debug for LayerForm {
    /// Says nothing of secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("layer")
    }
}

/// A program on the command line, see [`CommandAgent`](crate::command::CommandAgent).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramForm {
    /// Its name.
    pub(super) name: String,
    /// The program: `claude`, `codex:gpt-5`, `command:./work.sh`.
    pub(super) program: String,
    /// Its instructions.
    #[serde(default)]
    pub(super) system: Option<String>,
    /// What it may do.
    #[serde(default)]
    pub(super) mode: Mode,
    /// Where it works.
    #[serde(default)]
    pub(super) workspace: Option<PathBuf>,
    /// The conversation with which it goes on.
    #[serde(default)]
    pub(super) session: Option<String>,
    /// How long it may be silent.
    #[serde(default)]
    pub(super) idle_ms: Option<u64>,
    /// How long it may take.
    #[serde(default)]
    pub(super) total_ms: Option<u64>,
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
    /// What sees the chunks of answers as they come: it gets `agent`, `turn` and `chunk`.
    #[serde(default)]
    pub(super) watch: Option<Code>,
    /// The reply has what was said.
    #[serde(default)]
    pub(super) keep_messages: bool,
}

/// A tool of the program, or a set of built-in ones.
#[derive(Debug, Clone)]
pub(super) enum ToolForm {
    /// A tool of the program.
    Own(OwnTool),
    /// What is built in.
    BuiltIn(Box<ToolsSpec>),
}

/// What the model sees of a tool, and its code.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OwnTool {
    pub(super) about: Tool,
    pub(super) code: Code,
}

impl<'de> Deserialize<'de> for ToolForm {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(from)?;
        let tool = if value.get("about").is_some() {
            OwnTool::deserialize(value).map(Self::Own)
        } else {
            ToolsSpec::deserialize(value).map(|set| Self::BuiltIn(Box::new(set)))
        };
        tool.map_err(|why| D::Error::custom(format!("tools: {why}")))
    }
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
