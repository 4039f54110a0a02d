//! The providers and agents of a program, and questions to them.
#![expect(
    clippy::needless_pass_by_value,
    reason = "what comes from JavaScript is a copy that belongs to us"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::contract::{Call, Desk, Step};
use fusion_core::error::{Code as ErrorCode, Error, Result};
use fusion_core::model::chat::Fault;
use fusion_providers::Keys;
use fusion_providers::kit::{self, Code, Kit, Spoken};
use napi_derive::napi;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::bridge::Shared;
use crate::convert::{text, thrown};
use crate::step::JsStep;

/// What makes the providers and agents of an engine, whose code is JavaScript where a description says so.
pub(crate) fn kit(
    fusion: &Fusion,
    shared: &Arc<Shared>,
    (keys, host): (BTreeMap<String, String>, &[String]),
) -> Kit {
    let of = shared.clone();
    let bodies = Box::new(move |code: &Code| -> Arc<dyn Step> {
        Arc::new(JsStep { name: code.name.clone(), number: code.number, shared: of.clone() })
    });
    let keys = Keys::new(move |name| keys.get(name).cloned());
    Kit::new(fusion, keys, fusion_cli::settings_for(host), bodies)
}

/// Loads a plugin's library, and gives what it calls itself.
///
/// # Errors
/// `FU0101` that says what is wrong with it.
#[napi]
pub fn load_plugin(path: String) -> napi::Result<String> {
    Ok(made(kit::load(Path::new(&path)))?.name().to_owned())
}

/// The providers and agents of one engine.
#[napi]
#[derive(Debug)]
pub struct Staff {
    pub(crate) fusion: Fusion,
    pub(crate) kit: Arc<Kit>,
    pub(crate) shared: Arc<Shared>,
}

fn described<T: DeserializeOwned>(spec: &str, what: &str) -> napi::Result<T> {
    serde_json::from_str(spec).map_err(|cause| {
        let message = format!("the description of the {what} does not fit");
        thrown(&Error::new(ErrorCode::InvalidInput, message).because(cause))
    })
}

fn made<T>(done: std::result::Result<T, Fault>) -> napi::Result<T> {
    done.map_err(|fault| thrown(&Error::new(ErrorCode::InvalidInput, fault.message().to_owned())))
}

fn read(asked: &str) -> Result<Value> {
    serde_json::from_str(asked).map_err(|cause| {
        Error::new(ErrorCode::InvalidInput, "the question cannot be read").because(cause)
    })
}

#[napi]
impl Staff {
    /// Adds a provider of its description, and gives its number.
    ///
    /// # Errors
    /// `FU0101` for a description that does not fit.
    #[napi]
    pub fn add_provider(&self, spec: String) -> napi::Result<u32> {
        made(self.kit.add(described(&spec, "provider")?))
    }

    /// Lets a provider be found by a name.
    ///
    /// # Errors
    /// `FU0101` when the number is not there.
    #[napi]
    pub fn name_provider(&self, name: String, number: u32) -> napi::Result<()> {
        made(self.kit.name(&name, number))
    }

    /// Adds an agent of its description, and gives its number; with `is_step`, graphs find it by its name.
    ///
    /// # Errors
    /// `FU0101` for a description that does not fit.
    #[napi]
    pub fn add_agent(&self, spec: String, is_step: bool) -> napi::Result<u32> {
        let (number, agent) = made(self.kit.add_agent(described(&spec, "agent")?))?;
        if is_step {
            self.fusion.agent(agent);
        }
        Ok(number)
    }

    /// Asks a provider, see `Kit::ask`; the ticket resolves to `[answer, fault]`.
    #[napi]
    pub fn ask(&self, ticket: i64, number: u32, op: String, asked: String) {
        let (kit, env) = (self.kit.clone(), self.fusion.env());
        self.shared.ask(ticket, async move {
            text(&kit.ask(&Call::new(env), number, (&op, read(&asked)?)).await)
        });
    }

    /// Asks something of the engine's team, see `Kit::ask_team`; the ticket resolves to the answer.
    #[napi]
    pub fn team(&self, ticket: i64, what: String, given: String) {
        let kit = self.kit.clone();
        self.shared.ask(ticket, async move { text(&kit.ask_team(&what, read(&given)?).await?) });
    }

    /// Tells as JSON what was observed under a name: `metrics` so far, or the `spans` since this was asked last.
    ///
    /// # Errors
    /// `FU0101` when nothing is observed under it.
    #[napi]
    pub fn observed(&self, what: String, name: String) -> napi::Result<String> {
        let told = if what == "spans" { self.kit.spans(&name) } else { self.kit.metrics(&name) };
        text(&made(told)?).map_err(|error| thrown(&error))
    }

    /// Asks a provider for an answer as it comes.
    ///
    /// # Errors
    /// `FU0101` when the question is no JSON.
    #[napi]
    pub fn stream(&self, number: u32, asked: String) -> napi::Result<AnswerChunks> {
        let asked = read(&asked).map_err(|error| thrown(&error))?;
        let spoken = Arc::new(Mutex::new(Some(self.kit.stream(number, asked))));
        let call = Call::new(self.fusion.env());
        Ok(AnswerChunks { spoken, call, shared: self.shared.clone() })
    }

    /// Lets an agent work on a task as a part of a body; the ticket resolves to `[reply, failure]`.
    #[napi]
    pub fn work(&self, ticket: i64, call: i64, agent: u32, task: String) {
        let context = u64::try_from(call).ok().and_then(|call| self.shared.slots.context(call));
        let (kit, env) = (self.kit.clone(), self.fusion.env());
        self.shared.ask(ticket, async move {
            let Some(context) = context else {
                return Err(Error::new(
                    ErrorCode::Closed,
                    "the attempt is over: nothing can be done",
                ));
            };
            let mut task = read(&task)?;
            let part = task.get_mut("part").map(Value::take);
            let part = part.as_ref().and_then(Value::as_str).unwrap_or("agent");
            let desk = Desk::new(context, env).part(part);
            match kit.work(&desk, agent, task).await {
                Ok(reply) => text(&json!([reply, null])),
                Err(failure) => text(&json!([null, failure])),
            }
        });
    }
}

/// An answer of a provider as it comes.
#[napi]
#[derive(Debug)]
pub struct AnswerChunks {
    spoken: Arc<Mutex<Option<Spoken>>>,
    call: Call,
    shared: Arc<Shared>,
}

#[napi]
impl AnswerChunks {
    /// Waits for the next chunks; the ticket resolves to `[chunks, fault]`, without chunks at the end.
    #[napi]
    pub fn next(&self, ticket: i64) {
        let (spoken, call) = (self.spoken.clone(), self.call.clone());
        self.shared.ask(ticket, async move {
            match spoken.lock().await.as_mut() {
                Some(spoken) => text(&spoken.next(&call).await),
                None => Ok("[[],null]".to_owned()),
            }
        });
    }

    /// Ends the call: nobody wants more.
    #[napi]
    pub fn close(&self) {
        let spoken = self.spoken.clone();
        self.shared.runtime.spawn(async move { spoken.lock().await.take() });
    }
}
