//! What each mode turns on: the one place where it stands.

use fusion_core::error::{Code, Error, Result, nearest};
use serde::{Deserialize, Serialize};

use super::level::Level;

/// Stands for the project's own files, which every project has: no component is added for it.
pub const CORE: &str = "core";
/// Stands for the components that the specification requires.
pub const ALL_REQUIRED: &str = "all_required";
/// Stands for all agents that there is a card of.
pub const ALL_AGENTS: &str = "all";

/// How far a project wants to go; a later one is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// To see whether it is any good.
    Prototype,
    /// For the first people who use it.
    Mvp,
    /// For all who use it.
    Production,
    /// For many, everywhere.
    Scale,
}

/// Where a project is meant to run; a later one has all of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deployment {
    /// On the machine of who makes it.
    Local,
    /// Also where others try it.
    Staging,
    /// Also where it is used.
    MultiEnv,
    /// In many places.
    Global,
}

/// What a mode turns on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Set {
    /// Components by name, [`CORE`], [`ALL_REQUIRED`].
    pub components: Vec<String>,
    /// Agents in the order in which they are asked, or [`ALL_AGENTS`].
    pub agents: Vec<String>,
    /// How much is checked.
    pub qa: Level,
    /// Where it is meant to run.
    pub deployment: Deployment,
}

/// A line of the table.
type Line = (Mode, &'static [&'static str], &'static [&'static str], Level, Deployment);

/// The modes in their order, with components, agents, checks and environments.
const TABLE: [Line; 4] = [
    (Mode::Prototype, &[CORE], &["@copilot"], Level::Minimal, Deployment::Local),
    (
        Mode::Mvp,
        &[CORE, "testing", "auth"],
        &["@copilot", "@claude"],
        Level::Standard,
        Deployment::Staging,
    ),
    (
        Mode::Production,
        &[ALL_REQUIRED],
        &["@copilot", "@claude", "@codex", "@qwen"],
        Level::Comprehensive,
        Deployment::MultiEnv,
    ),
    (
        Mode::Scale,
        &[ALL_REQUIRED, "monitoring", "analytics"],
        &[ALL_AGENTS],
        Level::Enterprise,
        Deployment::Global,
    ),
];

impl Mode {
    /// Every mode, in order.
    pub const ALL: [Self; 4] = [Self::Prototype, Self::Mvp, Self::Production, Self::Scale];

    /// Gives its word: `mvp`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prototype => "prototype",
            Self::Mvp => "mvp",
            Self::Production => "production",
            Self::Scale => "scale",
        }
    }

    /// Finds a mode by its word.
    ///
    /// # Errors
    /// `FU0101` with the nearest word.
    pub fn of(word: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word).ok_or_else(|| {
            let hint = nearest::hint(word, Self::ALL.map(Self::word));
            Error::new(Code::InvalidInput, format!("there is no mode `{word}`")).hint(hint)
        })
    }

    /// Gives what it turns on, unless a project says otherwise.
    ///
    /// ```
    /// use fusion_ops::mode::Mode;
    ///
    /// assert_eq!(Mode::Mvp.set().components, ["core", "testing", "auth"]);
    /// assert_eq!(Mode::Mvp.set().qa.word(), "standard");
    /// ```
    pub fn set(self) -> Set {
        let own = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let line = TABLE.iter().find(|(mode, ..)| *mode == self);
        // Every mode has a line; a test says so.
        let (_, components, agents, qa, deployment) =
            *line.unwrap_or(&(self, &[], &[], Level::Minimal, Deployment::Local));
        Set { components: own(components), agents: own(agents), qa, deployment }
    }
}

impl Deployment {
    /// Gives its word: `multi-env`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Staging => "staging",
            Self::MultiEnv => "multi-env",
            Self::Global => "global",
        }
    }

    /// Gives the environments that it has: those of the one before, and one more.
    pub fn environments(self) -> &'static [&'static str] {
        match self {
            Self::Local => &["local"],
            Self::Staging => &["local", "staging"],
            Self::MultiEnv => &["local", "staging", "production"],
            Self::Global => &["local", "staging", "production", "global"],
        }
    }
}

impl Set {
    /// Gives the components that are to be there: the names, and for [`ALL_REQUIRED`] those that the specification requires; each
    /// once, in their order.
    pub fn components<'a>(&'a self, required: &[&'a str]) -> Vec<&'a str> {
        let mut all: Vec<&str> = Vec::new();
        for name in &self.components {
            let these = match name.as_str() {
                CORE => &[][..],
                ALL_REQUIRED => required,
                name => &[name][..],
            };
            all.extend(these);
        }
        each_once(all)
    }

    /// Gives the agents, in the order in which they are asked; `known` are those that there is a card of.
    pub fn agents<'a>(&'a self, known: &[&'a str]) -> Vec<&'a str> {
        let mut all: Vec<&str> = Vec::new();
        for name in &self.agents {
            match name.as_str() {
                ALL_AGENTS => all.extend(known),
                name => all.push(name),
            }
        }
        each_once(all)
    }
}

fn each_once(all: Vec<&str>) -> Vec<&str> {
    let mut once: Vec<&str> = Vec::new();
    for one in all {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    once
}
