//! [`Foreign`]: a provider whose code is a step.

use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{BoxFuture, Call, Chunks, Context, Output, Provider, Step, gather};
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Finish, Model, Request,
};
use fusion_core::model::{Failure, Payload};
use futures_util::stream;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::asked::Asked;
use super::fault::fault;

/// A provider whose code is a step, in another language perhaps.
///
/// The step's input is `{"op": "chat", "stream": true, "request": ..., "call": ...}`; the other ops are `embed` and `models`. What it
/// tells as its progress are chunks of the answer ([`Chunk`] in JSON, or a text). Its output is the rest: a whole
/// answer where no chunk came, a text, or `null` when the chunks were all; an end that is missing is added. `embed` gives
/// vectors, `models` a list. A failure whose class is the word of a [`FaultKind`] is that fault, any other one is `overloaded`.
///
/// The call's end is the step's: its future is dropped with the stream, and its context hears of the wish to end.
///
/// ```
/// use std::sync::Arc;
/// use fusion_core::contract::{BoxFuture, Context, Output, Provider, Step};
/// use fusion_core::model::{Failure, Payload};
/// use fusion_providers::Foreign;
///
/// #[derive(Debug)]
/// struct Polite;
/// impl Step for Polite {
///     fn name(&self) -> &str { "polite" }
///     fn run(&self, ctx: Context, _question: Payload) -> BoxFuture<'static, Result<Output, Failure>> {
///         Box::pin(async move {
///             ctx.progress("Good ");
///             ctx.progress("day!");
///             Ok(Output::Value(Payload::NULL))
///         })
///     }
/// }
/// assert_eq!(Foreign::new("polite", Arc::new(Polite)).name(), "polite");
/// ```
#[derive(Debug, Clone)]
pub struct Foreign {
    name: Arc<str>,
    step: Arc<dyn Step>,
}

/// A question that the step works on.
struct Work {
    provider: Arc<str>,
    call: Call,
    done: Option<BoxFuture<'static, Result<Output, Failure>>>,
    chunks: UnboundedReceiver<Result<Chunk, Fault>>,
    /// What is left to say when the step is through.
    rest: std::vec::IntoIter<Result<Chunk, Fault>>,
    seen: Seen,
}

/// What came of an answer so far.
#[derive(Default)]
struct Seen {
    content: bool,
    calls: bool,
    end: bool,
    broken: bool,
}

impl Seen {
    fn note(&mut self, chunk: &Result<Chunk, Fault>) {
        match chunk {
            Ok(chunk) => {
                self.content |= chunk.is_content();
                self.calls |= matches!(chunk, Chunk::Call { .. });
                self.end |= matches!(chunk, Chunk::End { .. });
            }
            Err(_) => self.broken = true,
        }
    }
}

impl Foreign {
    /// Makes a provider of a step.
    pub fn new(name: impl Into<Arc<str>>, step: Arc<dyn Step>) -> Self {
        Self { name: name.into(), step }
    }

    fn begin(&self, call: &Call, op: &str, request: &Value, streams: bool) -> Result<Work, Fault> {
        call.check()?;
        let (said, chunks) = unbounded_channel();
        let labels = call.for_whom();
        let input = json!({
            "op": op, "stream": streams, "request": request,
            "call": {
                "key": call.key(), "run": labels.run, "node": labels.node, "agent": labels.agent,
                "project": labels.project, "remaining_ms": call.remaining_ms(),
            },
        });
        let context = Context::new(Arc::new(Asked::new(call.clone(), self.name.clone(), said)?));
        let done = self.step.run(context, Payload::value(&input));
        let rest = Vec::new().into_iter();
        Ok(Work {
            provider: self.name.clone(),
            call: call.clone(),
            done: Some(done),
            chunks,
            rest,
            seen: Seen::default(),
        })
    }

    fn chat(&self, call: &Call, request: &Request, streams: bool) -> Result<Chunks, Fault> {
        request.check()?;
        let asked = serde_json::to_value(request).map_err(|error| {
            Fault::new(FaultKind::InvalidRequest, format!("the request cannot be JSON: {error}"))
        })?;
        let work = self.begin(call, "chat", &asked, streams)?;
        Ok(Box::pin(stream::unfold(work, |mut work| async move {
            let chunk = work.next().await?;
            Some((chunk, work))
        })))
    }

    /// Asks for something that comes in one piece.
    async fn whole<T: DeserializeOwned>(
        &self,
        call: &Call,
        (op, asked): (&str, Value),
    ) -> Result<T, Fault> {
        let mut work = self.begin(call, op, &asked, false)?;
        let payload = work.output().await?;
        payload.decode().map_err(|error| self.malformed(&format!("what comes of `{op}`: {error}")))
    }

    fn malformed(&self, what: &str) -> Fault {
        malformed(&self.name, what)
    }
}

fn malformed(provider: &str, what: &str) -> Fault {
    Fault::new(FaultKind::Malformed, format!("it gave what is not {what}")).provider(provider)
}

impl Work {
    fn fault(&self, failure: &Failure) -> Fault {
        let fault = fault(failure, &self.provider);
        match self.call.check() {
            // The step ended as it was told to, because the time for the call is over.
            Err(over) if fault.kind() == FaultKind::Cancelled => over.provider(&self.provider),
            _ => fault,
        }
    }

    /// Waits for the step's output.
    async fn output(&mut self) -> Result<Payload, Fault> {
        let Some(done) = self.done.take() else { return Ok(Payload::NULL) };
        match done.await {
            Ok(Output::Value(payload)) => Ok(payload),
            Ok(_) => Err(malformed(&self.provider, "an answer but a graph or a rest")),
            Err(failure) => Err(self.fault(&failure)),
        }
    }

    /// Gives the next chunk, as it comes; none after the end or the first fault.
    async fn next(&mut self) -> Option<Result<Chunk, Fault>> {
        if self.seen.broken {
            return None;
        }
        let chunk = match self.done.as_mut() {
            Some(done) => {
                tokio::select! {
                    biased;
                    Some(chunk) = self.chunks.recv() => Some(chunk),
                    result = done => {
                        self.done = None;
                        self.end(result);
                        self.rest.next()
                    }
                }
            }
            None => self.rest.next(),
        }?;
        self.seen.note(&chunk);
        Some(chunk)
    }

    /// Puts together what is left to say when the step is through.
    fn end(&mut self, result: Result<Output, Failure>) {
        let mut rest = Vec::new();
        while let Ok(chunk) = self.chunks.try_recv() {
            rest.push(chunk);
        }
        for chunk in &rest {
            self.seen.note(chunk);
        }
        match result {
            _ if self.seen.broken => {}
            Ok(Output::Value(payload)) => match self.answer(&payload) {
                Ok(more) => rest.extend(more.into_iter().map(Ok)),
                Err(fault) => rest.push(Err(fault)),
            },
            Ok(_) => rest.push(Err(malformed(&self.provider, "an answer but a graph or a rest"))),
            Err(failure) => rest.push(Err(self.fault(&failure))),
        }
        self.seen.broken = false;
        self.rest = rest.into_iter();
    }

    /// Gives the chunks of the step's output.
    fn answer(&self, payload: &Payload) -> Result<Vec<Chunk>, Fault> {
        let end = || {
            let finish = if self.seen.calls { Finish::ToolCalls } else { Finish::Stop };
            vec![Chunk::end(finish)]
        };
        if payload.is_null() {
            let nothing = "an answer: neither chunks nor a value came";
            return match (self.seen.end, self.seen.content) {
                (true, _) => Ok(Vec::new()),
                (false, true) => Ok(end()),
                (false, false) => Err(malformed(&self.provider, nothing)),
            };
        }
        if self.seen.content || self.seen.end {
            return Err(malformed(&self.provider, "an answer: chunks came, and then a whole one"));
        }
        let value: Value = payload
            .decode()
            .map_err(|error| malformed(&self.provider, &format!("JSON: {error}")))?;
        if let Value::String(text) = value {
            return Ok(Answer::text_of("", text).into_chunks());
        }
        // What has neither would be read as an answer without a word.
        if value.get("parts").or_else(|| value.get("finish")).is_none() {
            let shown: String = value.to_string().chars().take(80).collect();
            let what = format!("an answer (a text, or an object with `parts`): {shown}");
            return Err(malformed(&self.provider, &what));
        }
        let mut answer: Answer = serde_json::from_value(value)
            .map_err(|error| malformed(&self.provider, &format!("an answer: {error}")))?;
        if answer.finish == Finish::Stop && answer.calls().next().is_some() {
            answer.finish = Finish::ToolCalls;
        }
        Ok(answer.into_chunks())
    }
}

#[async_trait]
impl Provider for Foreign {
    fn name(&self) -> &str {
        &self.name
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        gather(self.chat(call, request, false)?).await.map_err(|fault| fault.provider(&self.name))
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        self.chat(call, request, true)
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        request.check()?;
        let asked = serde_json::to_value(request).unwrap_or_default();
        let got: Embeddings = self.whole(call, ("embed", asked)).await?;
        if got.vectors.len() == request.inputs.len() {
            return Ok(got);
        }
        let (vectors, texts) = (got.vectors.len(), request.inputs.len());
        Err(self.malformed(&format!("a vector for each text: {vectors} for {texts}")))
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.whole(call, ("models", Value::Null)).await
    }
}
