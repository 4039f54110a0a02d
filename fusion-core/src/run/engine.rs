//! What all drivers of one process share.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use serde_json::Value;

use super::registry::Registry;
use super::slot::Gates;
use crate::contract::{Env, Store};
use crate::error::{Code, Error, Result};
use crate::graph::template::{References, Secrets, Templates};
use crate::graph::{Definition, Program};
use crate::model::{Digest, Failure, Graph, Payload, RunId, RunStatus, SessionId, limits};

/// How a process takes part.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many runs it drives at once.
    pub concurrency: usize,
    /// Take over what other processes left behind and what is due, beside the runs that are started here.
    pub work: bool,
    /// Let go of a run that waits, so that it costs no memory; whoever works takes it up again.
    pub hibernate: bool,
    /// Drive the runs that are retried and forked here; without it they are left to whoever works.
    pub drive: bool,
    /// How long its session lives without a heartbeat, in milliseconds.
    pub lease_ms: i64,
    /// The queues that work is taken from: `runs`, or `step/NAME` for runs that rest for a step's code; all when empty.
    pub queues: Vec<Arc<str>>,
    /// The environment that commands get beside their own.
    pub env: BTreeMap<String, String>,
    /// The folder in which commands without a `cwd` run; the process's own when absent.
    pub cwd: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            concurrency: limits::RUNS_DRIVEN,
            work: true,
            hibernate: true,
            drive: true,
            lease_ms: limits::LEASE_MS,
            queues: Vec::new(),
            env: BTreeMap::new(),
            cwd: None,
        }
    }
}

/// What all drivers of one process share.
pub(crate) struct Shared {
    pub store: Arc<dyn Store>,
    pub env: Arc<dyn Env>,
    pub registry: Registry,
    pub templates: Templates,
    pub secrets: Secrets,
    pub options: Options,
    pub session: SessionId,
    pub(super) driven: Mutex<BTreeMap<RunId, Fate>>,
    /// How many evaluations may still begin on threads of their own.
    pub(super) apart: Arc<tokio::sync::Semaphore>,
    /// Those who wait for slots.
    pub(super) gates: Gates,
    pub(super) opened: tokio::sync::OnceCell<()>,
    /// The store's key for digests of secrets.
    pub(super) salt: tokio::sync::OnceCell<Digest>,
    /// Runs that cannot be written now and are tried again, and why.
    troubles: Mutex<BTreeMap<RunId, Error>>,
    programs: Mutex<BTreeMap<Digest, Arc<Program>>>,
    progress: Mutex<BTreeMap<RunId, BTreeMap<String, Value>>>,
    closed: AtomicBool,
    draining: AtomicBool,
}

/// How a run ended: status, outputs, and the failure that decided it.
pub(crate) type Outcome = (RunStatus, Payload, Option<Failure>);

/// What became of a run in this process.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It is driven here, under a claim of this epoch; who waits finds its outcome there.
    Driven(u64, Arc<OnceLock<Outcome>>),
    /// It was let go with an error: another owner, a failed store.
    Lost(Error),
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("session", &self.session)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Gives an id for a run that begins now.
    pub(crate) fn new_id(&self, now: i64) -> RunId {
        RunId::generate(now, [self.env.random(), self.env.random()])
    }

    pub(crate) fn new(
        store: Arc<dyn Store>,
        env: Arc<dyn Env>,
        secrets: Secrets,
        options: Options,
    ) -> Arc<Self> {
        let session = SessionId::from_random(env.random());
        Arc::new(Self {
            store,
            env,
            registry: Registry::default(),
            templates: Templates::new(),
            secrets,
            options,
            session,
            driven: Mutex::default(),
            apart: Arc::new(tokio::sync::Semaphore::new(limits::TEMPLATES_APART)),
            gates: Gates::default(),
            opened: tokio::sync::OnceCell::new(),
            salt: tokio::sync::OnceCell::new(),
            troubles: Mutex::default(),
            programs: Mutex::default(),
            progress: Mutex::default(),
            closed: AtomicBool::new(false),
            draining: AtomicBool::new(false),
        })
    }

    /// Refuses calls after `close`.
    pub(crate) fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(Code::Closed, "the engine was closed").hint("open it again"));
        }
        Ok(())
    }

    /// Waits for as long as a lost hint may stay unnoticed.
    pub(crate) async fn poll_pause(&self) {
        let pause_ns = limits::POLL_MS.unsigned_abs() * 1_000_000;
        self.env.sleep_until(self.env.monotonic_ns().saturating_add(pause_ns)).await;
    }

    pub(crate) fn set_closed(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Lets nothing more be taken; what is driven goes on.
    pub(crate) fn set_draining(&self) {
        self.draining.store(true, Ordering::Release);
        self.store.bus().ring("registered");
    }

    /// Tells whether work may still be taken.
    pub(crate) fn takes_work(&self) -> bool {
        !self.is_closed() && !self.draining.load(Ordering::Acquire)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn driven(&self) -> MutexGuard<'_, BTreeMap<RunId, Fate>> {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why a run cannot be written now, or that it can again.
    pub(super) fn set_trouble(&self, run: &RunId, error: Option<Error>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = match error {
            Some(error) => troubles.insert(run.clone(), error).is_none(),
            None => troubles.remove(run).is_some(),
        };
        drop(troubles);
        if changed {
            self.store.bus().ring(&format!("trouble/{run}"));
        }
    }

    /// Gives why a run that is driven here cannot be written now.
    pub(crate) fn trouble(&self, run: &RunId) -> Option<Error> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).get(run).cloned()
    }

    /// Counts the runs that are driven here.
    pub(crate) fn driven_count(&self) -> usize {
        self.driven().values().filter(|fate| matches!(fate, Fate::Driven(..))).count()
    }

    /// Gives the runs that are driven here.
    pub(crate) fn driven_runs(&self) -> Vec<RunId> {
        let driven = self.driven();
        let here = driven.iter().filter(|(_, fate)| matches!(fate, Fate::Driven(..)));
        here.map(|(run, _)| run.clone()).collect()
    }

    /// Finds or makes the program of a definition.
    pub(crate) fn program(&self, made: &Definition) -> Result<Arc<Program>> {
        match self.known_program(made.digest()) {
            Some(program) => Ok(program),
            None => self.compile(made.digest(), made.graph().clone(), Some(made.json())),
        }
    }

    /// Finds the program of a definition by its hash, if it was compiled not long ago.
    pub(crate) fn known_program(&self, digest: Digest) -> Option<Arc<Program>> {
        self.programs().get(&digest).cloned()
    }

    /// Compiles the graph of a definition, and keeps the program under its hash.
    ///
    /// Asks for every secret that the definition names, so that the redactor knows them: another process may have handed
    /// them out, to a body whose files or programs are still there.
    pub(crate) fn compile(
        &self,
        digest: Digest,
        graph: Arc<Graph>,
        json: Option<&Bytes>,
    ) -> Result<Arc<Program>> {
        if let Some(json) = json.filter(|json| json.windows(7).any(|word| word == b"secrets")) {
            let graph: Value = serde_json::from_slice(json).unwrap_or_default();
            let found = References::of_value(&graph).map(|found| found.secrets);
            for name in found.unwrap_or_default() {
                // One that is missing is missed by whoever needs it.
                let _ = self.secrets.get(&name);
            }
        }
        let program = Arc::new(Program::compile(graph)?);
        let mut programs = self.programs();
        if programs.len() >= limits::PROGRAMS_KEPT {
            programs.retain(|_, program| Arc::strong_count(program) > 1);
        }
        programs.insert(digest, program.clone());
        Ok(program)
    }

    fn programs(&self) -> MutexGuard<'_, BTreeMap<Digest, Arc<Program>>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how far a body is, for observers in this process.
    pub(super) fn set_progress(&self, run: &RunId, node: String, value: Value) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.entry(run.clone()).or_default().insert(node, value);
        drop(progress);
        self.store.bus().ring(&format!("progress/{run}"));
    }

    /// Gives how far the bodies of a run are that said so.
    pub(crate) fn progress(&self, run: &RunId) -> BTreeMap<String, Value> {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.get(run).cloned().unwrap_or_default()
    }

    pub(super) fn forget_progress(&self, run: &RunId) {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).remove(run);
    }
}
