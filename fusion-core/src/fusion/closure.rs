//! Steps made from closures.

use std::any::TypeId;
use std::sync::Arc;

use serde::de::value::UnitDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Fusion;
use crate::contract::{BoxFuture, Closure, Context, Output, Step};
use crate::graph::Names;
use crate::model::graph::Node;
use crate::model::{Class, Failure, Payload};

/// The name of a registered step, to make nodes from.
#[derive(Debug, Clone)]
pub struct StepRef(Arc<str>);

impl StepRef {
    /// Makes a node that runs the step; name it with `Graph::node`.
    pub fn node(&self) -> Node {
        Node::step("", &self.0)
    }

    /// Makes a node that runs the step for each item of a list.
    pub fn map(&self, over: impl Into<Value>) -> Node {
        self.node().map(over)
    }

    /// Makes a node that runs the step with arguments; texts are templates.
    pub fn with(&self, with: impl Into<Value>) -> Node {
        self.node().with(with)
    }

    /// Makes a node that runs the step after others; with one need its output is the input.
    pub fn after(&self, needs: impl Names) -> Node {
        let node = self.node().after(needs);
        match node.needs.as_slice() {
            [need] => {
                let with = format!("{{{{ nodes[\"{need}\"] }}}}");
                node.with(with)
            }
            _ => node,
        }
    }
}

impl From<StepRef> for Node {
    fn from(step: StepRef) -> Self {
        step.node()
    }
}

impl From<&StepRef> for Node {
    fn from(step: &StepRef) -> Self {
        step.node()
    }
}

/// Arguments by place, as a call with several of them in JavaScript gives them.
#[derive(Deserialize)]
struct Places<I> {
    #[serde(rename = "$args")]
    args: I,
}

/// Decodes what a step is given; arguments by place fit a tuple, and a struct in the order of its fields.
fn input_of<I: DeserializeOwned>(input: &Payload) -> Result<I, serde_json::Error> {
    // Most bodies that take nothing are given nothing: there is no text to read. Who wants something says so better from a text.
    if input.is_null() {
        let nothing: UnitDeserializer<serde_json::Error> = ().into_deserializer();
        if let Ok(input) = I::deserialize(nothing) {
            return Ok(input);
        }
    }
    if input.bytes().is_some_and(|bytes| bytes.starts_with(b"{\"$args\":")) {
        return input.decode::<Places<I>>().map(|places| places.args);
    }
    input.decode()
}

/// Encodes what a step gives; `()` without asking it.
fn payload_of<O: Serialize + 'static>(output: &O) -> Result<Payload, Failure> {
    if TypeId::of::<O>() == TypeId::of::<()>() {
        return Ok(Payload::NULL);
    }
    Payload::json(output)
        .map_err(|error| Failure::new(Class::DECODE, format!("the output cannot be JSON: {error}")))
}

impl Fusion {
    /// Registers a closure as a step. Input and output are any serde types; every error turns into a failure by `?`.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// use fusion_core::{Fusion, model::Graph};
    /// let fusion = Fusion::open("memory://").await?;
    /// let double = fusion.step("double", |n: i64| async move { Ok(n * 2) });
    /// let graph = Graph::new("twice").node("a", double.with(21)).output("n", "{{ nodes.a }}");
    /// let run = fusion.start(&graph, serde_json::json!({})).await?;
    /// assert_eq!(run.result::<serde_json::Value>().await?["n"], 42);
    /// # Ok::<(), fusion_core::error::Error>(()) }).unwrap();
    /// ```
    pub fn step<I, O, F, R>(&self, name: &str, body: F) -> StepRef
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(I) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        self.step_with(name, move |_ctx, input| body(input))
    }

    /// Registers a closure that also sees its attempt: memo, idempotency key, heartbeat, the wish to end.
    pub fn step_with<I, O, F, R>(&self, name: &str, body: F) -> StepRef
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(Context, I) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let run =
            move |ctx: Context, input: Payload| -> BoxFuture<'static, Result<Output, Failure>> {
                let input = match input_of::<I>(&input) {
                    Ok(input) => input,
                    Err(error) => {
                        let failure = Failure::new(
                            Class::DECODE,
                            format!("the input does not fit the step: {error}"),
                        );
                        return Box::pin(std::future::ready(Err(failure)));
                    }
                };
                let work = body(ctx, input);
                Box::pin(async move {
                    let output = work.await?;
                    Ok(Output::Value(payload_of(&output)?))
                })
            };
        self.register(Closure { name: name.into(), run })
    }

    /// Registers a step.
    pub fn register(&self, step: impl Step) -> StepRef {
        let name = Arc::from(step.name());
        self.engine().registry.add_step(Arc::new(step));
        self.engine().store.bus().ring("registered");
        StepRef(name)
    }
}
