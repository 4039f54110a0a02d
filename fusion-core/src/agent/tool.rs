//! A step with a description for models.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::schema::Reader;
use crate::contract::{BoxFuture, Closure, Context, Desk, Output, Step};
use crate::model::chat::{self, ToolCall, ToolResult};
use crate::model::{Class, Failure, Payload};

/// What a model may use: a step with a description.
///
/// ```
/// use fusion_core::agent::Tool;
/// use serde_json::json;
///
/// #[derive(serde::Deserialize)]
/// struct Place { city: String }
/// let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
/// let weather = Tool::new("weather", "Tells the weather.", |at: Place| async move { Ok(format!("{}: sun", at.city)) })
///     .schema(schema);
/// assert_eq!(weather.about().name, "weather");
/// ```
#[derive(Clone)]
pub struct Tool {
    about: chat::Tool,
    /// Absent when its schema cannot be read: then the body alone decides what fits.
    reader: Option<Reader>,
    step: Arc<dyn Step>,
}

impl Tool {
    /// Makes a tool of a closure that takes the arguments as any serde type.
    pub fn new<I, O, F, R>(name: &str, description: &str, body: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(I) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        Self::with(chat::Tool::new(name, description), move |_ctx, input| body(input))
    }

    /// Makes a tool of a closure that also sees its attempt: memo, idempotency key, heartbeat, the wish to end.
    pub fn with<I, O, F, R>(about: chat::Tool, body: F) -> Self
    where
        I: DeserializeOwned + Send + 'static,
        O: Serialize + Send + 'static,
        F: Fn(Context, I) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let wrong = |message: String| Failure::new(Class::DECODE, message);
        let run = move |ctx, input: Payload| -> BoxFuture<'static, Result<Output, Failure>> {
            let work = match input.decode::<I>() {
                Ok(input) => body(ctx, input),
                Err(error) => {
                    let failure = wrong(format!("the arguments do not fit: {error}"));
                    return Box::pin(std::future::ready(Err(failure)));
                }
            };
            Box::pin(async move {
                let payload = Payload::json(&work.await?)
                    .map_err(|error| wrong(format!("the result cannot be JSON: {error}")))?;
                Ok(Output::Value(payload))
            })
        };
        let name = about.name.as_str().into();
        Self::of_step(about, Arc::new(Closure { name, run }))
    }

    /// Makes a tool of a step, which may be one in another language.
    pub fn of_step(about: chat::Tool, step: Arc<dyn Step>) -> Self {
        Self { reader: Reader::new(&about.schema).ok(), about, step }
    }

    /// Sets the JSON Schema of the arguments, an object. Arguments that do not fit it never reach the body: the model is told
    /// what is wrong. What cannot be read as a schema, or refers to what is not in it, is shown to the model and checks nothing.
    #[must_use]
    pub fn schema(mut self, schema: Value) -> Self {
        self.reader = Reader::new(&schema).ok();
        self.about.schema = schema;
        self
    }

    /// Tells what the model sees.
    pub fn about(&self) -> &chat::Tool {
        &self.about
    }

    /// Answers a call. What goes wrong is told to the model, so that it can do better; only the wish to end is a failure.
    pub(super) async fn answer(
        &self,
        desk: &Desk,
        (name, call): (&str, &ToolCall),
        (limit_ms, most_bytes): (u64, usize),
    ) -> Result<ToolResult, Failure> {
        let arguments = match call.arguments() {
            Ok(arguments) => arguments,
            Err(fault) => return Ok(ToolResult::error(call, fault.message())),
        };
        if let Some(Err(wrong)) = self.reader.as_ref().map(|reader| reader.check(&arguments)) {
            return Ok(ToolResult::error(call, format!("the arguments do not fit:\n{wrong}")));
        }
        let arguments = Payload::value(&arguments);
        let body = desk.body().part(name);
        let work = async { self.step.run(body, arguments).await };
        let until = desk.env().monotonic_ns().saturating_add(limit_ms.saturating_mul(1_000_000));
        let work = AssertUnwindSafe(work).catch_unwind();
        tokio::select! {
            biased;
            done = work => match done {
                Ok(Ok(Output::Value(payload))) => Ok(ToolResult::text(call, shown(&payload, most_bytes))),
                Ok(Ok(_)) => Ok(ToolResult::error(call, "the tool gave a graph or a rest, which only a node can")),
                Ok(Err(failure)) if failure.class.is_cancel() => Err(failure),
                Ok(Err(failure)) => Ok(ToolResult::error(call, failure.to_string())),
                Err(_panic) => Ok(ToolResult::error(call, "the tool panicked")),
            },
            () = desk.body().cancelled() => Err(Failure::new(Class::CANCELLED, "cancelled")),
            () = desk.env().sleep_until(until) => {
                Ok(ToolResult::error(call, format!("the tool took longer than {limit_ms} ms")))
            }
        }
    }
}

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tool `{}`", self.about.name)
    }
}

/// Gives what a model sees of a result: a text as it is, all else as JSON, at most so many bytes.
fn shown(payload: &Payload, most: usize) -> String {
    let text = match payload.decode::<Value>() {
        Ok(Value::String(text)) => text,
        Ok(value) => value.to_string(),
        Err(_) => payload
            .bytes()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .unwrap_or_default(),
    };
    if text.len() <= most {
        return text;
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (shown, all) = (text.get(..end).unwrap_or_default(), text.len());
    format!("{shown}\n[cut here: {all} bytes in all]")
}
