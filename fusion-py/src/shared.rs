//! What the Python side of one engine shares with the steps that the engine calls.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fusion_core::contract::Context;
use fusion_core::error::{Code, Error, Result};
use fusion_core::model::RunId;
use fusion_core::run::{Options, Os};
use fusion_core::{Fusion, graph};
use fusion_providers::Keys;
use pyo3::prelude::*;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::calls::Calls;
use crate::lane::Way;
use crate::pool::{Bodies, Want};
use crate::staff::Staff;
use crate::step::{Place, PyStep};

/// How many homes are kept before those of runs that are not driven here any more are forgotten.
const FEW: usize = 128;

/// Where a run was started from.
#[derive(Clone)]
pub(crate) struct Home {
    /// The loop that it was started from, if that is not the usual one.
    pub(crate) way: Option<Arc<Way>>,
    /// The context variables that were set there.
    pub(crate) vars: Option<Arc<Py<PyAny>>>,
}

#[derive(Default)]
struct Homes {
    usual: Option<Arc<Way>>,
    runs: BTreeMap<RunId, Home>,
    /// Those that are about to be started, and not driven yet.
    starting: BTreeSet<RunId>,
    /// How many runs there may be before those that are not driven here any more are forgotten.
    most: usize,
}

/// How an engine is opened.
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) options: Options,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) cwd: Option<PathBuf>,
    /// The program that runs plugins in a process of their own; empty for the `fusion` of the `PATH`.
    pub(crate) host: Vec<String>,
}

/// What the Python side of one engine shares with its steps.
pub(crate) struct Shared {
    settings: Settings,
    engine: tokio::sync::OnceCell<Fusion>,
    /// Every step, so that those are registered that came before the engine was opened.
    steps: Mutex<Vec<(Box<str>, usize, Place)>>,
    workflows: Mutex<Vec<graph::Definition>>,
    pub(crate) staff: Staff,
    pub(crate) calls: Arc<Calls>,
    pub(crate) bodies: Arc<Bodies>,
    homes: Mutex<Homes>,
    has_homes: AtomicBool,
    came: Notify,
    /// This is the copy of an engine in a forked process, or it was closed.
    ended: AtomicBool,
}

/// A run that is about to be started.
pub(crate) struct Start<'a> {
    shared: &'a Shared,
    run: RunId,
}

impl Drop for Start<'_> {
    fn drop(&mut self) {
        if self.shared.has_homes.load(Ordering::Acquire) {
            held(&self.shared.homes).starting.remove(&self.run);
        }
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            engine: tokio::sync::OnceCell::new(),
            steps: Mutex::default(),
            workflows: Mutex::default(),
            staff: Staff::default(),
            calls: Arc::default(),
            bodies: Arc::default(),
            homes: Mutex::default(),
            has_homes: AtomicBool::new(false),
            came: Notify::new(),
            ended: AtomicBool::new(false),
        }
    }

    /// Gives the runtime; it is started at the first call, so that a program may fork before.
    pub(crate) fn runtime(&self) -> Result<Handle> {
        self.check()?;
        if let Some(os) = self.calls.os.get() {
            return Ok(os.handle().clone());
        }
        let os = Os::with_own_runtime().map_err(|cause| {
            Error::new(Code::Internal, "no runtime could be started").because(cause)
        })?;
        Ok(self.calls.os.get_or_init(|| os).handle().clone())
    }

    fn check(&self) -> Result<()> {
        if self.ended.load(Ordering::Acquire) {
            return Err(Error::new(
                Code::Closed,
                "the engine was closed, or belongs to the process that this one was forked from",
            )
            .hint("make a new `fk.Fusion`; after a fork, in the child"));
        }
        Ok(())
    }

    /// Gives the engine; it is opened at the first call.
    pub(crate) async fn engine(self: &Arc<Self>) -> Result<Fusion> {
        self.check()?;
        let engine = self.engine.get_or_try_init(|| self.open()).await?;
        self.staff.register_kinds().await?;
        Ok(engine.clone())
    }

    /// Gives the engine if it was opened.
    pub(crate) fn opened(&self) -> Option<&Fusion> {
        self.engine.get()
    }

    async fn open(self: &Arc<Self>) -> Result<Fusion> {
        let Some(os) = self.calls.os.get() else {
            return Err(Error::new(Code::Internal, "the runtime was not started"));
        };
        let secrets = self.settings.secrets.clone();
        let mut builder = Fusion::builder(&self.settings.url)
            .env(os.clone())
            .options(self.settings.options.clone())
            .secrets(move |name| secrets.get(name).cloned());
        if let Some(cwd) = &self.settings.cwd {
            builder = builder.command_cwd(cwd);
        }
        if let Some(folder) = fusion_cli::workspaces_here() {
            builder = builder.workspaces(folder);
        }
        let engine = builder.open().await?;
        fusion_cli::register_builds(&engine);
        self.calls.shared.get_or_init(|| Arc::downgrade(self));
        let keys = self.settings.secrets.clone();
        let keys = Keys::new(move |name| keys.get(name).cloned());
        self.staff.open(&engine, self, (keys, &self.settings.host))?;
        // Under the locks, so that nothing is registered twice or left out.
        let steps = held(&self.steps);
        for (name, body, place) in steps.iter() {
            self.register(&engine, (name, *body, *place));
        }
        drop(steps);
        for workflow in held(&self.workflows).iter() {
            engine.workflow(workflow.clone());
        }
        Ok(engine)
    }

    fn register(self: &Arc<Self>, engine: &Fusion, (name, body, place): (&str, usize, Place)) {
        let shared = Arc::downgrade(self);
        engine.register(PyStep { name: name.into(), body, place, shared });
    }

    /// Adds a step.
    pub(crate) fn add_step(self: &Arc<Self>, name: &str, body: usize, place: Place) {
        held(&self.steps).push((name.into(), body, place));
        if let Some(engine) = self.opened() {
            self.register(engine, (name, body, place));
        }
    }

    /// Adds a workflow that others may run by name.
    pub(crate) fn add_workflow(&self, made: graph::Definition) {
        held(&self.workflows).push(made.clone());
        if let Some(engine) = self.opened() {
            engine.workflow(made);
        }
    }

    /// Makes a loop the one on which bodies run whose run has no other.
    pub(crate) fn set_usual(&self, way: Arc<Way>) {
        let mut homes = held(&self.homes);
        if homes.usual.as_ref().is_none_or(|usual| !usual.takes_bodies()) {
            homes.usual = Some(way);
        }
        drop(homes);
        self.came.notify_waiters();
    }

    /// Remembers where a run is about to be started from. What it gives is dropped when the run was started.
    pub(crate) fn set_home(
        &self,
        run: RunId,
        way: Option<Arc<Way>>,
        vars: Option<Py<PyAny>>,
    ) -> Start<'_> {
        let mut homes = held(&self.homes);
        let is_usual =
            |way: &Arc<Way>| homes.usual.as_ref().is_some_and(|usual| Arc::ptr_eq(usual, way));
        let way = way.filter(|way| !is_usual(way));
        if way.is_none() && vars.is_none() {
            return Start { shared: self, run };
        }
        homes.runs.insert(run.clone(), Home { way, vars: vars.map(Arc::new) });
        homes.starting.insert(run.clone());
        let forgotten = if homes.runs.len() > homes.most {
            let driven: BTreeSet<RunId> =
                self.opened().map(Fusion::drives).unwrap_or_default().into_iter().collect();
            let all = std::mem::take(&mut homes.runs);
            let (kept, gone) = all
                .into_iter()
                .partition(|(id, _)| driven.contains(id) || homes.starting.contains(id));
            homes.runs = kept;
            homes.most = (homes.runs.len() * 2).max(FEW);
            gone
        } else {
            BTreeMap::new()
        };
        drop(homes);
        self.has_homes.store(true, Ordering::Release);
        // Python objects go when no lock is held.
        drop(forgotten);
        Start { shared: self, run }
    }

    /// Finds where a body's run was started from, or the run that it is a part of.
    pub(crate) fn home(&self, context: &Context) -> Option<Home> {
        if !self.has_homes.load(Ordering::Acquire) {
            return None;
        }
        let run = context.about().run;
        let homes = held(&self.homes);
        let mut name = run.as_str();
        loop {
            if let Some(home) = RunId::new(name).ok().and_then(|id| homes.runs.get(&id)) {
                return Some(home.clone());
            }
            (name, _) = name.rsplit_once('.')?;
        }
    }

    /// Waits for a loop on which a body can run.
    pub(crate) async fn way_of(&self, context: &Context) -> (Arc<Way>, Option<Arc<Py<PyAny>>>) {
        let home = self.home(context);
        let vars = home.as_ref().and_then(|home| home.vars.clone());
        if let Some(way) = home.and_then(|home| home.way).filter(|way| way.takes_bodies()) {
            return (way, vars);
        }
        loop {
            let mut came = std::pin::pin!(self.came.notified());
            came.as_mut().enable();
            let usual = held(&self.homes).usual.clone().filter(|way| way.takes_bodies());
            if let Some(way) = usual {
                return (way, vars);
            }
            self.bodies.want(Want::Loop);
            came.await;
        }
    }

    /// Lets go of everything: what runs goes on when somebody recovers it.
    pub(crate) async fn close(&self) -> Result<()> {
        self.ended.store(true, Ordering::Release);
        match self.opened() {
            Some(engine) => engine.close().await,
            None => Ok(()),
        }
    }

    /// Notes that this is the copy in a forked process.
    pub(crate) fn orphan(&self) {
        self.ended.store(true, Ordering::Release);
    }
}
