//! Which nodes, inputs and secrets a template names: known before it runs.

use std::collections::BTreeSet;

use serde_json::Value;

use super::compile::Compiled;
use super::flaw::Flaw;
use super::scan::{Use, What};

/// The names that a template uses.
///
/// ```
/// use fusion_core::graph::template::References;
/// let found = References::of_text("{{ nodes.log.lines[:5] }} of {{ inputs.repo }}").unwrap();
/// assert!(found.nodes.contains("log") && found.inputs.contains("repo"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct References {
    /// The nodes whose output it reads.
    pub nodes: BTreeSet<String>,
    /// The inputs that it reads by name.
    pub inputs: BTreeSet<String>,
    /// The secrets that it asks for.
    pub secrets: BTreeSet<String>,
    /// Whether it reads all inputs at once.
    pub all_inputs: bool,
}

impl References {
    /// Finds the names in a text with `{{ … }}`.
    ///
    /// # Errors
    /// What makes it no template.
    pub fn of_text(text: &str) -> Result<Self, Flaw> {
        Ok(Compiled::text(text)?.references)
    }

    /// Finds the names in an expression, braces or not.
    ///
    /// # Errors
    /// What makes it no expression.
    pub fn of_expression(text: &str) -> Result<Self, Flaw> {
        Ok(Compiled::expression(super::compile::whole(text).unwrap_or(text))?.references)
    }

    /// Finds the names in all texts of a JSON value.
    ///
    /// # Errors
    /// The first text that is no template.
    pub fn of_value(value: &Value) -> Result<Self, Flaw> {
        let mut all = Self::default();
        all.add(value)?;
        Ok(all)
    }

    fn add(&mut self, value: &Value) -> Result<(), Flaw> {
        match value {
            Value::String(text) => self.merge(Self::of_text(text)?),
            Value::Array(items) => items.iter().try_for_each(|item| self.add(item))?,
            Value::Object(map) => map.values().try_for_each(|item| self.add(item))?,
            _ => {}
        }
        Ok(())
    }

    /// Adds the names of another template.
    pub fn merge(&mut self, other: Self) {
        self.nodes.extend(other.nodes);
        self.inputs.extend(other.inputs);
        self.secrets.extend(other.secrets);
        self.all_inputs |= other.all_inputs;
    }

    pub(super) fn from_uses(uses: Vec<Use>) -> Self {
        let mut found = Self::default();
        for one in uses {
            match one.what {
                What::Node => found.nodes.insert(one.name),
                What::Input => found.inputs.insert(one.name),
                What::Secret => found.secrets.insert(one.name),
                What::Inputs => !std::mem::replace(&mut found.all_inputs, true),
                What::Any | What::Filter | What::Test => false,
            };
        }
        found
    }
}
