//! A run from outside: its result, its state, its journal.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::handle::Handle;
use crate::contract::Subscription;
use crate::error::{Code, Error, Result};
use crate::model::{Failure, Key, Payload, RunId, RunStatus, Stamped};
use crate::run::engine::Fate;
use crate::run::{adopt, row};
use crate::schedule::{Output, State};

/// One run in the store, wherever it is driven. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Run {
    pub(super) engine: Handle,
    pub(super) id: RunId,
}

impl Run {
    pub(super) fn new(engine: Handle, id: RunId) -> Self {
        Self { engine, id }
    }

    /// Gives the id.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Gives the status as lists show it.
    pub async fn status(&self) -> Result<RunStatus> {
        match self.engine.store.get(row::KIND, self.id.as_str()).await? {
            Some(document) => Ok(row::read(&document)?.status),
            None => Ok(self.state().await?.status()),
        }
    }

    /// Folds the run's journal: everything that is known of it.
    pub async fn state(&self) -> Result<State> {
        Ok(adopt::load(&self.engine, &self.id).await?.0)
    }

    /// Reads the run's journal after a place, at most `limit` records.
    pub async fn journal(&self, after: u64, limit: usize) -> Result<Vec<Stamped>> {
        self.engine.store.read(&self.id.stream(), after, limit).await
    }

    /// Waits until the run has ended, and gives its outputs.
    ///
    /// # Errors
    /// `FU0401` with the node's failure when it failed, `FU0402` when it was cancelled, `FU0101` when the outputs are
    /// of another type.
    pub async fn result<T: DeserializeOwned>(&self) -> Result<T> {
        let (status, outputs, failure) = self.wait().await?;
        let failure = failure.unwrap_or_else(|| Failure::error("unknown"));
        match status {
            RunStatus::Succeeded => outputs.decode().map_err(|error| {
                Error::new(
                    Code::InvalidInput,
                    format!("the outputs of run `{}` are of another type", self.id),
                )
                .because(error)
            }),
            RunStatus::Cancelled => Err(Error::new(
                Code::RunCancelled,
                format!("run `{}` was {}", self.id, failure.message),
            )),
            _ => Err(Error::new(
                Code::RunFailed,
                format!("run `{}` failed: {}", self.id, failure.message),
            )
            .hint(format!("`fusion runs show {}` shows all nodes", self.id))
            .with_failure(failure)),
        }
    }

    /// Waits until the run has ended: its status, its outputs, and the failure that decided it.
    pub async fn wait(&self) -> Result<(RunStatus, Payload, Option<Failure>)> {
        let bus = self.engine.store.bus();
        let mut left = bus.listen(&[&format!("left/{}", self.id)]);
        let (mut grown, mut outcome) = (None, None);
        loop {
            // A run that is driven here says when it is left: nobody has to look after each of its records.
            let here = match self.engine.driven().get(&self.id) {
                Some(Fate::Driven(_, there)) => outcome.insert(there.clone()).get().is_none(),
                _ => false,
            };
            if let Some((status, outputs, failure)) = outcome.as_ref().and_then(|there| there.get())
            {
                return Ok((*status, self.loaded(outputs.clone()).await?, failure.clone()));
            }
            grown = if here { None } else { grown.or_else(|| Some(bus.listen(&[&self.topic()]))) };
            if !here && let Some(result) = self.ended().await? {
                return Ok(result);
            }
            if let Some(Fate::Lost(error)) = self.engine.driven().get(&self.id).cloned() {
                return Err(error);
            }
            self.engine.check_open()?;
            tokio::select! {
                biased;
                () = left.heard() => {}
                () = heard(grown.as_deref_mut()) => {}
                () = self.engine.poll_pause() => {}
            }
        }
    }

    async fn ended(&self) -> Result<Option<(RunStatus, Payload, Option<Failure>)>> {
        let Some(head) = self.engine.store.head(&self.id.stream()).await? else {
            return Err(Error::new(
                Code::RunNotFound,
                format!("there is no run `{}` in this store", self.id),
            ));
        };
        let last = self.engine.store.read(&self.id.stream(), head.seq.saturating_sub(1), 1).await?;
        match last.into_iter().next().map(|stamped| stamped.record) {
            Some(crate::model::Record::RunFinished(status, outputs, failure)) => {
                Ok(Some((status, self.loaded(outputs).await?, failure.map(|failure| *failure))))
            }
            _ => Ok(None),
        }
    }

    /// Gives a payload with its bytes.
    pub async fn loaded(&self, payload: Payload) -> Result<Payload> {
        let Payload::Blob(kind, digest, _) = payload else { return Ok(payload) };
        match self.engine.store.blob(digest).await? {
            Some(bytes) => Ok(Payload::Inline(kind, bytes)),
            None => Err(Error::new(Code::Codec, format!("blob {digest} is not in the store"))),
        }
    }

    /// Gives the output of a node as JSON; `None` when it has none (yet). Bytes that are not JSON become text.
    pub async fn output(&self, state: &State, key: Key) -> Result<Option<Value>> {
        match state.output(key) {
            Output::None | Output::Skipped => Ok(None),
            Output::One(payload) => self.value(payload.clone()).await.map(Some),
            Output::Many(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(match item {
                        Ok(payload) => self.value(payload.clone()).await?,
                        Err(failure) => serde_json::json!({"error": {"class": failure.class, "message": failure.message}}),
                    });
                }
                Ok(Some(Value::Array(list)))
            }
        }
    }

    async fn value(&self, payload: Payload) -> Result<Value> {
        let payload = self.loaded(payload).await?;
        Ok(payload.decode().unwrap_or_else(|_| {
            Value::from(
                payload
                    .bytes()
                    .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                    .unwrap_or_default(),
            )
        }))
    }

    /// Gives how far the bodies are that said so, by node; only of bodies in this process.
    pub fn progress(&self) -> std::collections::BTreeMap<String, Value> {
        self.engine.progress(&self.id)
    }

    /// Gives why the run cannot be written now and waits: a full disk, a store that another program holds. It goes on by
    /// itself. Of a run that another process drives only a full disk is known.
    pub fn trouble(&self) -> Option<Error> {
        self.engine.trouble(&self.id).or_else(|| self.engine.store.pressure())
    }

    /// Waits until [`Run::trouble`] begins or ends.
    pub async fn trouble_changed(&self, from: bool) -> Option<Error> {
        let mut bell = self.engine.store.bus().listen(&[&format!("trouble/{}", self.id)]);
        loop {
            let trouble = self.trouble();
            if trouble.is_some() != from {
                return trouble;
            }
            tokio::select! {
                biased;
                () = bell.heard() => {}
                () = self.engine.poll_pause() => {}
            }
        }
    }

    pub(super) fn topic(&self) -> String {
        format!("stream/{}", self.id.stream())
    }
}

/// Waits for a bell; for ever without one.
async fn heard(bell: Option<&mut (dyn Subscription + 'static)>) {
    match bell {
        Some(bell) => bell.heard().await,
        None => std::future::pending().await,
    }
}
