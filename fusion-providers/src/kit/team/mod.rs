//! What programs in other languages ask of an engine's team, as JSON: agents, tasks, messages, services, objects.
//!
//! | file | what it answers |
//! |---|---|
//! | `agents` | `agents.*`, `swarm.*` |
//! | `tasks` | `tasks.*`, a process's part in them among them |
//! | `mail` | `messages.*`, `mailbox.*`, `follow.*` |
//! | `services` | `services.*` |
//! | `objects` | `objects.*` |
//! | `code` | [`Code`](super::Code) as the code of a kind of objects |
//! | `numbered` | what stays open between questions, by number |

mod agents;
mod code;
mod mail;
mod numbered;
mod objects;
mod services;
mod tasks;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::coordination::{Delegation, Delivery, Follow, Mailbox};
use fusion_core::error::{Code, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use self::numbered::Numbered;
use super::Kit;

/// What stays open between questions.
#[derive(Debug)]
pub(super) struct Team {
    fusion: Fusion,
    mailboxes: Numbered<Arc<Mutex<Mailbox>>>,
    deliveries: Numbered<Delivery>,
    follows: Numbered<Arc<Mutex<Follow>>>,
    delegations: Numbered<Delegation>,
}

impl Team {
    pub(super) fn new(fusion: &Fusion) -> Self {
        Self {
            fusion: fusion.clone(),
            mailboxes: Numbered::default(),
            deliveries: Numbered::default(),
            follows: Numbered::default(),
            delegations: Numbered::default(),
        }
    }
}

impl Kit {
    /// Asks something of the engine's team by its name, `agents.spawn` or `objects.call`; question and answer are as in Rust, in
    /// `snake_case`, and messages in their [own form](fusion_core::coordination::Message).
    ///
    /// # Errors
    /// `FU0101` when the question does not fit, and those of what is asked for.
    pub async fn ask_team(&self, what: &str, given: Value) -> Result<Value> {
        let team = self.team();
        let (noun, verb) = what.split_once('.').unwrap_or((what, ""));
        let asked = Question { what, verb, given };
        match noun {
            "agents" => agents::agents(team, asked).await,
            "swarm" => agents::swarm(self, asked).await,
            "tasks" => tasks::tasks(team, asked).await,
            "messages" => mail::messages(team, asked).await,
            "mailbox" => mail::mailbox(team, asked).await,
            "follow" => mail::follow(team, asked).await,
            "services" => services::services(team, asked).await,
            "objects" => objects::objects(self, asked).await,
            _ => asked.unknown(),
        }
    }
}

/// One question.
struct Question<'a> {
    what: &'a str,
    verb: &'a str,
    given: Value,
}

impl Question<'_> {
    /// Reads what was given.
    fn read<T: DeserializeOwned>(self) -> Result<T> {
        serde_json::from_value(self.given).map_err(|cause| {
            let text = format!("what was given to `{}` does not fit: {cause}", self.what);
            Error::new(Code::InvalidInput, text)
        })
    }

    fn unknown(&self) -> Result<Value> {
        Err(Error::new(Code::Internal, format!("nobody knows how to `{}`", self.what)))
    }
}

/// Writes an answer.
fn told<T: Serialize>(answer: &T) -> Result<Value> {
    serde_json::to_value(answer)
        .map_err(|cause| Error::new(Code::Internal, "the answer cannot be JSON").because(cause))
}

/// An id, and who wants something of it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    id: String,
    #[serde(default)]
    by: String,
    #[serde(default)]
    why: String,
}

/// An id, and which part of what happened to it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    id: String,
    #[serde(default)]
    after: u64,
    #[serde(default = "usual_page")]
    limit: usize,
}

fn usual_page() -> usize {
    1_000
}
