//! The code that a node executes.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::BoxFuture;
use crate::model::{Failure, Graph, Payload, RunId, Wait};

/// What a body returns.
#[derive(Debug, Clone)]
pub enum Output {
    /// A value.
    Value(Payload),
    /// A graph that runs in the node's place; its outputs become the node's.
    Graph(Box<Graph>),
    /// Nothing yet: the body rests, costs no memory, and is entered again after the wait.
    ///
    /// Then [`Attempt::recall`] finds under this name what came of it: the payload of the signal, the person's answer as a
    /// map, `null` for a moment that has come, no bytes at all for a limit that has passed. A body that rests several times
    /// needs a name for each, and recalls what it did before by the same means. It cannot rest for another run.
    Rest(String, Wait),
}

/// A named piece of code. Bodies run at least once; their outcome is recorded exactly once.
///
/// Most are made from closures by `Fusion::step`; implement it by hand for code that is found at run time.
///
/// ```
/// use fusion_core::contract::{BoxFuture, Context, Output, Step};
/// use fusion_core::model::{Failure, Payload};
///
/// #[derive(Debug)]
/// struct Shout;
///
/// impl Step for Shout {
///     fn name(&self) -> &str { "shout" }
///     fn run(&self, _ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
///         Box::pin(async move {
///             let text: String = input.decode().map_err(|e| Failure::error(e.to_string()))?;
///             let loud = Payload::json(&text.to_uppercase()).map_err(|e| Failure::error(e.to_string()))?;
///             Ok(Output::Value(loud))
///         })
///     }
/// }
/// ```
pub trait Step: fmt::Debug + Send + Sync + 'static {
    /// Gives the name that graphs use.
    fn name(&self) -> &str;

    /// Executes one attempt. A panic is caught and recorded as a failure of class `panic`.
    fn run(&self, ctx: Context, input: Payload) -> BoxFuture<'static, Result<Output, Failure>>;
}

/// Which attempt a body is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The run.
    pub run: RunId,
    /// The node, or its item: `fetch` or `fetch[3]`.
    pub node: String,
    /// The attempt, from 1.
    pub attempt: u16,
    /// The fence number of the run's owner: an outside system can refuse smaller ones.
    pub epoch: u64,
    /// The same for all attempts of this node and item, over crashes too; different from all others.
    pub idempotency_key: String,
    /// Why the attempt before failed: feedback to do better.
    pub feedback: Option<Failure>,
}

impl About {
    /// Gives the variables by which a program knows the attempt that started it, and by which what a dead attempt left running
    /// is known: `FUSION_RUN_ID`, `FUSION_NODE`, `FUSION_STEP_KEY` (the node, or its item), `FUSION_ATTEMPT`, `FUSION_EPOCH` and
    /// `FUSION_IDEMPOTENCY_KEY`.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let node = self.node.split('[').next().unwrap_or_default();
        let all = [
            ("FUSION_RUN_ID", self.run.to_string()),
            ("FUSION_NODE", node.to_owned()),
            ("FUSION_STEP_KEY", self.node.clone()),
            ("FUSION_ATTEMPT", self.attempt.to_string()),
            ("FUSION_EPOCH", self.epoch.to_string()),
            ("FUSION_IDEMPOTENCY_KEY", self.idempotency_key.clone()),
        ];
        all.into_iter().map(|(name, value)| (name.to_owned(), value))
    }
}

/// What the driver offers to one attempt.
#[async_trait]
pub trait Attempt: fmt::Debug + Send + Sync {
    /// Tells which attempt this is.
    fn about(&self) -> About;

    /// Finds what an earlier attempt saved under this name.
    fn recall(&self, name: &str) -> Option<Payload>;

    /// Saves a result under a name; durable when this returns.
    async fn save(&self, name: &str, value: Payload) -> Result<(), Failure>;

    /// Says that the body is alive, with an optional progress that observers see.
    fn beat(&self, progress: Option<Value>);

    /// Tells whether the body was asked to end.
    fn is_cancelled(&self) -> bool;

    /// Waits until the body is asked to end.
    async fn cancelled(&self);
}

/// What a body knows of its attempt; cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<dyn Attempt>);

impl Context {
    /// Wraps what the driver offers.
    pub fn new(attempt: Arc<dyn Attempt>) -> Self {
        Self(attempt)
    }

    /// Tells which run, node and attempt this is.
    pub fn about(&self) -> About {
        self.0.about()
    }

    /// Gives a text that is the same for all attempts of this node and item, over crashes too, and different from all
    /// others: hand it to outside systems that can refuse to do a thing twice.
    pub fn idempotency_key(&self) -> String {
        self.0.about().idempotency_key
    }

    /// Runs a part of the body once for all attempts: its result is recorded under `name`, and attempts that follow a
    /// crash or a failure get the recorded one. Failures are not recorded.
    ///
    /// # Errors
    /// What `work` returns; a failure of class `error` when the result cannot be encoded or recorded.
    pub async fn memo<T, F>(&self, name: &str, work: F) -> Result<T, Failure>
    where
        T: serde::Serialize + serde::de::DeserializeOwned,
        F: Future<Output = Result<T, Failure>>,
    {
        if let Some(saved) = self.0.recall(name) {
            return saved.decode().map_err(|e| {
                Failure::error(format!("the result saved as `{name}` is of another type: {e}"))
                    .permanent()
            });
        }
        let value = work.await?;
        let payload = Payload::json(&value).map_err(|e| {
            Failure::error(format!("the result of `{name}` cannot be saved: {e}")).permanent()
        })?;
        self.0.save(name, payload).await?;
        Ok(value)
    }

    /// Finds what an earlier attempt saved under a name, or what came of a rest (see [`Output::Rest`]).
    pub fn recall(&self, name: &str) -> Option<Payload> {
        self.0.recall(name)
    }

    /// Saves a result under a name for the attempts that follow; durable when this returns. [`Context::memo`] does both.
    ///
    /// # Errors
    /// A failure of class `limit` for a result that is too large, `cancelled` when the run has another owner.
    pub async fn save(&self, name: &str, value: Payload) -> Result<(), Failure> {
        self.0.save(name, value).await
    }

    /// Says that the body is alive and how far it is: anything that is JSON.
    pub fn progress(&self, progress: impl Into<Value>) {
        self.0.beat(Some(progress.into()));
    }

    /// Says that the body is alive.
    pub fn heartbeat(&self) {
        self.0.beat(None);
    }

    /// Tells whether the body was asked to end.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until the body is asked to end.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.about();
        write!(f, "{}/{} attempt {}", about.run, about.node, about.attempt)
    }
}
