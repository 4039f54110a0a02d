//! Who does a task by its own judgement.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Call, Context, Env, Labels};
use crate::model::Failure;
use crate::model::agent::{Ask, Reply};

/// Who does a task by its own judgement: a model with tools, a program, a piece of code.
///
/// `fusion_core::agent::LlmAgent` is the ready-made one. An agent becomes a step by `Fusion::agent`, so graphs use it as any other.
/// What it must not do twice it saves with [`Desk::body`]'s `memo`: after a crash it is asked again, and finds it there.
///
/// ```
/// use async_trait::async_trait;
/// use fusion_core::contract::{Agent, Desk};
/// use fusion_core::model::Failure;
/// use fusion_core::model::agent::{Ask, Reply};
///
/// #[derive(Debug)]
/// struct Counter;
///
/// #[async_trait]
/// impl Agent for Counter {
///     fn name(&self) -> &str { "counter" }
///     async fn work(&self, _desk: &Desk, ask: Ask) -> Result<Reply, Failure> {
///         let words = ask.prompt.split_whitespace().count();
///         Ok(Reply { text: words.to_string(), ..Reply::default() })
///     }
/// }
/// ```
#[async_trait]
pub trait Agent: fmt::Debug + Send + Sync + 'static {
    /// Gives the name that graphs and other agents use.
    fn name(&self) -> &str;

    /// Does what it is asked.
    ///
    /// # Errors
    /// A failure whose class tells the node's policy whether to try again.
    async fn work(&self, desk: &Desk, ask: Ask) -> Result<Reply, Failure>;
}

/// What an agent works with; cheap to clone.
#[derive(Debug, Clone)]
pub struct Desk {
    body: Context,
    env: Arc<dyn Env>,
    project: Option<Arc<str>>,
}

impl Desk {
    /// Makes a desk for a body.
    pub fn new(body: Context, env: Arc<dyn Env>) -> Self {
        Self { body, env, project: None }
    }

    /// Says to which project the work belongs, for its budget.
    #[must_use]
    pub fn project(mut self, name: impl Into<Arc<str>>) -> Self {
        self.project = Some(name.into());
        self
    }

    /// Gives the attempt: memos, idempotency key, progress, the wish to end.
    pub fn body(&self) -> &Context {
        &self.body
    }

    /// Gives a desk for a part of the work, such as another agent that is asked: what it records is apart from the rest. Parts of
    /// one attempt need different names, the same in every attempt.
    #[must_use]
    pub fn part(&self, name: impl Into<String>) -> Self {
        Self { body: self.body.part(name), ..self.clone() }
    }

    /// Gives the world.
    pub fn env(&self) -> &Arc<dyn Env> {
        &self.env
    }

    /// Makes the call of a provider on behalf of an agent. `name` tells the calls of one attempt apart and is the same when
    /// the attempt is made again.
    pub fn call(&self, agent: &str, name: &str) -> Call {
        let call = Call::of_body(self.env.clone(), &self.body, name);
        let labels = Labels {
            agent: Some(agent.into()),
            project: self.project.clone(),
            ..call.for_whom().clone()
        };
        call.labels(labels)
    }
}
