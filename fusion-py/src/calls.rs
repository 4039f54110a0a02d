//! Bodies that were entered: each waits under a number for what Python says of it.
//!
//! Numbers, never pointers: an answer that comes twice, or after the engine has given the body up, finds nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use fusion_core::contract::{Context, Output};
use fusion_core::model::{Failure, Payload};
use fusion_core::run::Os;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::shared::Shared;

/// How a body ended.
#[derive(Debug)]
pub(crate) enum Reply {
    /// As the engine is told.
    Done(Result<Output, Failure>),
    /// Something other than the engine cancelled it: the loop that it ran on ends, perhaps.
    Stray,
    /// It was not entered: its loop has ended, or stands still.
    Back,
}

/// One body that shall be entered.
#[derive(Debug)]
pub(crate) struct Call {
    /// Under which number it waits.
    pub(crate) token: u64,
    /// The place of the step in Python's list.
    pub(crate) body: usize,
    pub(crate) input: Payload,
    pub(crate) context: Context,
    /// The context variables of whoever started the run, if there are any.
    pub(crate) vars: Option<Arc<Py<PyAny>>>,
}

/// The bodies of one engine that were entered and have not ended.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    open: Mutex<Open>,
    /// The world of the engine, once it was opened.
    pub(crate) os: OnceLock<Arc<Os>>,
    /// What the engine's Python side shares, once it was opened.
    pub(crate) shared: OnceLock<Weak<Shared>>,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    waiting: BTreeMap<u64, oneshot::Sender<Reply>>,
}

impl Calls {
    /// Gives a number, and where its answer will be.
    pub(crate) fn open(&self) -> (u64, oneshot::Receiver<Reply>) {
        let (sender, receiver) = oneshot::channel();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.last += 1;
        let token = open.last;
        open.waiting.insert(token, sender);
        (token, receiver)
    }

    /// Answers; `false` when nobody waits any more.
    pub(crate) fn answer(&self, token: u64, reply: Reply) -> bool {
        let waiting = self.take(token);
        waiting.is_some_and(|waiting| waiting.send(reply).is_ok())
    }

    /// Gives the number up; `false` when it was answered.
    pub(crate) fn forget(&self, token: u64) -> bool {
        self.take(token).is_some()
    }

    /// Tells whether somebody waits for the answer.
    pub(crate) fn is_open(&self, token: u64) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).waiting.contains_key(&token)
    }

    fn take(&self, token: u64) -> Option<oneshot::Sender<Reply>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).waiting.remove(&token)
    }
}
