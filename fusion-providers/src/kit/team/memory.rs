//! What agents remember.

use fusion_core::error::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::{Question, Team, told};

/// Whose memory, and what of it.
#[derive(Deserialize)]
struct Of<M> {
    owner: String,
    #[serde(flatten)]
    more: M,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Key {
    key: String,
}

#[derive(Deserialize)]
struct Remember {
    key: String,
    value: Value,
}

#[derive(Deserialize)]
struct Search {
    text: String,
    limit: usize,
}

#[derive(Deserialize)]
struct Save {
    version: u32,
    state: Value,
}

pub(super) async fn memory(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    let of = team.fusion.memories();
    match asked.verb {
        "remember" => {
            let Of { owner, more: Remember { key, value } } = asked.read()?;
            of.of(&owner)?.remember(&key, &value).await?;
            Ok(Value::Null)
        }
        "recall" => {
            let Of { owner, more: Key { key } } = asked.read()?;
            // A fact that is `null` is one, too.
            let found = of.of(&owner)?.recall::<Value>(&key).await?;
            told(&found.map_or_else(Vec::new, |value| vec![value]))
        }
        "forget" => {
            let Of { owner, more: Key { key } } = asked.read()?;
            told(&of.of(&owner)?.forget(&key).await?)
        }
        "facts" => {
            let Of { owner, more: Nothing {} } = asked.read()?;
            told(&of.of(&owner)?.facts().await?)
        }
        "search" => {
            let Of { owner, more: Search { text, limit } } = asked.read()?;
            told(&of.of(&owner)?.search(&text, limit).await?)
        }
        "save" => {
            let Of { owner, more: Save { version, state } } = asked.read()?;
            of.of(&owner)?.save_state(version, &state).await?;
            Ok(Value::Null)
        }
        "saved" => {
            let Of { owner, more: Nothing {} } = asked.read()?;
            let saved = of.of(&owner)?.saved_state().await?;
            Ok(saved.map_or(
                Value::Null,
                |(version, state)| json!({"version": version, "state": state}),
            ))
        }
        _ => asked.unknown(),
    }
}
