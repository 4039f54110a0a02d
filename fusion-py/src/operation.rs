//! Something that the engine does: waited for by a thread, or by a future of a loop.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fusion_core::contract::BoxFuture;
use fusion_core::error::{Code, Error, Result};
use futures_util::FutureExt;
use pyo3::prelude::*;
use tokio::runtime::Handle;

use crate::error;
use crate::lane::{Job, Lane, Way};

/// How often a waiting thread looks whether somebody pressed Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);

/// Makes the Python value of a result, in a thread that is attached.
pub(crate) type Made = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Something that the engine does, once somebody waits for it.
#[pyclass(frozen, module = "fusion_kit._native")]
pub(crate) struct Operation {
    runtime: Handle,
    work: Mutex<Option<BoxFuture<'static, Made>>>,
}

impl Operation {
    /// Wraps work and how its result is shown to Python.
    pub(crate) fn new<T: Send + 'static>(
        runtime: Handle,
        work: impl Future<Output = Result<T>> + Send + 'static,
        show: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self {
        let work = async move {
            let done = AssertUnwindSafe(work)
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(Error::new(Code::Internal, "the engine panicked")));
            let made: Made = Box::new(move |py| match done {
                Ok(value) => show(py, value),
                Err(error) => Err(error::raise(py, &error)),
            });
            made
        };
        Self { runtime, work: Mutex::new(Some(Box::pin(work))) }
    }

    fn begin(&self, py: Python<'_>) -> PyResult<BoxFuture<'static, Made>> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.ok_or_else(|| error::refuse(py, Code::NotApplicable, "this was waited for already"))
    }
}

#[pymethods]
impl Operation {
    /// Waits in this thread, for so many seconds at the most; Ctrl-C is heard.
    #[pyo3(signature = (timeout = None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Py<PyAny>> {
        let mut work = self.begin(py)?;
        let mut left =
            timeout.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default());
        loop {
            let nap = left.map_or(LOOK, |left| left.min(LOOK));
            let looked = py.detach(|| {
                self.runtime.block_on(async { tokio::time::timeout(nap, work.as_mut()).await })
            });
            if let Ok(made) = looked {
                return made(py);
            }
            py.check_signals()?;
            left = left.map(|left| left.saturating_sub(nap));
            if left.is_some_and(|left| left.is_zero()) {
                let message = format!("it took longer than {} s", timeout.unwrap_or_default());
                return Err(error::refuse(py, Code::WaitTimeout, &message));
            }
        }
    }

    /// Lets a future of the lane's loop have the result; gives what ends the work.
    fn attach(&self, py: Python<'_>, lane: &Lane, future: Py<PyAny>) -> PyResult<Abort> {
        let work = self.begin(py)?;
        let way: Arc<Way> = lane.way.clone();
        let task = self.runtime.spawn(async move {
            let made = work.await;
            // A loop that has ended waits for nothing.
            let _ = way.push(Job::Resolve(future, made));
        });
        Ok(Abort(task.abort_handle()))
    }
}

/// Ends the work that a future was waiting for.
#[pyclass(frozen, module = "fusion_kit._native")]
pub(crate) struct Abort(tokio::task::AbortHandle);

#[pymethods]
impl Abort {
    /// Ends it.
    fn abort(&self) {
        self.0.abort();
    }
}
