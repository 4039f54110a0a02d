//! Whose ticks they are that stand in a `tasks.md`. It is written in the store, because several processes may drive one build.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fusion_core::Fusion;
use fusion_core::contract::{Env, Store};
use fusion_core::error::{Code, Error, Result};
use fusion_core::model::{Batch, Digest, Document, Op};
use serde::{Deserialize, Serialize};

use super::ticks::{self, change, ticked};
use crate::tasks::State;

/// The kind of the documents: one for each `tasks.md`.
const KIND: &str = "build_ticks";
/// How often a change is tried anew when another process was faster.
const TRIES: u32 = 200;
/// The longest pause between two tries, in nanoseconds.
const PAUSE_NS: u64 = 20_000_000;

/// Who has set which box.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Whose {
    /// People: these tasks were ticked while nobody worked.
    people: BTreeSet<String>,
    /// The build, which has proved these tasks.
    build: BTreeSet<String>,
}

/// The boxes of a specification that is built. Those that people set while nobody worked, and those of what the build has proved, stay; others
/// an agent has set during its attempt, which proves nothing, and they can be taken away.
#[derive(Clone)]
pub struct Boxes {
    store: Arc<dyn Store>,
    env: Arc<dyn Env>,
    id: String,
    spec: PathBuf,
}

impl fmt::Debug for Boxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the boxes in {}", self.spec.display())
    }
}

impl Boxes {
    /// Finds those of a specification by its folder.
    pub fn of(fusion: &Fusion, spec: &Path) -> Self {
        Self::held(fusion.store(), fusion.env(), spec)
    }

    pub(super) fn held(store: Arc<dyn Store>, env: Arc<dyn Env>, spec: &Path) -> Self {
        let whole = spec.canonicalize().unwrap_or_else(|_| spec.to_owned());
        let id = Digest::of(whole.as_os_str().as_encoded_bytes()).to_string();
        Self { store, env, id, spec: whole }
    }

    /// Takes the ticks that are there for those of people, but for what the build has proved. For moments at which nobody works at the
    /// build: before it begins, and when it is taken up after it was interrupted.
    ///
    /// # Errors
    /// `FU0201` when `tasks.md` cannot be read, and `FU03xx` from the store.
    pub async fn keep(&self) -> Result<()> {
        let ticked = ticked(&self.spec)?;
        self.note(|whose| {
            whose.build.retain(|id| ticked.contains(id));
            whose.people = ticked.difference(&whose.build).cloned().collect();
        })
        .await
    }

    /// Takes away the ticks that neither people nor the build have set, and gives the ids of their tasks.
    ///
    /// # Errors
    /// `FU0201` when `tasks.md` cannot be read or written, and `FU03xx` from the store.
    pub async fn sweep(&self) -> Result<Vec<String>> {
        // The build's are known before they are set: what is read of them must be newer than the boxes.
        let ticked = ticked(&self.spec)?;
        let Some((whose, _)) = self.read().await? else {
            self.keep().await?;
            return Ok(Vec::new());
        };
        let is_other = |id: &&String| !whose.people.contains(*id) && !whose.build.contains(*id);
        let others: BTreeSet<&String> = ticked.iter().filter(is_other).collect();
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let mut gone = change(&self.spec, &|task| {
            (task.state == State::Done && others.contains(&task.id)).then_some(State::Open)
        })?;
        // What another process has proved since is ticked again.
        let proved = self.read().await?.unwrap_or_default().0.build;
        for id in gone.iter().filter(|id| proved.contains(*id)) {
            ticks::set(&self.spec, id, State::Done)?;
        }
        gone.retain(|id| !proved.contains(id));
        Ok(gone)
    }

    /// Tells whether people have set the box of a task.
    pub(super) async fn is_of_people(&self, id: &str) -> Result<bool> {
        if self.read().await?.is_none() {
            self.keep().await?;
        }
        Ok(self.read().await?.is_some_and(|(whose, _)| whose.people.contains(id)))
    }

    /// Takes a tick away that an agent has set, or the build for what is done once more.
    pub(super) async fn take_away(&self, id: &str) -> Result<()> {
        self.note(|whose| {
            whose.build.remove(id);
        })
        .await?;
        ticks::set(&self.spec, id, State::Open).map(drop)
    }

    /// Ticks a task that the build has proved.
    pub(super) async fn prove(&self, id: &str) -> Result<()> {
        // Known before it is seen: whoever looks at the boxes meanwhile leaves it.
        self.note(|whose| {
            whose.people.remove(id);
            whose.build.insert(id.to_owned());
        })
        .await?;
        ticks::set(&self.spec, id, State::Done).map(drop)
    }

    async fn read(&self) -> Result<Option<(Whose, u64)>> {
        let Some(found) = self.store.get(KIND, &self.id).await? else { return Ok(None) };
        let whose = serde_json::from_slice(&found.body).map_err(|cause| {
            let message = format!("whose the ticks in {} are cannot be read", self.spec.display());
            Error::new(Code::Codec, message).because(cause)
        })?;
        Ok(Some((whose, found.version)))
    }

    /// Changes what is known of whose they are; once more when another process was faster.
    async fn note(&self, change: impl Fn(&mut Whose) + Send + Sync) -> Result<()> {
        for _ in 0..TRIES {
            let found = self.read().await?;
            let is_new = found.is_none();
            let (before, version) = found.unwrap_or_default();
            let mut after = before.clone();
            change(&mut after);
            if after == before && !is_new {
                return Ok(());
            }
            let body = serde_json::to_vec(&after).map_err(|cause| {
                Error::new(Code::InvalidInput, "whose ticks they are cannot be written")
                    .because(cause)
            })?;
            let document = Document {
                kind: KIND.into(),
                id: self.id.as_str().into(),
                version,
                at: 0,
                tag: "".into(),
                body: body.into(),
            };
            let batch =
                Batch { now: self.env.now_ms(), ops: vec![Op::Put(document, Some(version))] };
            match self.store.commit(batch).await.map(drop) {
                Err(error) if error.code() == Code::Conflict => {}
                other => return other,
            }
            let pause = self.env.random() % PAUSE_NS;
            self.env.sleep_until(self.env.monotonic_ns().saturating_add(pause)).await;
        }
        let message = format!(
            "the ticks in {} change faster than they can be written down",
            self.spec.display()
        );
        Err(Error::new(Code::Limit, message).hint("try again"))
    }
}
