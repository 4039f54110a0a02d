//! What a body knows of its attempt.

use std::sync::Arc;

use fusion_core::contract::{Context, Desk};
use fusion_core::error::{Code, Error};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::calls::Calls;
use crate::error;
use crate::operation::Operation;
use crate::value;

/// One attempt of a body.
#[pyclass(frozen, module = "fusion_kit._native")]
pub(crate) struct Attempt {
    context: Context,
    calls: Arc<Calls>,
}

impl Attempt {
    pub(crate) fn new(context: Context, calls: Arc<Calls>) -> Self {
        Self { context, calls }
    }
}

#[pymethods]
impl Attempt {
    /// Which attempt it is: run, node, attempt, epoch, idempotency key, why the one before failed.
    fn about<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let about = self.context.about();
        let fields = PyDict::new(py);
        fields.set_item("run", about.run.as_str())?;
        fields.set_item("node", about.node)?;
        fields.set_item("attempt", about.attempt)?;
        fields.set_item("epoch", about.epoch)?;
        fields.set_item("idempotency_key", about.idempotency_key)?;
        let feedback = about.feedback.as_ref().map(|failure| error::failure_of(py, failure));
        fields.set_item("feedback", feedback.transpose()?)?;
        Ok(fields)
    }

    /// Whether the body was asked to end; from then on it is given time to.
    fn is_cancelled(&self) -> bool {
        self.context.is_cancelled()
    }

    /// Says that the body is alive and how far it is.
    #[pyo3(signature = (progress = None))]
    fn beat(&self, progress: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        match progress {
            Some(progress) => self.context.progress(value::to_json(progress)?),
            None => self.context.heartbeat(),
        }
        Ok(())
    }

    /// Finds what an earlier attempt saved, or what came of a rest: `none`, `value` or `late`, and the value.
    fn recall<'py>(
        &self,
        py: Python<'py>,
        name: &str,
    ) -> PyResult<(&'static str, Option<Bound<'py, PyAny>>)> {
        match self.context.recall(name) {
            None => Ok(("none", None)),
            // No value has no bytes: the limit of a rest has passed.
            Some(payload) if payload.is_empty() => Ok(("late", None)),
            Some(payload) => Ok(("value", Some(value::read_payload(py, &payload)?))),
        }
    }

    /// Gives the attempt of a part of the body: what it saves under a name is apart from the rest.
    fn part(&self, name: String) -> Self {
        Self::new(self.context.part(name), self.calls.clone())
    }

    /// Lets an agent work on a task, as a part of this body: `[reply, null]`, or `[null, failure]`.
    fn work(
        &self,
        py: Python<'_>,
        agent: u32,
        part: String,
        task: &Bound<'_, PyAny>,
    ) -> PyResult<Operation> {
        let task = value::to_json(task)?;
        let (Some(os), Some(shared)) = (self.calls.os.get(), self.calls.shared.get()) else {
            return Err(error::refuse(py, Code::Closed, "the engine was not opened"));
        };
        let (shared, env) = (shared.clone(), os.clone());
        let desk = Desk::new(self.context.clone(), env).part(part);
        let work = async move {
            let Some(shared) = shared.upgrade() else {
                return Err(Error::new(Code::Closed, "the engine is not there any more"));
            };
            Ok(shared.staff.kit()?.work(&desk, agent, task).await)
        };
        Ok(Operation::new(os.handle().clone(), work, |py, done| {
            let told = match done {
                Ok(reply) => serde_json::json!([reply, null]),
                Err(failure) => serde_json::json!([null, failure]),
            };
            value::of_json(py, &told).map(Bound::unbind)
        }))
    }

    /// Saves a result under a name; it is durable when the operation ends.
    fn save(&self, py: Python<'_>, name: String, value: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let payload = value::write_payload(value)?;
        let Some(os) = self.calls.os.get() else {
            return Err(error::refuse(py, Code::Closed, "the engine was not opened"));
        };
        let context = self.context.clone();
        let work = async move {
            context.save(&name, payload).await.map_err(|failure| {
                Error::new(Code::Closed, format!("`{name}` was not saved: {failure}"))
            })
        };
        Ok(Operation::new(os.handle().clone(), work, |py, ()| Ok(py.None())))
    }
}
