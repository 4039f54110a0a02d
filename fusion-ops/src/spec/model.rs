//! What a `spec.md` says: requirements, stories, scenarios, entities, assumptions, what is open.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a requirement is about, by the letters of its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What it does: `FR-001`.
    Functional,
    /// How well it does that: `NFR-001`.
    Quality,
    /// How success is measured: `SC-001`.
    Success,
}

/// A requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// Its id: `FR-001`.
    pub id: String,
    /// Its line, from 1.
    pub line: usize,
    /// What it is about.
    pub kind: Kind,
    /// What is required; empty when only the id stands there.
    pub text: String,
}

/// A scenario by which a story is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scenario {
    /// Its line, from 1.
    pub line: usize,
    /// What is so at first.
    pub given: String,
    /// What happens.
    pub when: String,
    /// What is so then.
    pub then: String,
}

/// A user story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Story {
    /// Its id: `US1`.
    pub id: String,
    /// Its line, from 1.
    pub line: usize,
    /// What it is about.
    pub title: String,
    /// How important it is: `P1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// The requirements that its chapter names.
    pub requirements: Vec<String>,
    /// How it is accepted.
    pub scenarios: Vec<Scenario>,
}

/// A sentence with its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// Its line, from 1.
    pub line: usize,
    /// Its words.
    pub text: String,
}

/// A `spec.md`, read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Spec {
    /// The title of the page.
    pub title: String,
    /// The requirements, in the order of the file; an id that is given twice is there twice.
    pub requirements: Vec<Requirement>,
    /// The user stories.
    pub stories: Vec<Story>,
    /// The things that data is kept about.
    pub entities: Vec<Statement>,
    /// What is taken for granted.
    pub assumptions: Vec<Statement>,
    /// What is not to be done.
    pub out_of_scope: Vec<Statement>,
    /// What nobody has decided: `[NEEDS CLARIFICATION: ...]`.
    pub clarifications: Vec<Statement>,
}

impl Spec {
    /// Finds a requirement by its id.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|one| one.id == id)
    }

    /// Gives the texts of the requirements by id; of an id that is given twice, the first one.
    pub fn texts(&self) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        for one in &self.requirements {
            texts.entry(one.id.clone()).or_insert_with(|| one.text.clone());
        }
        texts
    }

    /// Tells whether nothing was found in it.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && self.stories.is_empty()
    }
}
