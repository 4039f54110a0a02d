//! The provider, and the one line that makes a plugin of it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider, gather};
use fusion_core::model::chat::{
    Answer, Capability, Embed, Embeddings, Fault, FaultKind, Model, Request,
};
use fusion_plugin::{Level, Plugin, Setup, export_provider};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::engine::{Engine, Job, Load};
use crate::shelf::{Shelf, invalid, stem};

/// How many pieces of an answer wait for their reader; then the model waits.
const PIECES: usize = 64;

/// What the configuration may say.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The folder with the models; the user's when absent.
    models: Option<PathBuf>,
    /// The longest conversation, in tokens; at most what the model was trained on.
    context: u32,
    /// Threads that compute; all of the machine's when 0.
    threads: u32,
    /// Layers that a graphics card computes, if llama.cpp was built for one.
    gpu_layers: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { models: None, context: 4096, threads: 0, gpu_layers: 0 }
    }
}

/// Answers from GGUF files. One model is loaded at a time: the last one that was asked.
#[derive(Debug)]
pub struct Local {
    shelf: Shelf,
    config: Config,
    loaded: Mutex<Option<(PathBuf, Engine)>>,
}

impl Plugin for Local {
    fn open(setup: &Setup) -> Result<Self, Fault> {
        let local = Self::of(setup.config()?);
        setup.log(Level::Debug, &format!("looks for models in {:?}", local.shelf));
        Ok(local)
    }
}

impl Local {
    /// Makes one without a host, for a program that is linked with it.
    ///
    /// # Errors
    /// `invalid_request` when the configuration is wrong.
    pub fn with(config: serde_json::Value) -> Result<Self, Fault> {
        let config = serde_json::from_value(config);
        Ok(Self::of(
            config.map_err(|error| invalid(format!("the configuration is wrong: {error}")))?,
        ))
    }

    fn of(mut config: Config) -> Self {
        let shelf = Shelf::new(config.models.take());
        Self { shelf, config, loaded: Mutex::new(None) }
    }

    /// Gives a job to a model, which is loaded if it is not.
    fn give(&self, model: &str, job: Job) -> Result<(), Fault> {
        let file = self.shelf.find(model)?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match &*loaded {
            Some((own, engine)) if *own == file => match engine.give(job) {
                Ok(()) => return Ok(()),
                Err(job) => job,
            },
            _ => job,
        };
        // The other model goes before this one comes: there may be no room for both.
        *loaded = None;
        let engine = Engine::begin(self.load(file.clone()))?;
        engine.give(job).map_err(|_| gone())?;
        *loaded = Some((file, engine));
        Ok(())
    }

    fn load(&self, file: PathBuf) -> Load {
        let Config { context, threads, gpu_layers, .. } = self.config;
        let all = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { all } else { threads as usize };
        Load {
            file,
            context: context.max(16),
            threads: i32::try_from(threads).unwrap_or(1),
            gpu_layers,
        }
    }
}

fn gone() -> Fault {
    Fault::new(FaultKind::Overloaded, "the model ended before it answered")
}

#[async_trait]
impl Provider for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        gather(self.stream(call, request).await?).await
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        call.check()?;
        request.check()?;
        let (out, pieces) = mpsc::channel(PIECES);
        let job = Job::Answer(Box::new(request.clone()), call.env().random(), out);
        self.give(&request.model, job)?;
        Ok(stream::unfold(pieces, async |mut pieces| Some((pieces.recv().await?, pieces))).boxed())
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        call.check()?;
        request.check()?;
        let (out, vectors) = oneshot::channel();
        self.give(&request.model, Job::Embed(Box::new(request.clone()), out))?;
        vectors.await.map_err(|_| gone())?
    }

    async fn models(&self, _call: &Call) -> Result<Vec<Model>, Fault> {
        let capability = Capability {
            images: Some(false),
            tools: Some(true),
            schema: Some(true),
            reasoning: Some(false),
            embeddings: None,
        };
        let one = |file: &PathBuf| Model { id: stem(file), capability, ..Model::default() };
        Ok(self.shelf.list().iter().map(one).collect())
    }
}

export_provider!(Local, "local");
