//! A step whose code is Python: the engine's side of a call.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use fusion_core::contract::{BoxFuture, Context, Output, Step};
use fusion_core::model::{Class, Failure, Graph, Payload};
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::calls::{Call, Calls, Reply};
use crate::definition::Definition;
use crate::lane::{Job, Way};
use crate::pool::Want;
use crate::shared::Shared;
use crate::value;

/// How long a body may take before somebody looks whether its loop still runs; then twice as long, and so on.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long it is between two looks at the most.
const MOST_PATIENCE: Duration = Duration::from_secs(2);

/// Where the code of a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a loop.
    Loop,
    /// In a thread of the pool, because it may block.
    Thread,
}

/// A step whose code is Python.
pub(crate) struct PyStep {
    pub(crate) name: Box<str>,
    /// Its place in Python's list.
    pub(crate) body: usize,
    pub(crate) place: Place,
    pub(crate) shared: Weak<Shared>,
}

impl fmt::Debug for PyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step `{}` ({:?})", self.name, self.place)
    }
}

impl Step for PyStep {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
        let Some(shared) = self.shared.upgrade() else { return Box::pin(closed()) };
        let body = self.body;
        match self.place {
            Place::Thread => Box::pin(in_thread(shared, body, ctx, input)),
            Place::Loop => Box::pin(on_loop(shared, body, ctx, input)),
        }
    }
}

async fn closed() -> Result<Output, Failure> {
    // The engine goes: it is as if the process had ended before the body did.
    std::future::pending().await
}

/// Gives a body up when the engine does.
struct Guard<F: FnMut(u64)> {
    calls: Arc<Calls>,
    token: u64,
    give_up: F,
}

impl<F: FnMut(u64)> Drop for Guard<F> {
    fn drop(&mut self) {
        if self.calls.forget(self.token) {
            (self.give_up)(self.token);
        }
    }
}

async fn in_thread(
    shared: Arc<Shared>,
    body: usize,
    context: Context,
    input: Payload,
) -> Result<Output, Failure> {
    let (token, mut answer) = shared.calls.open();
    let (bodies, wait) = (shared.bodies.clone(), shared.bodies.ending.begin());
    let _guard =
        Guard { calls: shared.calls.clone(), token, give_up: |token| bodies.give_up(token) };
    let vars = shared.home(&context).and_then(|home| home.vars);
    if !shared.bodies.push(Call { token, body, input, context, vars }) {
        return closed().await;
    }
    drop(shared);
    let reply = if let Some(reply) = wait.look(|| answer.try_recv().ok()) {
        Ok(reply)
    } else {
        let from = wait.now();
        let reply = answer.await;
        wait.slept(from);
        reply
    };
    match reply {
        Ok(Reply::Done(result)) => result,
        Ok(Reply::Stray | Reply::Back) | Err(_) => closed().await,
    }
}

async fn on_loop(
    shared: Arc<Shared>,
    body: usize,
    context: Context,
    input: Payload,
) -> Result<Output, Failure> {
    loop {
        let (way, vars) = shared.way_of(&context).await;
        let (token, answer) = shared.calls.open();
        let call = Call { token, body, input: input.clone(), context: context.clone(), vars };
        let reply = on_way(&shared, &way, call, answer).await;
        match reply {
            Some(Reply::Done(result)) => return result,
            // Cancelled from outside: by the end of its loop, or by somebody who meant it.
            Some(Reply::Stray) if !way.ends_soon().await => {
                let message = "the body was cancelled, and not by the engine";
                return Err(Failure::new(Class::from("CancelledError"), message));
            }
            Some(Reply::Stray | Reply::Back) | None => {}
        }
    }
}

/// Enters a body on a loop; nothing comes back when the loop ends.
async fn on_way(
    shared: &Shared,
    way: &Arc<Way>,
    call: Call,
    mut answer: oneshot::Receiver<Reply>,
) -> Option<Reply> {
    let (token, context, calls) = (call.token, call.context.clone(), &shared.calls);
    let wait = way.ending.begin();
    let give_up = |token| drop(way.push(Job::Cancel(token)));
    let _guard = Guard { calls: calls.clone(), token, give_up };
    way.push(Job::Call(call, calls.clone())).ok()?;
    if let Some(reply) = wait.look(|| answer.try_recv().ok()) {
        return Some(reply);
    }
    let from = wait.now();
    let (mut asked, mut patience) = (false, PATIENCE);
    loop {
        let heard = tokio::time::timeout(patience, async {
            tokio::select! {
                biased;
                reply = &mut answer => Some(reply.ok()),
                () = way.end() => Some(None),
                () = context.cancelled(), if !asked => None,
            }
        });
        match heard.await {
            Ok(Some(reply)) => {
                wait.slept(from);
                return reply;
            }
            // The body is asked to end, and given the time for it that the engine gives.
            Ok(None) => {
                asked = true;
                way.push(Job::Cancel(token)).ok()?;
            }
            // A loop may end, or stand still, without a word.
            Err(_) => {
                shared.bodies.want(Want::Look);
                patience = (patience * 2).min(MOST_PATIENCE);
            }
        }
    }
}

/// Makes the output of a body's value.
///
/// # Errors
/// `TypeError` when JSON cannot hold it.
pub(crate) fn output(value: &Bound<'_, PyAny>) -> PyResult<Output> {
    if let Ok(made) = value.cast_exact::<Definition>() {
        let graph: Graph = made.get().graph();
        return Ok(Output::Graph(Box::new(graph)));
    }
    value::write_payload(value).map(Output::Value)
}
