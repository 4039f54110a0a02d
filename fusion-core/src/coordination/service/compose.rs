//! Several calls as one: in a chain or side by side, and what comes of them when some fail.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::choose::Strategy;
use super::words::Criteria;
use crate::model::Failure;

/// What has to go well for the whole to go well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Every part.
    #[default]
    All,
    /// At least so many parts.
    AtLeast(usize),
    /// Nothing: what went well is given, and why the rest did not.
    BestEffort,
}

/// One part of a composition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What its result is called.
    pub name: String,
    /// Which service does it.
    pub criteria: Criteria,
    /// How one of several is chosen.
    #[serde(default)]
    pub strategy: Strategy,
    /// What is asked of it: the type of the message.
    pub ask: String,
    /// What counts as its result when it fails; without it, it has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Value>,
}

impl Part {
    /// Makes a part.
    pub fn new(name: impl Into<String>, criteria: Criteria, ask: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            criteria,
            strategy: Strategy::default(),
            ask: ask.into(),
            otherwise: None,
        }
    }

    /// Sets what counts as its result when it fails.
    #[must_use]
    pub fn otherwise(mut self, value: Value) -> Self {
        self.otherwise = Some(value);
        self
    }
}

/// Several services as one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Composition {
    /// The parts, in order.
    pub parts: Vec<Part>,
    /// Each part gets the result of the one before; else all get the same, at the same time.
    #[serde(default)]
    pub chain: bool,
    /// What has to go well; a chain ends with its first failure in any case.
    #[serde(default)]
    pub rule: Rule,
}

impl Composition {
    /// All parts get the same, at the same time.
    pub fn together(parts: Vec<Part>, rule: Rule) -> Self {
        Self { parts, chain: false, rule }
    }

    /// Each part gets the result of the one before.
    pub fn chain(parts: Vec<Part>) -> Self {
        Self { parts, chain: true, rule: Rule::All }
    }

    /// Says what the whole gives, from the results of its parts in order: `{part: result}`, and under `failed` why others did
    /// not go well. Pure.
    ///
    /// # Errors
    /// When fewer went well than the rule asks for; it names all that failed.
    pub fn outcome(&self, results: Vec<Result<Value, Failure>>) -> Result<Value, Failure> {
        let (mut whole, mut failed, mut well) = (Map::new(), Map::new(), 0);
        for (part, result) in self.parts.iter().zip(results) {
            match (result, &part.otherwise) {
                (Ok(value), _) => {
                    well += 1;
                    whole.insert(part.name.clone(), value);
                }
                (Err(_), Some(value)) => {
                    well += 1;
                    whole.insert(part.name.clone(), value.clone());
                }
                (Err(failure), None) => {
                    failed.insert(part.name.clone(), failure.message.into());
                }
            }
        }
        let asked = match self.rule {
            Rule::All => self.parts.len(),
            Rule::AtLeast(count) => count,
            Rule::BestEffort => 0,
        };
        if well < asked {
            let why: Vec<String> =
                failed.iter().map(|(name, why)| format!("{name}: {}", text(why))).collect();
            let parts = self.parts.len();
            let text =
                format!("{well} of {parts} parts went well, {asked} have to: {}", why.join("; "));
            return Err(Failure::error(text));
        }
        if !failed.is_empty() {
            whole.insert("failed".to_owned(), Value::Object(failed));
        }
        Ok(Value::Object(whole))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_say_what_has_to_go_well() {
        let part = |name: &str| Part::new(name, Criteria::named(name), "ask");
        let parts = vec![part("a"), part("b"), part("c").otherwise(json!(0))];
        let results = || vec![Ok(json!(1)), Err(Failure::error("no")), Err(Failure::error("no"))];
        let of = |rule| Composition::together(parts.clone(), rule).outcome(results());
        let whole = json!({"a": 1, "c": 0, "failed": {"b": "no"}});
        assert_eq!(of(Rule::BestEffort), Ok(whole.clone()));
        assert_eq!(of(Rule::AtLeast(2)), Ok(whole));
        for rule in [Rule::All, Rule::AtLeast(3)] {
            let why = of(rule).unwrap_err().message;
            assert!(why.contains("2 of 3") && why.contains("b: no"), "{why}");
        }
    }
}
