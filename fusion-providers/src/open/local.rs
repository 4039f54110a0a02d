//! Servers that listen on this machine already.

use fusion_core::contract::{Call, Provider, Timeouts};
use fusion_core::model::chat::{Fault, Model};
use std::sync::Arc;

use super::named::{Keys, open};
use crate::{Http, Settings};

/// How long a server on this machine may take to say which models it has, in milliseconds.
const LOOK_MS: u64 = 500;
/// The names of those that are looked for, in the order in which they are preferred.
const LOCAL: [&str; 2] = ["ollama", "llamacpp"];

/// A server that listens on this machine.
#[derive(Debug, Clone)]
pub struct Found {
    /// What it is called in [`open`](super::open).
    pub name: &'static str,
    /// The models that it has.
    pub models: Vec<Model>,
    /// The provider; its model is the first of those that it has.
    pub provider: Arc<dyn Provider>,
}

/// Looks which servers listen on this machine: Ollama (11434, or where `OLLAMA_HOST` says), then llama.cpp's (8080, or where
/// `LLAMA_BASE_URL` says). One without a model is left out, as nobody could ask it anything.
///
/// Takes no longer than half a second.
///
/// # Errors
/// `cancelled`, or `timeout` when the call's own time is over. A server that is not there, or is something else, is no error.
pub async fn discover(call: &Call, keys: &Keys, http: &Http) -> Result<Vec<Found>, Fault> {
    let limits = Timeouts { connect_ms: LOOK_MS, idle_ms: LOOK_MS, total_ms: LOOK_MS };
    let brief = call.clone().timeouts(limits).within_ms(LOOK_MS);
    let looks = LOCAL.map(|name| look(name, &brief, keys, http));
    let found = futures_util::future::join_all(looks).await;
    call.check()?;
    Ok(found.into_iter().flatten().collect())
}

async fn look(name: &'static str, call: &Call, keys: &Keys, http: &Http) -> Option<Found> {
    let settings = Settings::default().http(http.clone());
    let asked = open(name, keys, settings.clone()).ok()?;
    let models = asked.models(call).await.ok()?;
    let first = models.first()?.id.clone();
    let provider = open(name, keys, settings.model(first)).ok()?;
    Some(Found { name, models, provider })
}
