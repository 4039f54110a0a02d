//! What goes along with a call of a provider: who asks, until when, and the world.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use serde::{Deserialize, Serialize};

use super::{BoxFuture, Context, Env, Stop, Stopped};
use crate::model::Digest;
use crate::model::chat::{Fault, FaultKind};

const NS_PER_MS: u64 = 1_000_000;

/// For whom a call is made: budgets, gates, metrics and spans ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Labels {
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Arc<str>>,
    /// The node, or its item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Arc<str>>,
    /// The agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Arc<str>>,
    /// The project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Arc<str>>,
}

/// How long one call of a provider may take. Every call has all three; there is no "for ever".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeouts {
    /// To make a connection, in milliseconds; 10 seconds by default. Only a provider with a network can keep to it.
    pub connect_ms: u64,
    /// Between two chunks, and before the first one, in milliseconds; 2 minutes by default.
    pub idle_ms: u64,
    /// The whole call, in milliseconds; 10 minutes by default.
    pub total_ms: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 10_000, idle_ms: 120_000, total_ms: 600_000 }
    }
}

/// What goes along with a call of a provider; cheap to clone.
///
/// Layers and providers take time, randomness and the wish to end from here and nowhere else, so that they run in the
/// simulator as they do in the world.
#[derive(Debug, Clone)]
pub struct Call {
    env: Arc<dyn Env>,
    labels: Arc<Labels>,
    idempotency_key: Arc<str>,
    timeouts: Timeouts,
    deadline_ns: u64,
    stop: Option<Stop>,
    hears: Option<Hears>,
}

/// Hears what a call waits for.
#[derive(Clone)]
struct Hears(Arc<dyn Fn(&str) + Send + Sync>);

impl fmt::Debug for Hears {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Call {
    /// Makes a call for nobody in particular, with the usual limits and a random idempotency key.
    pub fn new(env: Arc<dyn Env>) -> Self {
        let key = format!("{:016x}{:016x}", env.random(), env.random());
        Self::with_key(env, key)
    }

    /// Makes a call as [`Call::new`] does, with this idempotency key.
    pub fn with_key(env: Arc<dyn Env>, key: impl Into<Arc<str>>) -> Self {
        Self {
            env,
            labels: Arc::default(),
            idempotency_key: key.into(),
            timeouts: Timeouts::default(),
            deadline_ns: u64::MAX,
            stop: None,
            hears: None,
        }
    }

    /// Makes a call for a body: with its run, node and wish to end, and a key that is the same for all its attempts.
    ///
    /// `name` tells the calls of one body apart, as the name of a memo does.
    pub fn of_body(env: Arc<dyn Env>, body: &Context, name: &str) -> Self {
        let about = body.about();
        let parts = [about.idempotency_key.as_bytes(), name.as_bytes()];
        let key = Digest::of_parts(&parts).to_string();
        let labels = Labels {
            run: Some(about.run.as_str().into()),
            node: Some(about.node.into()),
            ..Labels::default()
        };
        let hears = body.clone();
        let call = Self::with_key(env, key).labels(labels).stop(Arc::new(body.clone()));
        call.heard_by(move |what| hears.progress(what))
    }

    /// Says for whom it is made.
    #[must_use]
    pub fn labels(mut self, labels: Labels) -> Self {
        self.labels = labels.into();
        self
    }

    /// Sets the idempotency key: the same for every attempt of the same call.
    #[must_use]
    pub fn idempotency_key(mut self, key: impl Into<Arc<str>>) -> Self {
        self.idempotency_key = key.into();
        self
    }

    /// Sets the limits of each attempt.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Ends it, with all attempts, at most so many milliseconds from now; an earlier end stays.
    #[must_use]
    pub fn within_ms(mut self, ms: u64) -> Self {
        self.deadline_ns = self.deadline_ns.min(self.after_ms(ms));
        self
    }

    /// Sets who may wish it to end.
    #[must_use]
    pub fn stop(mut self, stop: Stop) -> Self {
        self.stop = Some(stop);
        self
    }

    /// Sets who hears what it waits for: the progress of the body when it is made for one, else nobody.
    #[must_use]
    pub fn heard_by(mut self, hears: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.hears = Some(Hears(Arc::new(hears)));
        self
    }

    /// Tells what it waits for: a turn at a gate, the next attempt.
    pub fn tell(&self, what: &str) {
        if let Some(Hears(hears)) = &self.hears {
            hears(what);
        }
    }

    /// Gives the world.
    pub fn env(&self) -> &Arc<dyn Env> {
        &self.env
    }

    /// Tells for whom it is made.
    pub fn for_whom(&self) -> &Labels {
        &self.labels
    }

    /// Gives the idempotency key.
    pub fn key(&self) -> &str {
        &self.idempotency_key
    }

    /// Gives the limits of each attempt.
    pub fn limits(&self) -> Timeouts {
        self.timeouts
    }

    /// Tells how long it may still take, in milliseconds: no more than an attempt may.
    pub fn remaining_ms(&self) -> u64 {
        let left = self.deadline_ns.saturating_sub(self.env.monotonic_ns()) / NS_PER_MS;
        left.min(self.timeouts.total_ms)
    }

    /// Tells whether it would still be wanted in so many milliseconds.
    pub fn outlasts_ms(&self, ms: u64) -> bool {
        self.deadline_ns == u64::MAX || self.after_ms(ms) < self.deadline_ns
    }

    /// Tells whether somebody wished it to end.
    pub fn is_cancelled(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.is_set())
    }

    /// Waits until somebody wishes it to end, or its time is over.
    pub async fn ended(&self) {
        let never = std::future::pending::<Result<(), Fault>>();
        // Nothing but an end comes of it.
        let _ = self.limited(u64::MAX, "nothing happened", never).await;
    }

    /// Refuses to begin what nobody waits for.
    ///
    /// # Errors
    /// `cancelled`, or `timeout` when its time is over.
    pub fn check(&self) -> Result<(), Fault> {
        if self.is_cancelled() {
            return Err(cancelled());
        }
        if self.deadline_ns != u64::MAX && self.env.monotonic_ns() >= self.deadline_ns {
            return Err(Fault::new(FaultKind::Timeout, "the time for the call is over"));
        }
        Ok(())
    }

    /// Waits for something, but no longer than so many milliseconds, the end of the call's time, or the wish to end.
    /// `what` names it for the message: "no answer".
    ///
    /// # Errors
    /// What the future says; `timeout`; `cancelled`.
    pub async fn limited<T>(
        &self,
        ms: u64,
        what: &str,
        future: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let mut future = pin!(future);
        let mut limits: Option<(BoxFuture<'static, ()>, Option<BoxFuture<'static, ()>>)> = None;
        poll_fn(|context| {
            if let Poll::Ready(result) = future.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            // Most calls that end at once never need a timer.
            let (timer, stop) = limits.get_or_insert_with(|| {
                let until = self.after_ms(ms).min(self.deadline_ns);
                (self.env.sleep_until(until), self.stop.as_ref().map(|stop| stop.wait()))
            });
            if stop.as_mut().is_some_and(|stop| stop.as_mut().poll(context).is_ready()) {
                return Poll::Ready(Err(cancelled()));
            }
            timer.as_mut().poll(context).map(|()| {
                let message = if self.deadline_ns <= self.env.monotonic_ns() {
                    format!("{what} before the time for the call was over")
                } else {
                    format!("{what} within {ms} ms")
                };
                Err(Fault::new(FaultKind::Timeout, message))
            })
        })
        .await
    }

    /// Pauses.
    ///
    /// # Errors
    /// `cancelled` when somebody wishes the call to end meanwhile, `timeout` when its time is over first.
    pub async fn sleep_ms(&self, ms: u64) -> Result<(), Fault> {
        self.check()?;
        let sleep = self.env.sleep_until(self.after_ms(ms));
        let sleep = async {
            sleep.await;
            Ok(())
        };
        self.limited(u64::MAX, "nothing happened", sleep).await
    }

    fn after_ms(&self, ms: u64) -> u64 {
        self.env.monotonic_ns().saturating_add(ms.saturating_mul(NS_PER_MS))
    }
}

fn cancelled() -> Fault {
    Fault::new(FaultKind::Cancelled, "the call was cancelled")
}

/// A body that is asked to end takes its calls with it.
impl Stopped for Context {
    fn is_set(&self) -> bool {
        self.is_cancelled()
    }

    fn wait(&self) -> BoxFuture<'static, ()> {
        let context = self.clone();
        Box::pin(async move { context.cancelled().await })
    }

    fn alive(&self) {
        self.heartbeat();
    }
}
