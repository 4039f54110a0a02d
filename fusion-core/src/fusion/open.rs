//! Opening and closing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::handle::Handle;
use crate::contract::{Env, Status, Store, Workflow};
use crate::error::{Code, Error, Result};
use crate::graph::template::Secrets;
use crate::run::engine::Shared;
use crate::run::{Options, Os, session};

/// The engine in a program: a store, the code that is registered, and the runs that are driven here. Cheap to clone.
///
/// When the last clone is dropped, and with it every [`Run`](super::Run) and [`Events`](super::Events) that it gave, its
/// work ends as with [`Fusion::close`], as far as that is possible without anybody who waits for it.
#[derive(Debug, Clone)]
pub struct Fusion {
    engine: Handle,
    pub(super) objects: Arc<std::sync::OnceLock<crate::object::Objects>>,
    #[cfg(feature = "coordination")]
    pub(super) post: Arc<std::sync::OnceLock<crate::coordination::Post>>,
    #[cfg(feature = "coordination")]
    pub(super) services: Arc<std::sync::OnceLock<crate::coordination::service::Services>>,
    #[cfg(all(feature = "coordination", feature = "workspace"))]
    pub(super) lodgings: super::lodging::Lodgings,
}

/// How to open an engine, when a URL is not enough.
#[derive(Debug)]
pub struct Builder {
    url: String,
    store: Option<Arc<dyn Store>>,
    env: Option<Arc<dyn Env>>,
    secrets: Secrets,
    options: Options,
    #[cfg(all(feature = "coordination", feature = "workspace"))]
    workspaces: Option<PathBuf>,
}

impl Builder {
    /// Sets a store that is open already, instead of the URL.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the world, instead of the real one.
    #[must_use]
    pub fn env(mut self, env: Arc<dyn Env>) -> Self {
        self.env = Some(env);
        self
    }

    /// Sets where secrets come from; without it there are none.
    #[must_use]
    pub fn secrets(
        mut self,
        find: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.secrets = Secrets::new(find);
        self
    }

    /// Sets the environment that commands get beside their own; without it they get none.
    #[must_use]
    pub fn command_env(mut self, env: BTreeMap<String, String>) -> Self {
        self.options.env = env;
        self
    }

    /// Sets the folder in which commands without a `cwd` run.
    #[must_use]
    pub fn command_cwd(mut self, cwd: impl Into<PathBuf>) -> Self {
        self.options.cwd = Some(cwd.into());
        self
    }

    /// Sets the folder in which agents have workspaces of their own; without it, those that ask for one cannot be spawned here. It is
    /// made when it is needed.
    #[cfg(all(feature = "coordination", feature = "workspace"))]
    #[must_use]
    pub fn workspaces(mut self, folder: impl Into<PathBuf>) -> Self {
        self.workspaces = Some(folder.into());
        self
    }

    /// Sets how the process takes part.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Opens the engine.
    ///
    /// # Errors
    /// `FU0301` to `FU0308`: the URL or the store.
    pub async fn open(self) -> Result<Fusion> {
        let env: Arc<dyn Env> = match self.env {
            Some(env) => env,
            None => match Os::current() {
                Some(os) => os,
                None => Os::new().map_err(|error| {
                    Error::new(Code::Internal, "no runtime could be started").because(error)
                })?,
            },
        };
        let store = match self.store {
            Some(store) => store,
            None => crate::record::open(&self.url, env.clone()).await?,
        };
        Ok(Fusion {
            engine: Handle::new(Shared::new(store, env, self.secrets, self.options)),
            objects: Arc::default(),
            #[cfg(feature = "coordination")]
            post: Arc::default(),
            #[cfg(feature = "coordination")]
            services: Arc::default(),
            #[cfg(all(feature = "coordination", feature = "workspace"))]
            lodgings: super::lodging::Lodgings::new(self.workspaces),
        })
    }
}

impl Fusion {
    /// Opens an engine on a store: `memory://`, `sqlite://path/file.db` or a bare path.
    ///
    /// # Errors
    /// `FU0301` to `FU0308`: the URL or the store.
    pub async fn open(url: &str) -> Result<Self> {
        Self::builder(url).open().await
    }

    /// Begins to open an engine in another way than the usual one.
    pub fn builder(url: &str) -> Builder {
        Builder {
            url: url.to_owned(),
            store: None,
            env: None,
            secrets: Secrets::none(),
            options: Options::default(),
            #[cfg(all(feature = "coordination", feature = "workspace"))]
            workspaces: None,
        }
    }

    /// Registers a workflow, so that others can run it by name.
    pub fn workflow(&self, workflow: impl Workflow) {
        self.engine.registry.add_workflow(Arc::new(workflow));
    }

    /// Finishes what dead processes left: takes over their runs and those that are due. Gives how many were taken.
    ///
    /// They are driven in the background; [`Fusion::settled`] waits for them.
    pub async fn recover(&self) -> Result<usize> {
        session::open(&self.engine).await?;
        session::reap(&self.engine).await?;
        let mut taken = 0;
        loop {
            match crate::run::claim::claim(&self.engine).await? {
                None | Some(0) => return Ok(taken),
                Some(more) => taken += more,
            }
        }
    }

    /// Waits until nothing is driven here any more: every run has ended or rests.
    pub async fn settled(&self) {
        let mut bell = self.engine.store.bus().listen(&["left/*"]);
        while self.engine.driven_count() > 0 && !self.engine.is_closed() {
            tokio::select! {
                biased;
                () = bell.heard() => {}
                () = self.engine.poll_pause() => {}
            }
        }
    }

    /// Counts the runs that are driven here.
    pub fn driven(&self) -> usize {
        self.engine.driven_count()
    }

    /// Describes the store; with `deep`, reads all of it and checks it.
    pub async fn status(&self, deep: bool) -> Result<Status> {
        self.engine.store.status(deep).await
    }

    /// Gives the space of deleted runs back to the system: the store's file is written anew.
    ///
    /// # Errors
    /// `FU0305` when there is no room for the copy, `FU0306` when others write all the time.
    pub async fn compact(&self) -> Result<()> {
        self.engine.check_open()?;
        self.engine.store.compact().await
    }

    /// Lets go of everything: durable objects are told, bodies are dropped, runs go on where they were when someone recovers them.
    pub async fn close(&self) -> Result<()> {
        if self.engine.is_closed() {
            return Ok(());
        }
        if let Some(objects) = self.objects.get() {
            objects.rest().await;
        }
        let given_back = session::close(&self.engine).await;
        self.engine.set_closed();
        given_back?;
        self.engine.store.close().await
    }

    /// Gives the store, for what keeps documents of its own there: budgets, caches, rate gates.
    pub fn store(&self) -> Arc<dyn Store> {
        self.engine.store.clone()
    }

    /// Gives the secrets, with their memory of which were handed out: for what takes them out of texts.
    pub fn secrets(&self) -> Secrets {
        self.engine.secrets.clone()
    }

    /// Gives the world that the engine lives in.
    pub fn env(&self) -> Arc<dyn Env> {
        self.engine.env.clone()
    }

    pub(super) fn engine(&self) -> &Handle {
        &self.engine
    }
}
