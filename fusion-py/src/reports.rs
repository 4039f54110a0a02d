//! How bodies say how they ended.

use std::sync::Arc;

use fusion_core::contract::{Env, Output};
use fusion_core::model::Wait;
use pyo3::prelude::*;

use crate::calls::{Calls, Reply};
use crate::error::{self, Told};
use crate::pool::Bodies;

/// Where bodies say how they ended.
#[pyclass(frozen, module = "fusion_kit._native")]
#[derive(Clone)]
pub(crate) struct Reports {
    pub(crate) calls: Arc<Calls>,
    /// The pool whose thread the body has, if it has one.
    pub(crate) bodies: Option<Arc<Bodies>>,
}

impl Reports {
    fn answer(&self, token: u64, reply: Reply) {
        if !self.calls.answer(token, reply)
            && let Some(bodies) = &self.bodies
        {
            // Nobody waited any more: the thread that was given up for lost is back.
            bodies.found();
        }
    }
}

#[pymethods]
impl Reports {
    /// The body gave a value.
    ///
    /// Raises `TypeError`, and nobody is told, when JSON cannot hold it.
    fn done(&self, token: u64, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let output = crate::step::output(value)?;
        self.answer(token, Reply::Done(Ok(output)));
        Ok(())
    }

    /// The body failed: class, message, traceback, whether to try again, and after how many milliseconds.
    fn failed(&self, token: u64, told: Told) {
        self.answer(token, Reply::Done(Err(error::failure(told))));
    }

    /// The body rests until a signal comes, or for so many milliseconds; it finds what came under the name.
    #[pyo3(signature = (token, name, signal, ms))]
    fn rests(&self, token: u64, name: String, signal: Option<String>, ms: Option<u64>) {
        let now = self.calls.os.get().map(|os| os.now_ms()).unwrap_or_default();
        let due = ms.map(|ms| now.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)));
        let wait = match signal {
            Some(signal) => Wait::Signal(signal, due),
            None => Wait::Timer(due.unwrap_or(now)),
        };
        self.answer(token, Reply::Done(Ok(Output::Rest(name, wait))));
    }

    /// Something other than the engine cancelled the body.
    fn stray(&self, token: u64) {
        self.answer(token, Reply::Stray);
    }

    /// Whether the engine still waits for the body.
    fn waits(&self, token: u64) -> bool {
        self.calls.is_open(token)
    }
}
