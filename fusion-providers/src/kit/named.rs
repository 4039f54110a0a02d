//! [`Models`]: providers by name.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use fusion_core::Fusion;
use fusion_core::contract::{Call, Chunks, Env, Provider, Store};
use fusion_core::coordination::memory::Memories;
use fusion_core::model::chat::{
    Answer, Embed, Embeddings, Fault, FaultKind, Model, Quota, Request,
};

use crate::layer::{ProviderExt, Retry, Timeout};
use crate::open::{watched, whose};
use crate::tools::Ground;
use crate::{Keys, Settings, discover, open};

/// The name of whatever listens on this machine.
const LOCAL: &str = "local";
/// How many providers with the layers of files are kept at the most.
const LAYERED: usize = 1_024;

/// Providers by name: those that the program has added, those of [`open`], and `local`, which is what listens on this machine.
///
/// One that is opened by its name has the usual time limits and retries, and is kept; one that was added is as it is. What follows the
/// first colon of a name is the model of requests that name none. Clones share what they know; the network's client is made
/// when it is needed.
#[derive(Clone)]
pub struct Models(Arc<Shared>);

struct Shared {
    env: Arc<dyn Env>,
    keys: Keys,
    settings: Settings,
    kept: OnceLock<(Arc<dyn Store>, Memories)>,
    opened: Mutex<BTreeMap<String, Arc<dyn Provider>>>,
    layered: Mutex<BTreeMap<String, Arc<dyn Provider>>>,
    added: Mutex<BTreeMap<String, Arc<dyn Provider>>>,
}

impl Models {
    /// Knows what can be opened, with these settings; keys are looked up when a name is asked for first, and are secrets from then on.
    pub fn new(env: Arc<dyn Env>, keys: Keys, settings: Settings) -> Self {
        let keys = watched(keys, settings.secrets.clone());
        let (opened, layered, added) = (Mutex::default(), Mutex::default(), Mutex::default());
        let kept = OnceLock::new();
        Self(Arc::new(Shared { env, keys, settings, kept, opened, layered, added }))
    }

    /// Lets what workflow files say of budgets, rates and memories be kept in the store of an engine. The first word counts.
    #[must_use]
    pub fn keep_in(self, engine: &Fusion) -> Self {
        let _ = self.0.kept.set((engine.store(), engine.memories()));
        self
    }

    /// Gives what tools stand on.
    pub(crate) fn ground(&self) -> Ground<'_> {
        Ground { env: &self.0.env, memories: self.0.kept.get().map(|(_, memories)| memories) }
    }

    /// Gives where budgets and rates are kept.
    pub(crate) fn store(&self) -> Option<Arc<dyn Store>> {
        self.0.kept.get().map(|(store, _)| store.clone())
    }

    /// Gives what was put together before, with its layers, for the same words.
    pub(crate) fn layered(&self, words: &str) -> Option<Arc<dyn Provider>> {
        locked(&self.0.layered).get(words).cloned()
    }

    /// Keeps what was put together. Words come from templates, too: of more than a file could mean, all are forgotten.
    pub(crate) fn keep_layered(&self, words: String, provider: Arc<dyn Provider>) {
        let mut all = locked(&self.0.layered);
        if all.len() >= LAYERED {
            all.clear();
        }
        all.insert(words, provider);
    }

    /// Adds a provider under a name, which hides what had it before.
    pub fn add(&self, name: &str, provider: Arc<dyn Provider>) {
        locked(&self.0.added).insert(name.to_owned(), provider);
    }

    /// Gives the world.
    pub(crate) fn env(&self) -> &Arc<dyn Env> {
        &self.0.env
    }

    /// Gives what is asked for keys.
    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Gives what everything is opened with.
    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Gives the provider of a name.
    ///
    /// # Errors
    /// As [`open`]; `transport` when nothing listens on this machine.
    pub async fn get(&self, call: &Call, name: &str) -> Result<Arc<dyn Provider>, Fault> {
        if let Some(known) = locked(&self.0.opened).get(name).cloned() {
            // What was added since hides it.
            if self.added(name).is_none() {
                return Ok(known);
            }
        }
        let (bare, is_added) = self.bare(call, name).await?;
        if is_added {
            return Ok(bare);
        }
        let provider: Arc<dyn Provider> =
            Arc::new(bare.layer(Timeout::usual()).layer(Retry::new()));
        locked(&self.0.opened).insert(name.to_owned(), provider.clone());
        Ok(provider)
    }

    /// Gives the provider of a name without any layer, and whether the program has added it.
    pub(crate) async fn bare(
        &self,
        call: &Call,
        name: &str,
    ) -> Result<(Arc<dyn Provider>, bool), Fault> {
        if let Some(added) = self.added(name) {
            return Ok((added, true));
        }
        let bare = if name == LOCAL {
            let found = discover(call, &self.0.keys, &self.0.settings.http).await?;
            found.into_iter().next().ok_or_else(nothing_local)?.provider
        } else {
            self.open(name, self.0.settings.clone())?
        };
        Ok((bare, false))
    }

    fn added(&self, name: &str) -> Option<Arc<dyn Provider>> {
        let (word, model) = name.split_once(':').unwrap_or((name, ""));
        let added = locked(&self.0.added).get(word).cloned()?;
        Some(if model.is_empty() {
            added
        } else {
            Arc::new(OfModel { provider: added, model: model.to_owned() })
        })
    }

    /// Opens what has this name, with settings of its own beside those of all.
    pub(crate) fn open(&self, name: &str, settings: Settings) -> Result<Arc<dyn Provider>, Fault> {
        let Settings { http, plugins, commands, secrets, .. } = self.0.settings.clone();
        open(name, &self.0.keys, Settings { http, plugins, commands, secrets, ..settings })
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("models")
    }
}

/// Locks; who panicked with it left nothing half done.
pub(super) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nothing_local() -> Fault {
    let message =
        "no model listens on this machine: start Ollama or llama.cpp's server, or name a provider";
    Fault::new(FaultKind::Transport, message)
}

/// A provider that is looked for when it is asked: by its name, or opened with settings of its own, once.
#[derive(Debug)]
pub(super) struct Named {
    models: Models,
    name: String,
    settings: Option<Settings>,
    /// The model of requests that name none, and where it is.
    model: String,
    place: String,
    opened: Mutex<Option<Arc<dyn Provider>>>,
}

impl Named {
    pub(super) fn new(models: Models, name: String, settings: Option<Settings>) -> Self {
        let plain = Settings::default();
        let (model, place) = whose(&name, &models.0.keys, settings.as_ref().unwrap_or(&plain));
        Self { models, name, settings, model, place, opened: Mutex::default() }
    }

    async fn find(&self, call: &Call) -> Result<Arc<dyn Provider>, Fault> {
        let Some(settings) = &self.settings else { return self.models.get(call, &self.name).await };
        let mut opened = locked(&self.opened);
        if let Some(known) = &*opened {
            return Ok(known.clone());
        }
        let made = self.models.open(&self.name, settings.clone())?;
        *opened = Some(made.clone());
        Ok(made)
    }
}

/// A provider with a model for requests that name none.
#[derive(Debug)]
struct OfModel {
    provider: Arc<dyn Provider>,
    model: String,
}

impl OfModel {
    fn request(&self, request: &Request) -> Request {
        let mut request = request.clone();
        if request.model.is_empty() {
            request.model.clone_from(&self.model);
        }
        request
    }
}

#[async_trait]
impl Provider for OfModel {
    fn name(&self) -> &str {
        self.provider.name()
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn place(&self) -> &str {
        self.provider.place()
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        self.provider.complete(call, &self.request(request)).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        self.provider.stream(call, &self.request(request)).await
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        let mut request = request.clone();
        if request.model.is_empty() {
            request.model.clone_from(&self.model);
        }
        self.provider.embed(call, &request).await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.provider.models(call).await
    }

    async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
        self.provider.quota(call).await
    }
}

#[async_trait]
impl Provider for Named {
    fn name(&self) -> &str {
        match self.name.split_once(':') {
            // A URL is a server that speaks OpenAI's protocol.
            Some(("http" | "https", _)) => "openai",
            Some((word, _)) => word,
            None => &self.name,
        }
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn place(&self) -> &str {
        &self.place
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        self.find(call).await?.complete(call, request).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        self.find(call).await?.stream(call, request).await
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        self.find(call).await?.embed(call, request).await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.find(call).await?.models(call).await
    }

    async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
        self.find(call).await?.quota(call).await
    }
}
