//! From numbers to a verdict: a linear model whose weights are the same for all components.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::features::NAMES;
use super::lexicon::COMPONENTS;

/// How much each number counts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Model {
    /// What is added for all components.
    pub base: f64,
    /// How much each number counts, by its name.
    pub weights: BTreeMap<String, f64>,
    /// What is added for single components: how often they are needed at all.
    pub components: BTreeMap<String, f64>,
    /// From which confidence a component is required, from 0 to 1.
    pub threshold: f64,
}

impl Model {
    /// Gives the model that is built in.
    pub fn built_in() -> Self {
        // The file is part of the program; a test reads it.
        serde_json::from_str(include_str!("model.json")).unwrap_or_default()
    }

    /// Gives how sure it is that a component is required, from 0 to 1.
    pub fn confidence(&self, component: &str, numbers: &[f64]) -> f64 {
        let own = self.components.get(component).copied().unwrap_or(0.0);
        let weighed = NAMES
            .iter()
            .zip(numbers)
            .filter_map(|(name, number)| Some(self.weights.get(*name)? * number));
        let sum: f64 = self.base + own + weighed.sum::<f64>();
        1.0 / (1.0 + (-sum).exp())
    }

    /// Tells whether all names in it are known.
    pub fn is_whole(&self) -> bool {
        NAMES.iter().all(|name| self.weights.contains_key(*name))
            && self.components.keys().all(|id| COMPONENTS.contains(&id.as_str()))
            && (0.0..1.0).contains(&self.threshold)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_is_whole() {
        assert!(Model::built_in().is_whole());
    }
}
