//! A run as Python sees it.

use std::sync::Arc;

use fusion_core::error::{Code, Result};
use fusion_core::model::{Answer, Failure, Key, NodeIx, Payload, RunId, RunStatus, Verdict};
use fusion_core::{Forking, Retrying, Run};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::definition::Definition;
use crate::error;
use crate::events::Events;
use crate::operation::Operation;
use crate::shared::Shared;
use crate::value;

/// A run.
#[pyclass(frozen, module = "fusion_kit._native")]
pub(crate) struct RunHandle {
    run: Run,
    shared: Arc<Shared>,
}

/// How a run ended: status, outputs, the failure that decided it, its node and attempt.
type Ended = (RunStatus, Payload, Option<Failure>, Option<(String, u16)>);

impl RunHandle {
    pub(crate) fn new(run: Run, shared: Arc<Shared>) -> Self {
        Self { run, shared }
    }

    fn operation<T, F>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(Run) -> F,
        show: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> PyResult<Operation>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let runtime = self.shared.runtime().map_err(|error| error::raise(py, &error))?;
        Ok(Operation::new(runtime, work(self.run.clone()), show))
    }

    fn quietly<F>(&self, py: Python<'_>, work: impl FnOnce(Run) -> F) -> PyResult<Operation>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.operation(py, work, |py, ()| Ok(py.None()))
    }
}

#[pymethods]
impl RunHandle {
    /// The run's id.
    #[getter]
    fn id(&self) -> &str {
        self.run.id().as_str()
    }

    /// Waits for the end: status, outputs, failure, and the node and attempt that failed.
    fn result(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(py, async |run: Run| ended(&run).await, show_ended)
    }

    /// The status as lists show it.
    fn status(&self, py: Python<'_>) -> PyResult<Operation> {
        let work = async |run: Run| run.status().await;
        self.operation(py, work, |py, status| {
            Ok(status.word().into_pyobject(py)?.into_any().unbind())
        })
    }

    /// Follows the run from a place in its journal on.
    fn events(&self, after: u64) -> Events {
        Events::new(self.run.events(after), self.shared.clone())
    }

    /// How far the bodies in this process are that said so, by node: what an agent's model says, as it comes.
    fn progress<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let all: serde_json::Map<String, serde_json::Value> =
            self.run.progress().into_iter().collect();
        value::of_json(py, &all.into())
    }

    /// Every node with its status and attempts, and its output and failure if it has any.
    fn nodes(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(
            py,
            async |run: Run| nodes(&run).await,
            |py, nodes| {
                let fields = PyDict::new(py);
                for (name, node) in nodes {
                    fields.set_item(name, show_node(py, node)?)?;
                }
                Ok(fields.into_any().unbind())
            },
        )
    }

    /// The graph that the run keeps.
    fn definition(&self, py: Python<'_>) -> PyResult<Operation> {
        let work = async |run: Run| {
            let state = run.state().await?;
            fusion_core::model::Graph::clone(state.program().graph()).define()
        };
        self.operation(py, work, |py, made| Ok(Py::new(py, Definition(made))?.into_any()))
    }

    /// Why the run does not move, in sentences.
    fn why(&self, py: Python<'_>) -> PyResult<Operation> {
        let work = async |run: Run| run.why().await;
        self.operation(py, work, |py, all| {
            let told = all.into_iter().map(|why| match why.hint {
                Some(hint) => format!("{} ({hint})", why.sentence),
                None => why.sentence,
            });
            Ok(PyList::new(py, told.collect::<Vec<_>>())?.into_any().unbind())
        })
    }

    /// Asks for the end of the run.
    fn cancel(&self, py: Python<'_>, by: String, why: String) -> PyResult<Operation> {
        self.quietly(py, async move |run: Run| run.cancel(&by, &why).await)
    }

    /// Lets nothing new start.
    fn pause(&self, py: Python<'_>, by: String) -> PyResult<Operation> {
        self.quietly(py, async move |run: Run| run.pause(&by).await)
    }

    /// Lets a paused run go on.
    fn resume(&self, py: Python<'_>, by: String) -> PyResult<Operation> {
        self.quietly(py, async move |run: Run| run.resume(&by).await)
    }

    /// Sends a signal.
    fn signal(
        &self,
        py: Python<'_>,
        name: String,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let value = value::to_json(value)?;
        self.quietly(py, async move |run: Run| run.signal(&name, value).await)
    }

    /// Answers an approval: yes or no, by whom, with which words.
    #[pyo3(signature = (node, said))]
    fn answer(
        &self,
        py: Python<'_>,
        node: Option<String>,
        said: (bool, String, String),
    ) -> PyResult<Operation> {
        let (approved, by, comment) = said;
        let answer = Answer { approved, by, comment };
        self.quietly(py, async move |run: Run| run.answer(node.as_deref(), answer).await)
    }

    /// Says how an in-doubt node really ended: `done`, `failed` or `not_done`, with its output or why it failed.
    fn resolve(
        &self,
        py: Python<'_>,
        node: String,
        verdict: (String, Bound<'_, PyAny>),
        by: String,
    ) -> PyResult<Operation> {
        let (word, said) = verdict;
        let verdict = match word.as_str() {
            "done" => Verdict::Done(value::write_payload(&said)?),
            "failed" => Verdict::Failed(said.to_string()),
            "not_done" => Verdict::NotDone,
            other => {
                let message = format!("`{other}` is no verdict: take done, failed or not_done");
                return Err(error::refuse(py, Code::InvalidInput, &message));
            }
        };
        self.quietly(py, async move |run: Run| run.resolve(&node, verdict, &by).await)
    }

    /// Takes an ended run up again.
    fn retry(
        &self,
        py: Python<'_>,
        nodes: Vec<String>,
        again: Vec<String>,
        by: String,
    ) -> PyResult<Operation> {
        self.quietly(py, async move |run: Run| {
            let (nodes, again) = (texts(&nodes), texts(&again));
            run.retry_with(Retrying { nodes: &nodes, again: &again, by: &by }).await
        })
    }

    /// Begins a new run that takes over the outcomes of this one, but for the named nodes and all that needs them.
    #[pyo3(signature = (nodes, input, changed))]
    fn fork(
        &self,
        py: Python<'_>,
        nodes: (Vec<String>, Vec<String>),
        input: Option<&Bound<'_, PyAny>>,
        changed: (Option<Py<Definition>>, Option<String>),
    ) -> PyResult<Operation> {
        let ((nodes, again), (definition, id)) = (nodes, changed);
        let input = input.map(value::to_json).transpose()?;
        let graph = definition.map(|definition| definition.get().graph());
        let id = id.map(|id| RunId::new(&id)).transpose();
        let id = id.map_err(|error| error::raise(py, &error))?;
        let shared = self.shared.clone();
        let work = async move |run: Run| {
            let (nodes, again) = (texts(&nodes), texts(&again));
            run.fork_with(Forking { nodes: &nodes, again: &again, input, graph, id }).await
        };
        self.operation(py, work, |py, run| Ok(Py::new(py, Self::new(run, shared))?.into_any()))
    }

    /// Folds the journal again and tells whether the same came out.
    fn replay(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(
            py,
            async |run: Run| run.replay().await,
            |py, replay| Ok(format!("{replay:?}").into_pyobject(py)?.into_any().unbind()),
        )
    }

    /// Packs the run into one file.
    fn export(&self, py: Python<'_>) -> PyResult<Operation> {
        self.operation(
            py,
            async |run: Run| run.export().await,
            |py, bytes| Ok(pyo3::types::PyBytes::new(py, &bytes).into_any().unbind()),
        )
    }
}

fn texts(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

async fn ended(run: &Run) -> Result<Ended> {
    let (status, outputs, failure) = run.wait().await?;
    if failure.is_none() || status != RunStatus::Failed {
        return Ok((status, outputs, failure, None));
    }
    let state = run.state().await?;
    let Some(key) = state.culprit() else { return Ok((status, outputs, failure, None)) };
    let whose = (state.program().key_text(key), state.attempts(key));
    // The node's own words, without the sentence that the run's failure makes of them.
    Ok((status, outputs, state.failure(key).cloned().or(failure), Some(whose)))
}

fn show_ended(py: Python<'_>, ended: Ended) -> PyResult<Py<PyAny>> {
    let (status, outputs, failure, culprit) = ended;
    let outputs = value::read_payload(py, &outputs)?;
    let failure = failure.map(|failure| error::failure_of(py, &failure)).transpose()?;
    let all = (status.word(), outputs, failure, culprit);
    Ok(all.into_pyobject(py)?.into_any().unbind())
}

/// A node: status, attempts, output, failure.
type Node = (&'static str, u16, Option<serde_json::Value>, Option<Failure>);

async fn nodes(run: &Run) -> Result<Vec<(String, Node)>> {
    let state = run.state().await?;
    let mut all = Vec::new();
    for at in 0..state.program().len() {
        let Ok(at) = u32::try_from(at) else { break };
        let key = Key::node(NodeIx(at));
        let output = run.output(&state, key).await?;
        let (status, failure) = (state.node_status(key), state.failure(key).cloned());
        let name = state.program().name(NodeIx(at)).to_owned();
        all.push((name, (status.word(), state.attempts(key), output, failure)));
    }
    Ok(all)
}

fn show_node(py: Python<'_>, node: Node) -> PyResult<Bound<'_, PyDict>> {
    let (status, attempts, output, failure) = node;
    let fields = PyDict::new(py);
    fields.set_item("status", status)?;
    fields.set_item("attempts", attempts)?;
    fields.set_item("output", output.map(|value| value::of_json(py, &value)).transpose()?)?;
    fields.set_item("error", failure.map(|one| error::failure_of(py, &one)).transpose()?)?;
    Ok(fields)
}
