//! How much is checked: levels, each with all that the one before has.

use serde::{Deserialize, Serialize};

use crate::check::Gates;

/// How much is checked; a later one checks more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// That something is there.
    Minimal,
    /// That it can be read, and its tests pass.
    Standard,
    /// That what is asked for is proved.
    Comprehensive,
    /// That what must be is proved by more than files.
    Enterprise,
}

/// Something that a level asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Demand {
    /// Its name; those with a switch are keys of `gates` in `build.yaml`.
    pub name: &'static str,
    /// What it asks for, in a sentence.
    pub says: &'static str,
    /// The first level that asks for it.
    pub from: Level,
}

/// All demands, with the level that brings each.
const DEMANDS: [Demand; 10] = [
    Demand {
        name: "files",
        says: "files that a task names are there, inside of the workspace",
        from: Level::Minimal,
    },
    Demand { name: "placeholders", says: "none of them is a placeholder", from: Level::Minimal },
    Demand { name: "checks", says: "what `build.yaml` checks holds", from: Level::Minimal },
    Demand { name: "syntax", says: "files can be read in their language", from: Level::Standard },
    Demand {
        name: "tests",
        says: "the project's own tests are found, and pass",
        from: Level::Standard,
    },
    Demand {
        name: "coverage",
        says: "80 % of the requirements are proved",
        from: Level::Comprehensive,
    },
    Demand { name: "success", says: "90 % of the tasks are done", from: Level::Comprehensive },
    Demand {
        name: "every",
        says: "no requirement is without a task or a check",
        from: Level::Comprehensive,
    },
    Demand {
        name: "must",
        says: "a command, a service or a schema proves each requirement that says MUST",
        from: Level::Enterprise,
    },
    Demand {
        name: "components",
        says: "the checks hold that components bring, such as those of `security`",
        from: Level::Enterprise,
    },
];

impl Level {
    /// Every level, in order.
    pub const ALL: [Self; 4] =
        [Self::Minimal, Self::Standard, Self::Comprehensive, Self::Enterprise];

    /// Gives its word: `standard`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Standard => "standard",
            Self::Comprehensive => "comprehensive",
            Self::Enterprise => "enterprise",
        }
    }

    /// Gives what it asks for: all that the levels before it ask for, and more.
    pub fn demands(self) -> impl Iterator<Item = Demand> {
        DEMANDS.into_iter().filter(move |demand| demand.from <= self)
    }

    /// Gives the gates of a build: what `build.yaml` does not say.
    pub fn gates(self) -> Gates {
        let has = |name: &str| self.demands().any(|demand| demand.name == name);
        let usual = Gates::default();
        Gates {
            coverage: if has("coverage") { usual.coverage } else { 0.0 },
            success: if has("success") { usual.success } else { 0.0 },
            placeholders: !has("placeholders"),
            critical: Vec::new(),
            syntax: has("syntax"),
            tests: has("tests"),
            every: has("every"),
            must: has("must"),
            components: has("components"),
        }
    }
}
