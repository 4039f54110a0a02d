//! The engine as Python sees it: register, start, find, list, recover, close.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fusion_core::contract::Call;
use fusion_core::error::{Code, Error, Result};
use fusion_core::graph::Definition as Made;
use fusion_core::model::{RunId, RunStatus};
use fusion_core::run::Options;
use fusion_core::{Fusion, Run, Starting};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::chunks::AnswerChunks;
use crate::definition::Definition;
use crate::error;
use crate::lane::Lane;
use crate::operation::Operation;
use crate::pool::Pool;
use crate::run::RunHandle;
use crate::shared::{Settings, Shared};
use crate::step::Place;
use crate::{staff, value};

/// How long the end of a process waits for the engine's.
const FAREWELL: Duration = Duration::from_secs(5);

/// An engine with the Python code that is registered.
#[pyclass(frozen, weakref, module = "fusion_kit._native")]
pub(crate) struct Engine {
    shared: Arc<Shared>,
}

/// How a run is started from Python.
#[derive(FromPyObject)]
struct Begin<'py> {
    #[pyo3(item)]
    definition: Bound<'py, Definition>,
    #[pyo3(item)]
    input: Bound<'py, PyAny>,
    #[pyo3(item)]
    id: Option<String>,
    #[pyo3(item)]
    detached: bool,
    #[pyo3(item)]
    lane: Option<Py<Lane>>,
    #[pyo3(item)]
    vars: Option<Py<PyAny>>,
}

/// How an engine is opened from Python.
#[derive(FromPyObject)]
struct Opening {
    #[pyo3(item)]
    url: String,
    #[pyo3(item)]
    concurrency: Option<usize>,
    #[pyo3(item)]
    work: bool,
    #[pyo3(item)]
    queues: Vec<String>,
    #[pyo3(item)]
    env: BTreeMap<String, String>,
    #[pyo3(item)]
    secrets: BTreeMap<String, String>,
    #[pyo3(item)]
    cwd: Option<PathBuf>,
    #[pyo3(item)]
    host: Vec<String>,
}

/// Reads a description.
fn described<T: serde::de::DeserializeOwned>(
    py: Python<'_>,
    spec: &Bound<'_, PyAny>,
    what: &str,
) -> PyResult<T> {
    serde_json::from_value(value::to_json(spec)?).map_err(|cause| {
        let message = format!("the description of the {what} does not fit");
        error::raise(py, &Error::new(Code::InvalidInput, message).because(cause))
    })
}

impl Engine {
    fn show_run(&self) -> impl FnOnce(Python<'_>, Run) -> PyResult<Py<PyAny>> + Send + 'static {
        let shared = self.shared.clone();
        move |py, run| Ok(Py::new(py, RunHandle::new(run, shared))?.into_any())
    }

    /// Makes an operation on the opened engine.
    fn operation<T, F>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(Fusion, Arc<Shared>) -> F + Send + 'static,
        show: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Operation>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let shared = self.shared.clone();
        let runtime = shared.runtime().map_err(|error| error::raise(py, &error))?;
        let work = async move {
            let engine = shared.engine().await?;
            work(engine, shared).await
        };
        Ok(Operation::new(runtime, work, show))
    }
}

#[pymethods]
impl Engine {
    #[new]
    fn new(opening: Opening) -> Self {
        let usual = Options::default();
        let options = Options {
            concurrency: opening.concurrency.unwrap_or(usual.concurrency),
            work: opening.work,
            queues: opening.queues.into_iter().map(Into::into).collect(),
            env: opening.env,
            ..usual
        };
        let Opening { url, secrets, cwd, host, .. } = opening;
        Self { shared: Arc::new(Shared::new(Settings { url, options, secrets, cwd, host })) }
    }

    /// The queue of bodies that may block.
    fn pool(&self) -> Pool {
        Pool { bodies: self.shared.bodies.clone(), calls: self.shared.calls.clone() }
    }

    /// Registers a step under a name, with its place in Python's list; `threaded` when it may block.
    fn add_step(&self, name: &str, body: usize, threaded: bool) {
        let place = if threaded { Place::Thread } else { Place::Loop };
        self.shared.add_step(name, body, place);
    }

    /// Registers a workflow that others may run by name.
    fn add_workflow(&self, definition: &Definition) {
        self.shared.add_workflow(definition.0.clone());
    }

    /// Adds a provider of its description, and gives its number.
    fn add_provider(&self, py: Python<'_>, spec: &Bound<'_, PyAny>) -> PyResult<u32> {
        let spec = described(py, spec, "provider")?;
        let added = self.shared.staff.provider(spec);
        added.map_err(|error| error::raise(py, &error))
    }

    /// Lets a provider be found by a name.
    fn name_provider(&self, py: Python<'_>, name: String, number: u32) -> PyResult<()> {
        let named = self.shared.staff.name(name, number);
        named.map_err(|error| error::raise(py, &error))
    }

    /// Adds an agent of its description, and gives its number; with `is_step`, graphs find it by its name.
    fn add_agent(&self, py: Python<'_>, spec: &Bound<'_, PyAny>, is_step: bool) -> PyResult<u32> {
        let spec = described(py, spec, "agent")?;
        let added = self.shared.staff.agent(spec, is_step);
        added.map_err(|error| error::raise(py, &error))
    }

    /// Asks a provider: `complete`, `embed`, `models`. Gives the answer, or a fault: `[answer, null]`, `[null, fault]`.
    fn ask_provider(
        &self,
        py: Python<'_>,
        number: u32,
        op: String,
        asked: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let asked = value::to_json(asked)?;
        let work = async move |_: Fusion, shared: Arc<Shared>| {
            let Some(os) = shared.calls.os.get() else {
                return Err(Error::new(Code::Internal, "the runtime was not started"));
            };
            let call = Call::new(os.clone());
            Ok(shared.staff.kit()?.ask(&call, number, (&op, asked)).await)
        };
        self.operation(py, work, |py, told| value::of_json(py, &told).map(Bound::unbind))
    }

    /// Registers a kind of durable objects, when the engine is asked for something next.
    fn add_kind(&self, form: &Bound<'_, PyAny>) -> PyResult<()> {
        self.shared.staff.kind(value::to_json(form)?);
        Ok(())
    }

    /// Asks something of the engine's team, see `Kit::ask_team`.
    fn ask_team(
        &self,
        py: Python<'_>,
        what: String,
        given: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let given = value::to_json(given)?;
        let work = async move |_: Fusion, shared: Arc<Shared>| {
            shared.staff.kit()?.ask_team(&what, given).await
        };
        self.operation(py, work, |py, told| value::of_json(py, &told).map(Bound::unbind))
    }

    /// Builds what a specification asks for, or goes on with it; see `fusion_cli::build_in`.
    fn build(&self, py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let given = value::to_json(given)?;
        let work = async move |engine: Fusion, _| {
            run_of(&engine, &fusion_cli::build_in(&engine, given).await?).await
        };
        self.operation(py, work, self.show_run())
    }

    /// Runs the tests of a project, or goes on with them; see `fusion_cli::test_in`.
    fn test(&self, py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let given = value::to_json(given)?;
        let work = async move |engine: Fusion, _| {
            run_of(&engine, &fusion_cli::test_in(&engine, given).await?).await
        };
        self.operation(py, work, self.show_run())
    }

    /// Makes a project, or brings one up to its mode; see `fusion_cli::init_in`.
    fn init(&self, py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let given = value::to_json(given)?;
        let work = async move |engine: Fusion, _| fusion_cli::init_in(&engine, given).await;
        self.operation(py, work, |py, told| value::of_json(py, &told).map(Bound::unbind))
    }

    /// Says what of a specification is proved; see `fusion_cli::proved`.
    fn proved(&self, py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let given = value::to_json(given)?;
        let work = async move |engine: Fusion, _| fusion_cli::proved(&engine, given).await;
        self.operation(py, work, |py, told| value::of_json(py, &told).map(Bound::unbind))
    }

    /// Tells what was observed under a name: `metrics` so far, or the `spans` since this was asked last.
    fn observed(&self, py: Python<'_>, what: String, name: String) -> PyResult<Operation> {
        let work = async move |_: Fusion, shared: Arc<Shared>| {
            let kit = shared.staff.kit()?;
            let told = if what == "spans" { kit.spans(&name) } else { kit.metrics(&name) };
            told.map_err(|fault| staff::refused(&fault))
        };
        self.operation(py, work, |py, told| value::of_json(py, &told).map(Bound::unbind))
    }

    /// Asks a provider for an answer as it comes.
    fn stream_provider(&self, number: u32, asked: &Bound<'_, PyAny>) -> PyResult<AnswerChunks> {
        Ok(AnswerChunks::new(self.shared.clone(), number, value::to_json(asked)?))
    }

    /// Makes a loop the one for bodies whose run has no other.
    fn set_lane(&self, lane: &Lane) {
        self.shared.set_usual(lane.way.clone());
    }

    /// Opens the engine.
    fn open(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(py, |_, _| async { Ok(()) }, |py, ()| Ok(py.None()))
    }

    /// Starts a run, or finds it by its id.
    fn start(&self, py: Python<'_>, begin: Begin<'_>) -> PyResult<Operation> {
        let made: Made = begin.definition.get().0.clone();
        let input = value::to_json(&begin.input)?;
        let id = begin.id.map(|id| RunId::new(&id)).transpose();
        let id = id.map_err(|error| error::raise(py, &error))?;
        let way = begin.lane.map(|lane| lane.get().way.clone());
        let (vars, detached) = (begin.vars, begin.detached);
        let work = async move |engine: Fusion, shared: Arc<Shared>| {
            let needs_home = vars.is_some() || way.is_some();
            // Its first body may be entered before `start_with` is back.
            let id = match id {
                Some(id) => Some(id),
                None if needs_home => Some(engine.new_id()),
                None => None,
            };
            let _start = id
                .as_ref()
                .filter(|_| needs_home)
                .map(|run| shared.set_home(run.clone(), way, vars));
            engine.start_with(&made, Starting { id, input, detached }).await
        };
        self.operation(py, work, self.show_run())
    }

    /// Finds a run.
    fn find(&self, py: Python<'_>, id: &str) -> PyResult<Operation> {
        let id = RunId::new(id).map_err(|error| error::raise(py, &error))?;
        self.operation(py, async move |engine: Fusion, _| engine.find(&id).await, self.show_run())
    }

    /// Lists runs, the newest first: their fields, and where the next page begins.
    #[pyo3(signature = (status, after, limit))]
    fn list(
        &self,
        py: Python<'_>,
        status: Option<&str>,
        after: Option<String>,
        limit: usize,
    ) -> PyResult<Operation> {
        let status = match status.map(|word| (word, RunStatus::from_word(word))) {
            Some((word, None)) => {
                let words: Vec<&str> = RunStatus::ALL.iter().map(|status| status.word()).collect();
                let message = format!("`{word}` is no status of a run: {}", words.join(", "));
                let code = fusion_core::error::Code::InvalidInput;
                return Err(error::refuse(py, code, &message));
            }
            known => known.and_then(|(_, status)| status),
        };
        let work =
            async move |engine: Fusion, _| engine.list(status, after.as_deref(), limit).await;
        self.operation(py, work, |py, page| {
            let rows = PyList::empty(py);
            for (id, row) in page.items {
                let row = serde_json::to_value(&row)
                    .map_err(|cause| PyRuntimeError::new_err(cause.to_string()))?;
                rows.append((id.as_str(), value::of_json(py, &row)?))?;
            }
            Ok((rows, page.next).into_pyobject(py)?.into_any().unbind())
        })
    }

    /// Takes over what dead processes left; gives how many runs.
    fn recover(&self, py: Python<'_>) -> PyResult<Operation> {
        let work = async |engine: Fusion, _| engine.recover().await;
        self.operation(py, work, |py, taken| Ok(taken.into_pyobject(py)?.into_any().unbind()))
    }

    /// Waits until nothing is driven here any more.
    fn settled(&self, py: Python<'_>) -> PyResult<Operation> {
        let work = async |engine: Fusion, _| {
            engine.settled().await;
            Ok(())
        };
        self.operation(py, work, |py, ()| Ok(py.None()))
    }

    /// Keeps workflows in the store, so that other programs can run them by name.
    fn save(&self, py: Python<'_>, definitions: Vec<Py<Definition>>) -> PyResult<Operation> {
        let work = async move |engine: Fusion, _| {
            let graphs: Vec<_> =
                definitions.iter().map(|one| one.get().0.graph().as_ref()).collect();
            engine.save(&graphs).await
        };
        self.operation(py, work, |py, ()| Ok(py.None()))
    }

    /// Deletes a run that has ended.
    fn prune(&self, py: Python<'_>, id: &str) -> PyResult<Operation> {
        let id = RunId::new(id).map_err(|error| error::raise(py, &error))?;
        let work = async move |engine: Fusion, _| engine.prune(&id).await;
        self.operation(py, work, |py, ()| Ok(py.None()))
    }

    /// Describes the store: URL, durability, facts, and with `deep` its problems.
    fn status(&self, py: Python<'_>, deep: bool) -> PyResult<Operation> {
        let work = async move |engine: Fusion, _| engine.status(deep).await;
        self.operation(py, work, |py, status| {
            let fields = PyDict::new(py);
            fields.set_item("url", status.url)?;
            fields.set_item("durability", format!("{:?}", status.durability).to_lowercase())?;
            fields.set_item("facts", status.facts)?;
            fields.set_item("problems", status.problems)?;
            Ok(fields.into_any().unbind())
        })
    }

    /// Counts the runs that are driven here.
    fn driven(&self) -> usize {
        self.shared.opened().map_or(0, Fusion::driven)
    }

    /// Lets go of everything, in this thread; what runs goes on when somebody recovers it.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let closed = py.detach(|| {
            let shared = self.shared.clone();
            let Ok(runtime) = shared.runtime() else { return Ok(()) };
            runtime.block_on(async {
                tokio::time::timeout(FAREWELL, shared.close()).await.unwrap_or(Ok(()))
            })
        });
        closed.map_err(|error: Error| error::raise(py, &error))
    }

    /// Notes that this is the copy in a forked process: it is never used and never let go of.
    fn orphan(&self) {
        self.shared.orphan();
        std::mem::forget(self.shared.clone());
    }
}

/// Finds the run that an answer names.
async fn run_of(engine: &Fusion, told: &serde_json::Value) -> Result<Run, Error> {
    let id = told.get("run").and_then(serde_json::Value::as_str).unwrap_or_default();
    engine.find(&RunId::new(id)?).await
}
