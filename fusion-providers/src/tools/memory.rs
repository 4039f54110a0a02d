//! An agent's memory as tools: remember, recall, forget.

use fusion_core::agent::Tool;
use fusion_core::coordination::memory::{Memory, Recalled};
use fusion_core::error::Error;
use fusion_core::model::Failure;
use fusion_core::model::chat;
use serde::Deserialize;
use serde_json::{Value, json};

/// How many facts one call recalls when it does not say.
const USUAL: usize = 5;
/// How many facts one call recalls at most.
const MOST: usize = 50;

#[derive(Deserialize)]
struct Remember {
    key: String,
    fact: Value,
}

#[derive(Deserialize)]
struct Recall {
    about: String,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Forget {
    key: String,
}

/// Makes the tools of a memory. Each may be called again after a crash: what is remembered twice is there once.
pub(super) fn tools(memory: &Memory) -> Vec<Tool> {
    vec![remember(memory.clone()), recall(memory.clone()), forget(memory.clone())]
}

fn about(name: &str, what: &str, properties: &Value, required: &[&str]) -> chat::Tool {
    let schema = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    chat::Tool::new(name, what).schema(schema)
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that `map_err` wants")]
fn failed(error: Error) -> Failure {
    Failure::error(error.to_string())
}

fn remember(memory: Memory) -> Tool {
    let properties = json!({
        "key": {"type": "string", "description": "Under which it is found again, such as `customer/acme`; what was there is replaced."},
        "fact": {"description": "What is to be remembered: a text, or any JSON."},
    });
    let what = "Remembers a fact for later tasks.";
    let about = about("remember", what, &properties, &["key", "fact"]);
    Tool::with(about, move |_, Remember { key, fact }| {
        let memory = memory.clone();
        async move {
            memory.remember(&key, &fact).await.map_err(failed)?;
            Ok(format!("remembered under `{key}`"))
        }
    })
}

fn recall(memory: Memory) -> Tool {
    let properties = json!({
        "about": {"type": "string", "description": "A key, or words that the facts are about."},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "description": "How many facts at most; 5 without it."},
    });
    let what = "Finds facts that were remembered, in this task or an earlier one, the best first.";
    let about = about("recall", what, &properties, &["about"]);
    Tool::with(about, move |_, Recall { about, limit }| {
        let memory = memory.clone();
        let limit = limit.unwrap_or(USUAL).min(MOST);
        async move {
            let exact = memory.recall::<Value>(&about).await.map_err(failed)?;
            let mut found: Vec<Value> =
                exact.iter().map(|fact| json!({"key": about, "fact": fact})).collect();
            let others = memory.search(&about, limit).await.map_err(failed)?;
            let others = others.into_iter().filter(|Recalled { fact, .. }| fact.key != about);
            found.extend(others.map(|one| json!({"key": one.fact.key, "fact": one.fact.value})));
            found.truncate(limit);
            Ok(found)
        }
    })
}

fn forget(memory: Memory) -> Tool {
    let properties = json!({"key": {"type": "string", "description": "The key of the fact."}});
    let about = about("forget", "Forgets a fact that is not true any more.", &properties, &["key"]);
    Tool::with(about, move |_, Forget { key }| {
        let memory = memory.clone();
        async move {
            let was = memory.forget(&key).await.map_err(failed)?;
            Ok(if was { "forgotten" } else { "there was no such fact" })
        }
    })
}
