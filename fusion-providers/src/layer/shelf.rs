//! Documents that several processes change: read, change, write if nobody was faster, else again.

use std::fmt;
use std::sync::Arc;

use fusion_core::contract::{Env, Store};
use fusion_core::error::{Code, Error};
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_core::model::{Batch, Document, Op};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a change is tried when others are faster each time.
const TRIES: u32 = 1_000;
/// The longest pause between two tries, in milliseconds.
const PAUSE_MS: u64 = 16;

/// The documents of a kind.
#[derive(Clone)]
pub(crate) struct Shelf {
    store: Arc<dyn Store>,
    kind: Arc<str>,
    /// Tasks of this process change one after the other, so that only processes compete.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {:?}", self.kind, self.store)
    }
}

impl Shelf {
    pub(crate) fn new(store: Arc<dyn Store>, kind: &str) -> Self {
        Self { store, kind: kind.into(), turn: Arc::default() }
    }

    /// Reads a document with its version and the time when it was written; nothing is version 0.
    pub(crate) async fn read<T>(&self, id: &str) -> Result<(T, u64, i64), Fault>
    where
        T: DeserializeOwned + Default,
    {
        let found = self.store.get(&self.kind, id).await.map_err(|error| unreadable(&error))?;
        let Some(found) = found else { return Ok((T::default(), 0, 0)) };
        let value = serde_json::from_slice(&found.body).map_err(|error| {
            let message = format!("the document {} `{id}` cannot be read: {error}", self.kind);
            Fault::new(FaultKind::InvalidRequest, message)
        })?;
        Ok((value, found.version, found.at))
    }

    /// Writes a document, whatever is there.
    pub(crate) async fn write<T: Serialize>(
        &self,
        env: &Arc<dyn Env>,
        id: &str,
        value: &T,
    ) -> Result<(), Fault> {
        let op = self.put(id, value, None)?;
        let batch = Batch { now: env.now_ms(), ops: vec![op] };
        self.store.commit(batch).await.map(drop).map_err(|error| unreadable(&error))
    }

    /// Changes documents together: what `change` makes of them, given the time, is written as one, or nothing is.
    ///
    /// `change` is called again when another process was faster, with what that one wrote.
    pub(crate) async fn change<T, R>(
        &self,
        env: &Arc<dyn Env>,
        ids: &[String],
        change: impl Fn(&mut [T], i64) -> Result<R, Fault> + Send + Sync,
    ) -> Result<R, Fault>
    where
        T: Serialize + DeserializeOwned + Default + Clone + PartialEq + Send + Sync,
    {
        let _turn = self.turn.lock().await;
        for tries in 0..TRIES {
            let (mut values, mut versions) = (Vec::new(), Vec::new());
            for id in ids {
                let (value, version, _) = self.read::<T>(id).await?;
                values.push(value);
                versions.push(version);
            }
            let before = values.clone();
            let now = env.now_ms();
            let result = change(&mut values, now)?;
            let mut ops = Vec::new();
            let all = ids.iter().zip(&before).zip(values.iter().zip(versions));
            for ((id, before), (after, version)) in all {
                if before != after {
                    ops.push(self.put(id, after, Some(version))?);
                }
            }
            if ops.is_empty() {
                return Ok(result);
            }
            match self.store.commit(Batch { now, ops }).await {
                Ok(_) => return Ok(result),
                Err(error) if error.code() == Code::Conflict => {}
                Err(error) => return Err(unreadable(&error)),
            }
            let most = PAUSE_MS.min(1 << tries.min(10));
            let pause_ns = env.random() % (most * 1_000_000);
            env.sleep_until(env.monotonic_ns().saturating_add(pause_ns)).await;
        }
        let message = format!("the documents {} change faster than they can be written", self.kind);
        Err(Fault::new(FaultKind::Overloaded, message))
    }

    fn put<T: Serialize>(&self, id: &str, value: &T, expect: Option<u64>) -> Result<Op, Fault> {
        let body = serde_json::to_vec(value).map_err(|error| {
            let message = format!("the document {} `{id}` cannot be written: {error}", self.kind);
            Fault::new(FaultKind::InvalidRequest, message)
        })?;
        let document = Document {
            kind: self.kind.clone(),
            id: id.into(),
            version: 0,
            at: 0,
            tag: "".into(),
            body: body.into(),
        };
        Ok(Op::Put(document, expect))
    }
}

fn unreadable(error: &Error) -> Fault {
    Fault::new(FaultKind::Transport, format!("the store did not answer: {error}"))
}
