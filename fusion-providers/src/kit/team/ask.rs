//! Which question goes to whom.

use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::coordination::{Delegation, Delivery, Follow, Mailbox};
use fusion_core::error::{Code, Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;

use super::super::Kit;
use super::numbered::Numbered;
use super::{agents, mail, memory, objects, services, tasks, workspaces};
use crate::layer;

/// What stays open between questions.
#[derive(Debug)]
pub(in super::super) struct Team {
    pub(super) fusion: Fusion,
    pub(super) mailboxes: Numbered<Arc<Mutex<Mailbox>>>,
    pub(super) deliveries: Numbered<Delivery>,
    pub(super) follows: Numbered<Arc<Mutex<Follow>>>,
    pub(super) delegations: Numbered<Delegation>,
}

impl Team {
    pub(in super::super) fn new(fusion: &Fusion) -> Self {
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
            "memory" => memory::memory(team, asked).await,
            "workspaces" => workspaces::workspaces(team, asked).await,
            "objects" => objects::objects(self, asked).await,
            "providers" => providers(team, asked).await,
            _ => asked.unknown(),
        }
    }
}

/// Forgets what layers keep, see [`layer::prune`].
async fn providers(team: &Team, mut asked: Question<'_>) -> Result<Value> {
    let "prune" = asked.verb else { return asked.unknown() };
    let Prune { older_ms, dry_run } = asked.read()?;
    let (store, now) = (team.fusion.store(), team.fusion.now_ms());
    let before = now.saturating_sub(older_ms);
    told(&layer::prune(store.as_ref(), (before, now), dry_run).await?)
}

/// One question.
pub(super) struct Question<'a> {
    pub(super) what: &'a str,
    pub(super) verb: &'a str,
    pub(super) given: Value,
}

impl Question<'_> {
    /// Reads what was given; it is taken out.
    pub(super) fn read<T: DeserializeOwned>(&mut self) -> Result<T> {
        serde_json::from_value(self.given.take()).map_err(|cause| {
            let text = format!("what was given to `{}` does not fit: {cause}", self.what);
            Error::new(Code::InvalidInput, text)
        })
    }

    pub(super) fn unknown(&self) -> Result<Value> {
        Err(Error::new(Code::Internal, format!("nobody knows how to `{}`", self.what)))
    }
}

/// Writes an answer.
pub(super) fn told<T: Serialize>(answer: &T) -> Result<Value> {
    serde_json::to_value(answer)
        .map_err(|cause| Error::new(Code::Internal, "the answer cannot be JSON").because(cause))
}

/// An id, and who wants something of it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    pub(super) id: String,
    #[serde(default)]
    pub(super) by: String,
    #[serde(default)]
    pub(super) why: String,
}

/// Those in one state, or all.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InState<S> {
    pub(super) state: Option<S>,
}

/// What is over since so many milliseconds or longer is forgotten.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prune {
    pub(super) older_ms: i64,
    #[serde(default)]
    pub(super) dry_run: bool,
}

/// An id, and which part of what happened to it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    pub(super) id: String,
    #[serde(default)]
    pub(super) after: u64,
    #[serde(default = "usual_page")]
    pub(super) limit: usize,
}

pub(super) fn usual_page() -> usize {
    1_000
}
