//! [`Memory`]: the facts of one owner, as documents of the store.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::search::{Fact, Recalled, search};
use crate::contract::{Env, Store};
use crate::coordination::kept::documents;
use crate::coordination::life::spec::check_name;
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Document, Failure, Op, limits};

/// The kind of the documents.
const KIND: &str = "memory";
/// The longest key, in bytes.
const KEY_BYTES: usize = 256;

/// The memories of a store, one for each owner. `Fusion::memories` gives it. Cheap to clone.
#[derive(Clone)]
pub struct Memories {
    pub(super) store: Arc<dyn Store>,
    pub(super) env: Arc<dyn Env>,
}

/// What one owner knows beyond one task: facts by key, and its saved state. The owner is the name of an agent, or of a team that
/// shares it; every process of the store sees the same. Cheap to clone.
///
/// ```
/// use fusion_core::Fusion;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let fusion = Fusion::open("memory://").await?;
/// let memory = fusion.memories().of("writer")?;
/// memory.remember("customer/acme", &"wants invoices by mail").await?;
/// let found = memory.search("who wants an invoice", 3).await?;
/// assert_eq!(found[0].fact.key, "customer/acme");
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Memory {
    pub(super) of: Memories,
    pub(super) owner: Arc<str>,
}

impl fmt::Debug for Memories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memories").finish_non_exhaustive()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "memory of `{}`", self.owner)
    }
}

impl Memories {
    pub(crate) fn new(store: Arc<dyn Store>, env: Arc<dyn Env>) -> Self {
        Self { store, env }
    }

    /// Gives the memory of an owner: 1 to 128 characters of `A-Za-z0-9._:@-`. One that remembers nothing needs not be made.
    ///
    /// # Errors
    /// `FU0102` when the name does not fit.
    pub fn of(&self, owner: &str) -> Result<Memory> {
        check_name("an owner of a memory", owner, limits::NAME_BYTES)?;
        Ok(Memory { of: self.clone(), owner: owner.into() })
    }
}

impl Memory {
    /// Gives whose it is.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Remembers a fact; what was under its key is forgotten.
    ///
    /// # Errors
    /// `FU0102` for a key that is empty or longer than 256 bytes, `FU0106` for a value of more than 64 KiB; the store's.
    pub async fn remember(&self, key: &str, value: &impl Serialize) -> Result<()> {
        if key.trim().is_empty() || key.len() > KEY_BYTES || key.chars().any(char::is_control) {
            let short: String = key.chars().take(40).collect();
            let text = format!("{short:?} is no key of a fact");
            return Err(Error::new(Code::InvalidId, text)
                .hint(format!("use 1 to {KEY_BYTES} bytes of text in one line")));
        }
        let body = written("the fact", value)?;
        if body.len() > limits::INLINE_BYTES {
            let text = format!("the fact `{key}` is larger than {} bytes", limits::INLINE_BYTES);
            return Err(Error::new(Code::Limit, text)
                .hint("remember where it is, or its parts under keys of their own"));
        }
        self.of.put(KIND, &self.id(key), &self.owner, body).await
    }

    /// Recalls what is remembered under a key.
    ///
    /// # Errors
    /// `FU0311` when it is of another type; the store's.
    pub async fn recall<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        match self.of.store.get(KIND, &self.id(key)).await? {
            Some(document) => Ok(Some(read("the fact", key, &document.body)?)),
            None => Ok(None),
        }
    }

    /// Forgets a fact. Tells whether there was one.
    pub async fn forget(&self, key: &str) -> Result<bool> {
        let id = self.id(key);
        let was = self.of.store.get(KIND, &id).await?.is_some();
        self.of.commit(Op::Delete(KIND.into(), id.into())).await?;
        Ok(was)
    }

    /// Lists all facts, by key.
    ///
    /// # Errors
    /// The store's.
    pub async fn facts(&self) -> Result<Vec<Fact>> {
        let mut facts = Vec::new();
        for document in documents(self.of.store.as_ref(), KIND, Some(&self.owner)).await? {
            let key = document.id.split_once('/').map_or("", |(_, key)| key).to_owned();
            let value = read("the fact", &key, &document.body)?;
            facts.push(Fact { key, value, at: document.at });
        }
        facts.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(facts)
    }

    /// Finds the facts that speak of a text, the best first, at most `limit`. All facts of the owner are read for it: some
    /// milliseconds for a thousand.
    ///
    /// # Errors
    /// The store's.
    pub async fn search(&self, text: &str, limit: usize) -> Result<Vec<Recalled>> {
        Ok(search(self.facts().await?, text, limit))
    }

    /// Saves the owner's state, in the form of a version; the one before is forgotten.
    ///
    /// # Errors
    /// `FU0106` for more than 8 MiB; the store's.
    pub async fn save_state(&self, version: u32, state: &impl Serialize) -> Result<()> {
        super::state::save(self, version, written("the state", state)?).await
    }

    /// Loads the owner's state in the form of a version; nothing when none was saved. A state of an older version goes through
    /// `upcast`, which makes of a state of the version `from` one of the next, one version after the other.
    ///
    /// # Errors
    /// `FU0303` when a newer version saved it, `FU0311` when `upcast` fails or the state is of another type; the store's. It
    /// stays as it is.
    pub async fn load_state<T: DeserializeOwned>(
        &self,
        version: u32,
        upcast: impl Fn(u32, Value) -> std::result::Result<Value, Failure> + Send + Sync,
    ) -> Result<Option<T>> {
        super::state::load(self, version, &upcast).await
    }

    /// Gives the state that was saved, as it is, and the version of its form; nothing when none was saved.
    ///
    /// # Errors
    /// The store's.
    pub async fn saved_state(&self) -> Result<Option<(u32, Value)>> {
        super::state::saved(self).await
    }

    fn id(&self, key: &str) -> String {
        format!("{}/{key}", self.owner)
    }
}

impl Memories {
    pub(super) async fn put(&self, kind: &str, id: &str, tag: &str, body: Vec<u8>) -> Result<()> {
        let document = Document {
            kind: kind.into(),
            id: id.into(),
            version: 0,
            at: 0,
            tag: tag.into(),
            body: body.into(),
        };
        self.commit(Op::Put(document, None)).await
    }

    async fn commit(&self, op: Op) -> Result<()> {
        self.store.commit(Batch { now: self.env.now_ms(), ops: vec![op] }).await.map(drop)
    }
}

fn written(what: &str, value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|cause| {
        Error::new(Code::InvalidInput, format!("{what} cannot be JSON")).because(cause)
    })
}

pub(super) fn read<T: DeserializeOwned>(what: &str, name: &str, body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|cause| {
        let text = format!("{what} `{name}` is not of the form that is asked for");
        Error::new(Code::Codec, text).because(cause)
    })
}
