//! What is offered, and what is looked for.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a service is: an agent's mailbox (`agent/bob`) or a durable object (`object/cart/42`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// The agent of this name.
    Agent(String),
    /// The object of this kind and id.
    Object(String, String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(name) => write!(f, "agent/{name}"),
            Self::Object(kind, id) => write!(f, "object/{kind}/{id}"),
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl TryFrom<String> for Target {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            ["agent", name] if !name.is_empty() => Ok(Self::Agent((*name).to_owned())),
            ["object", kind, id] if !kind.is_empty() && !id.is_empty() => {
                Ok(Self::Object((*kind).to_owned(), (*id).to_owned()))
            }
            _ => Err(format!("`{text}` is no target: write `agent/NAME` or `object/KIND/ID`")),
        }
    }
}

/// One instance of a service, as the registry has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its id, unique in the store.
    pub id: String,
    /// What it is an instance of.
    pub name: String,
    /// The version of what it offers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where it is.
    pub target: Target,
    /// What it can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// Further words about it, by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// How busy it says it is; 0 is idle.
    #[serde(default)]
    pub load: f64,
    /// How long it is believed to be well after its last sign of life, in milliseconds; for ever, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
}

impl Service {
    /// Makes an instance.
    pub fn new(id: impl Into<String>, name: impl Into<String>, target: Target) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            version: String::new(),
            target,
            capabilities: Vec::new(),
            metadata: Map::new(),
            load: 0.0,
            ttl_ms: None,
        }
    }

    /// Tells whether it is still believed to be well, when its last sign of life was at a time in milliseconds since 1970.
    pub fn is_well(&self, seen: i64, now: i64) -> bool {
        self.ttl_ms.is_none_or(|ttl| now <= seen.saturating_add_unsigned(ttl))
    }
}

/// What is looked for; what is not said fits all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Criteria {
    /// The service's name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// What it has to be able to do: all of these.
    pub capabilities: Vec<String>,
    /// Words that it has to have, with these values.
    pub metadata: Map<String, Value>,
}

impl Criteria {
    /// Looks for a service by its name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// Looks for a capability, too.
    #[must_use]
    pub fn able(mut self, capability: impl Into<String>) -> Self {
        self.capabilities.push(capability.into());
        self
    }

    /// Looks for a word with a value, too.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Tells whether a service is what is looked for.
    pub fn fits(&self, service: &Service) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        is(&self.name, &service.name)
            && is(&self.version, &service.version)
            && self.capabilities.iter().all(|wanted| service.capabilities.contains(wanted))
            && self.metadata.iter().all(|(name, value)| service.metadata.get(name) == Some(value))
    }
}
