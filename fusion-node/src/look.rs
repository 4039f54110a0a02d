//! What is told of runs and of the store.

use fusion_core::error::Result;
use fusion_core::model::{Key, RunId, RunStatus};
use fusion_core::{Driven, Fusion, Run};
use serde_json::{Value, json};

use crate::convert::text;

/// Tells the status of a run; one that could go on and that nobody drives is pending.
pub(crate) async fn status(fusion: &Fusion, run: &Run) -> Result<String> {
    let status = run.status().await?;
    if status == RunStatus::Running && fusion.driver(run.id()).await? == Driven::Nowhere {
        return text(&RunStatus::Pending.word());
    }
    text(&status.word())
}

/// Waits for the end of a run: how it ended, and which node decided that.
pub(crate) async fn outcome(run: &Run) -> Result<String> {
    let (status, outputs, failure) = run.wait().await?;
    if status == RunStatus::Succeeded
        && let Some(bytes) = outputs.bytes()
    {
        let outputs = String::from_utf8_lossy(bytes);
        return Ok(format!("{{\"status\":\"{}\",\"outputs\":{outputs}}}", status.word()));
    }
    let state = run.state().await?;
    let culprit: Option<Key> = state.culprit();
    // What the node said itself, where one decided it: how often it was tried is told beside.
    let failure = culprit.and_then(|key| state.failure(key).cloned()).or(failure);
    let node = culprit.map(|key| state.program().key_text(key));
    let attempt = culprit.map(|key| state.attempts(key));
    text(&json!({"status": status.word(), "failure": failure, "node": node, "attempt": attempt}))
}

/// Tells why a run does not move, and why those that it waits for do not.
pub(crate) async fn why(run: &Run) -> Result<String> {
    let all = run.why().await?;
    let all: Vec<Value> = all
        .iter()
        .map(|why| {
            json!({
                "sentence": why.sentence, "chain": why.chain, "hint": why.hint,
                "child": why.child.as_ref().map(RunId::as_str),
            })
        })
        .collect();
    text(&all)
}

/// Describes the store.
pub(crate) async fn store(fusion: &Fusion, deep: bool) -> Result<String> {
    let status = fusion.status(deep).await?;
    let facts: serde_json::Map<String, Value> =
        status.facts.into_iter().map(|(name, value)| (name, value.into())).collect();
    let durability = format!("{:?}", status.durability).to_lowercase();
    text(&json!({
        "url": status.url, "durability": durability, "facts": facts, "problems": status.problems,
    }))
}
