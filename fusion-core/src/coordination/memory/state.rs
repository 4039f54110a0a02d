//! The saved state of an agent: one document with the version of its form.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Memory;
use super::facts::read;
use crate::error::{Code, Error, Result};
use crate::model::{Failure, limits};

/// The kind of the documents.
const KIND: &str = "agent_state";

#[derive(Serialize)]
struct Writes<'a> {
    version: u32,
    state: &'a RawValue,
}

#[derive(Deserialize)]
struct Reads {
    version: u32,
    state: Value,
}

pub(super) async fn save(memory: &Memory, version: u32, state: Vec<u8>) -> Result<()> {
    let unwritable = |cause: serde_json::Error| {
        Error::new(Code::InvalidInput, "the state cannot be JSON").because(cause)
    };
    if state.len() > limits::FILE_BYTES {
        let text =
            format!("the state of `{}` is larger than {} bytes", memory.owner, limits::FILE_BYTES);
        return Err(Error::new(Code::Limit, text)
            .hint("save what it cannot find elsewhere, or parts of it as facts"));
    }
    let state: &RawValue = serde_json::from_slice(&state).map_err(unwritable)?;
    let body = serde_json::to_vec(&Writes { version, state }).map_err(unwritable)?;
    memory.of.put(KIND, &memory.owner, "", body).await
}

pub(super) async fn saved(memory: &Memory) -> Result<Option<(u32, Value)>> {
    let owner = &*memory.owner;
    let Some(document) = memory.of.store.get(KIND, owner).await? else { return Ok(None) };
    let Reads { version, state } = read("the saved state of", owner, &document.body)?;
    Ok(Some((version, state)))
}

pub(super) async fn load<T: DeserializeOwned>(
    memory: &Memory,
    version: u32,
    upcast: &(impl Fn(u32, Value) -> std::result::Result<Value, Failure> + Sync),
) -> Result<Option<T>> {
    let owner = &*memory.owner;
    let Some((saved, mut state)) = saved(memory).await? else { return Ok(None) };
    if saved > version {
        let text = format!(
            "the state of `{owner}` was saved in version {saved}; this program knows version {version}"
        );
        return Err(Error::new(Code::StoreNewer, text).hint("load it by the newer program"));
    }
    for from in saved..version {
        state = upcast(from, state).map_err(|failure| {
            let next = from.saturating_add(1);
            let text = format!("the state of `{owner}` cannot go from version {from} to {next}");
            Error::new(Code::Codec, format!("{text}: {}", failure.message))
                .hint("it stays as it was saved")
        })?;
    }
    serde_json::from_value(state).map(Some).map_err(|cause| {
        let text = format!("the state of `{owner}` is not of the form that is asked for");
        Error::new(Code::Codec, text).because(cause)
    })
}
