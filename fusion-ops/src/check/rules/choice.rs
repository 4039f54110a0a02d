//! Which rules count for a task: by the kind of its agent, and as `rules` of `build.yaml` says.

use std::collections::BTreeMap;

use fusion_core::error::{Code, Error, nearest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::kind::{plain, sets_of};
use super::set::{Set, names};
use crate::check::settings::Reader;
use crate::yaml::escaped;

/// What may stand in `rules`.
const KEYS: [&str; 3] = ["on", "off", "agents"];

/// The `rules` of a `build.yaml`: names of sets (`database`) and of single rules (`database/primary-key`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// What counts whoever does a task.
    pub on: Vec<String>,
    /// What does not count, whatever else is said.
    pub off: Vec<String>,
    /// What counts for an agent, in place of what its name stands for.
    pub agents: BTreeMap<String, Vec<String>>,
}

impl Rules {
    /// Tells whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Gives the rules that count for the work of an agent. Of its names the first one counts that says something: the mark in the
    /// task's line, then the name of who does it.
    pub fn of(&self, agents: &[&str]) -> Vec<&'static str> {
        let mut wanted = self.on.clone();
        wanted.extend(agents.iter().find_map(|agent| self.of_agent(agent)).unwrap_or_default());
        let counts = |rule: &&str| {
            wanted.iter().any(|one| covers(one, rule))
                && !self.off.iter().any(|one| covers(one, rule))
        };
        Set::all().flat_map(Set::rules).map(|rule| rule.id).filter(counts).collect()
    }

    fn of_agent(&self, agent: &str) -> Option<Vec<String>> {
        let named = self.agents.iter().find(|(name, _)| plain(name) == plain(agent));
        if let Some((_, rules)) = named {
            return Some(rules.clone());
        }
        let sets = sets_of(agent);
        (!sets.is_empty()).then(|| sets.into_iter().map(|set| set.name().to_owned()).collect())
    }
}

/// Whether a name is that of a rule, or of its set.
fn covers(name: &str, rule: &str) -> bool {
    rule.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Reader<'_> {
    /// Reads `rules`.
    pub(in crate::check) fn rules(&mut self, value: &Value) -> Rules {
        let mut rules = Rules::default();
        let Some(map) = self.keys(value, &KEYS, "/rules") else { return rules };
        rules.on = self.rules_in(map, "on");
        rules.off = self.rules_in(map, "off");
        match map.get("agents") {
            None => {}
            Some(Value::Object(agents)) => {
                for (agent, value) in agents {
                    let own = self.names(value, &format!("/rules/agents/{}", escaped(agent)));
                    rules.agents.insert(agent.clone(), own);
                }
            }
            Some(_) => self.wrong(
                "/rules/agents",
                "`agents` is a map: the sets and rules that count, by the agent's name",
            ),
        }
        rules
    }

    fn rules_in(&mut self, map: &Map<String, Value>, key: &str) -> Vec<String> {
        map.get(key).map(|value| self.names(value, &format!("/rules/{key}"))).unwrap_or_default()
    }

    fn names(&mut self, value: &Value, path: &str) -> Vec<String> {
        let given = self.texts(value, path);
        let known = names();
        for (at, name) in
            given.iter().enumerate().filter(|(_, name)| !known.contains(&name.as_str()))
        {
            let hint = nearest::hint(name, known.iter().copied());
            let error =
                Error::new(Code::UnknownReference, format!("there is no set or rule `{name}`"));
            self.error(&format!("{path}/{at}"), error.hint(hint));
        }
        given
    }
}

/// Gives the form of `rules`.
pub(in crate::check) fn schema() -> Value {
    let list =
        |about: &str| json!({"type": "array", "items": {"enum": names()}, "description": about});
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "Which rules count beside those that the kind of a task's agent stands for; a name is that of a set or of one rule",
        "properties": {
            "on": list("What counts whoever does a task"),
            "off": list("What does not count, whatever else is said"),
            "agents": {
                "type": "object",
                "additionalProperties": list("What counts for this agent"),
                "description": "What counts for an agent, in place of what its name stands for",
            },
        },
    })
}
