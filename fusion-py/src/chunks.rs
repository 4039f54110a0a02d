//! An answer of a provider as it comes, as many chunks at a time as there are.

use std::sync::Arc;

use fusion_core::contract::Call;
use fusion_core::error::{Code, Error};
use fusion_providers::kit::Spoken;
use pyo3::prelude::*;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::error;
use crate::operation::Operation;
use crate::shared::Shared;
use crate::value;

/// A question, or the answer to it.
enum State {
    Asked(u32, Value),
    Spoken(Spoken),
}

/// An answer as it comes.
#[pyclass(frozen, module = "fusion_kit._native")]
pub(crate) struct AnswerChunks {
    state: Arc<Mutex<State>>,
    shared: Arc<Shared>,
}

impl AnswerChunks {
    pub(crate) fn new(shared: Arc<Shared>, provider: u32, request: Value) -> Self {
        Self { state: Arc::new(Mutex::new(State::Asked(provider, request))), shared }
    }
}

#[pymethods]
impl AnswerChunks {
    /// Waits for the next chunks and gives them with the fault that ended them, if one did; nothing of both at the end.
    fn next(&self, py: Python<'_>) -> PyResult<Operation> {
        let runtime = self.shared.runtime().map_err(|error| error::raise(py, &error))?;
        let (state, shared) = (self.state.clone(), self.shared.clone());
        let work = async move {
            shared.engine().await?;
            let Some(os) = shared.calls.os.get() else {
                return Err(Error::new(Code::Internal, "the runtime was not started"));
            };
            let call = Call::new(os.clone());
            let mut state = state.lock().await;
            if let State::Asked(provider, request) = &mut *state {
                let request = std::mem::take(request);
                *state = State::Spoken(shared.staff.kit()?.stream(*provider, request));
            }
            match &mut *state {
                State::Spoken(spoken) => Ok(spoken.next(&call).await),
                State::Asked(..) => Ok(Value::Null),
            }
        };
        Ok(Operation::new(runtime, work, |py, told| value::of_json(py, &told).map(Bound::unbind)))
    }
}
