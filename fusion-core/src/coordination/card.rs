//! What an agent is good at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How hard the tasks are that an agent takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complexity {
    /// Easy ones.
    Low,
    /// Ordinary ones.
    #[default]
    Medium,
    /// Hard ones.
    High,
    /// All of them.
    All,
}

impl Complexity {
    /// Gives its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::All => "all",
        }
    }
}

/// How quick an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// It takes its time.
    Slow,
    /// Neither quick nor slow.
    #[default]
    Medium,
    /// Quick.
    Fast,
    /// The quickest there is.
    Fastest,
}

impl Speed {
    /// Gives its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Medium => "medium",
            Self::Fast => "fast",
            Self::Fastest => "fastest",
        }
    }
}

/// How dear an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    /// It costs nothing more.
    Free,
    /// A little.
    Low,
    /// Neither cheap nor dear.
    #[default]
    Medium,
    /// Dear.
    High,
}

impl Cost {
    /// Gives its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// What an agent is good at, and what it takes to use it.
///
/// ```
/// use fusion_core::coordination::Card;
///
/// let card = Card::read(r#"{"card": 1, "name": "@lawyer", "capabilities": {"contracts": 1}, "cost": "high"}"#).unwrap();
/// assert_eq!(card.name, "@lawyer");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The version of this form: 1.
    #[serde(rename = "card")]
    form: u32,
    /// What the agent is called.
    pub name: String,
    /// What it is, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What it is good at, and how good, from 0 to 1.
    pub capabilities: BTreeMap<String, f64>,
    /// Further words of a task that speak for one of its capabilities.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<String, Vec<String>>,
    /// How hard its tasks may be.
    #[serde(default)]
    pub complexity: Complexity,
    /// How quick it is.
    #[serde(default)]
    pub speed: Speed,
    /// How dear it is.
    #[serde(default)]
    pub cost: Cost,
}

impl Card {
    /// Makes a card without capabilities.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            form: 1,
            name: name.into(),
            about: String::new(),
            capabilities: BTreeMap::new(),
            words: BTreeMap::new(),
            complexity: Complexity::default(),
            speed: Speed::default(),
            cost: Cost::default(),
        }
    }

    /// Adds a capability, and how good the agent is at it, from 0 to 1.
    #[must_use]
    pub fn capability(mut self, name: impl Into<String>, weight: f64) -> Self {
        self.capabilities.insert(name.into(), weight);
        self
    }

    /// Reads a card from JSON.
    ///
    /// # Errors
    /// A sentence on what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let card: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if card.form != 1 {
            return Err(format!("`card: {}` is not known: write `\"card\": 1`", card.form));
        }
        if card.name.trim().is_empty() {
            return Err("`name` is empty".to_owned());
        }
        let wrong = card.capabilities.iter().find(|(_, weight)| !(0.0..=1.0).contains(*weight));
        match wrong {
            Some((name, weight)) => Err(format!(
                "the capability `{name}` has the weight {weight}: write one from 0 to 1"
            )),
            None => Ok(card),
        }
    }

    /// Gives the cards of the agents that are known without any of one's own: copilot, claude, codex, qwen, gemini.
    pub fn known() -> Vec<Self> {
        // The file is part of the program; a test reads it.
        serde_json::from_str(include_str!("cards.json")).unwrap_or_default()
    }
}
