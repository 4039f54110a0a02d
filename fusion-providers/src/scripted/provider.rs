//! [`Scripted`]: plays answers, streams, faults and delays.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Provider, chunks_of, gather};
use fusion_core::error;
use fusion_core::graph::template::{Redactor, Secrets};
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Model, Request,
};
use futures_util::{StreamExt, stream};

use super::hidden::Hidden;
use super::{Asked, Exchange, Said, Timed, file, nearest};

/// Says what a script or a recording says: for tests, for examples without a key, for replays.
///
/// What is written in code is said in order, whatever is asked. What was recorded is found by the whole content of the question;
/// a question that was recorded several times gets its answers in order, the last one for ever. A question that is not there is
/// a fault that shows the nearest one. Clones share the script.
///
/// ```
/// use fusion_core::model::chat::{Answer, Chunk, Fault, FaultKind, Finish};
/// use fusion_providers::Scripted;
///
/// let provider = Scripted::new("demo")
///     .answer(Answer::text_of("demo-1", "first"))
///     .after_ms(50).stream([Chunk::text("se"), Chunk::text("cond"), Chunk::end(Finish::Stop)])
///     .fault(Fault::new(FaultKind::RateLimit, "slow down").retry_after_ms(1_000));
/// assert_eq!(provider.asked().len(), 0);
/// ```
#[derive(Clone)]
pub struct Scripted {
    name: Arc<str>,
    after_ms: u64,
    redactor: Redactor,
    hidden: Hidden,
    models: Vec<Model>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What is said in order, and how much of it was.
    script: Vec<Exchange>,
    said: usize,
    /// What was recorded, by the JSON of the question, and how much of it was said.
    recorded: BTreeMap<String, (Vec<Exchange>, usize)>,
    asked: Vec<Asked>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scripted({})", self.name)
    }
}

impl Scripted {
    /// Makes a provider with nothing to say.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        let (redactor, hidden) = (Redactor::default(), Hidden::default());
        let (models, state) = (Vec::new(), Arc::default());
        Self { name: name.into(), after_ms: 0, redactor, hidden, models, state }
    }

    /// Reads a recording.
    ///
    /// # Errors
    /// As [`read`](super::read).
    pub fn replay(name: impl Into<Arc<str>>, path: &Path) -> error::Result<Self> {
        Ok(Self::new(name).exchanges(file::read(path)?))
    }

    /// Adds what was recorded.
    #[must_use]
    pub fn exchanges(self, exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        let mut state = self.state();
        for exchange in exchanges {
            if exchange.asked == Asked::Any {
                state.script.push(exchange);
            } else {
                let key = self.key(&exchange.asked);
                state.recorded.entry(key).or_default().0.push(exchange);
            }
        }
        drop(state);
        self
    }

    /// Takes secrets out of questions before they are looked for, as they were when they were recorded. Comes before
    /// [`Scripted::exchanges`].
    #[must_use]
    pub fn without_secrets(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// Takes secrets that are handed out meanwhile out of questions before they are looked for.
    #[must_use]
    pub fn without(mut self, secrets: Secrets) -> Self {
        self.hidden.add(secrets);
        self
    }

    /// Says this answer next.
    #[must_use]
    pub fn answer(self, answer: Answer) -> Self {
        self.say(Said::Answer(answer))
    }

    /// Fails next.
    #[must_use]
    pub fn fault(self, fault: Fault) -> Self {
        self.say(Said::Fault(fault))
    }

    /// Says these chunks next.
    #[must_use]
    pub fn stream(self, chunks: impl IntoIterator<Item = Chunk>) -> Self {
        self.say(Said::Stream(timed(chunks), None))
    }

    /// Says these chunks next, and then fails.
    #[must_use]
    pub fn broken(self, chunks: impl IntoIterator<Item = Chunk>, fault: Fault) -> Self {
        self.say(Said::Stream(timed(chunks), Some(fault)))
    }

    /// Gives these vectors next.
    #[must_use]
    pub fn embeddings(self, embeddings: Embeddings) -> Self {
        self.say(Said::Embeddings(embeddings))
    }

    /// Says all that follows in the script so many milliseconds after it was asked.
    #[must_use]
    pub fn after_ms(mut self, ms: u64) -> Self {
        self.after_ms = ms;
        self
    }

    /// Lists these models.
    #[must_use]
    pub fn models(mut self, models: impl IntoIterator<Item = Model>) -> Self {
        self.models.extend(models);
        self
    }

    /// Gives every question so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    fn say(self, said: Said) -> Self {
        let exchange = Exchange { asked: Asked::Any, said, after_ms: self.after_ms };
        self.state().script.push(exchange);
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, asked: &Asked) -> String {
        // What cannot be JSON is no question that was recorded.
        let json = serde_json::to_string(asked).unwrap_or_default();
        self.hidden.out_of(&self.redactor.text(&json))
    }

    /// Finds what comes of a question.
    async fn find(&self, call: &Call, asked: Asked) -> Result<Said, Fault> {
        call.check()?;
        let key = self.key(&asked);
        let found = self.state().next(asked, &key);
        let exchange = found.map_err(|fault| fault.provider(&self.name))?;
        if exchange.after_ms > 0 {
            call.sleep_ms(exchange.after_ms).await?;
        }
        match exchange.said {
            Said::Fault(fault) => Err(fault.provider(&self.name)),
            said => Ok(said),
        }
    }

    fn misfit(&self, what: &str) -> Fault {
        let message = format!("what comes next in the script are no {what}");
        Fault::new(FaultKind::InvalidRequest, message).provider(&self.name)
    }
}

impl State {
    fn next(&mut self, asked: Asked, key: &str) -> Result<Exchange, Fault> {
        self.asked.push(asked);
        if let Some((exchanges, said)) = self.recorded.get_mut(key) {
            let at = (*said).min(exchanges.len().saturating_sub(1));
            *said += 1;
            if let Some(exchange) = exchanges.get(at) {
                return Ok(exchange.clone());
            }
        }
        if let Some(exchange) = self.script.get(self.said) {
            self.said += 1;
            return Ok(exchange.clone());
        }
        let known = self.recorded.keys().map(String::as_str);
        let why = match nearest::difference(key, known) {
            Some(difference) => format!("this question was not recorded: {difference}"),
            None => format!("the script is over: it says {} things", self.said),
        };
        Err(Fault::new(FaultKind::InvalidRequest, why))
    }
}

fn timed(chunks: impl IntoIterator<Item = Chunk>) -> Vec<Timed> {
    chunks.into_iter().map(|chunk| Timed { after_ms: 0, chunk }).collect()
}

/// Plays chunks with their pauses.
fn play(call: &Call, chunks: Vec<Timed>, fault: Option<Fault>) -> Chunks {
    let call = call.clone();
    let items = chunks.into_iter().map(|timed| (timed.after_ms, Ok(timed.chunk)));
    let items: Vec<_> = items.chain(fault.map(|fault| (0, Err(fault)))).collect();
    stream::iter(items)
        .then(move |(after_ms, item)| {
            let call = call.clone();
            async move {
                if after_ms > 0 {
                    call.sleep_ms(after_ms).await?;
                }
                item
            }
        })
        .boxed()
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        request.check()?;
        match self.find(call, Asked::Chat(Box::new(request.clone()))).await? {
            Said::Answer(answer) => Ok(answer),
            Said::Stream(chunks, fault) => gather(play(call, chunks, fault)).await,
            _ => Err(self.misfit("words")),
        }
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        request.check()?;
        match self.find(call, Asked::Chat(Box::new(request.clone()))).await? {
            Said::Answer(answer) => Ok(chunks_of(answer)),
            Said::Stream(chunks, fault) => Ok(play(call, chunks, fault)),
            _ => Err(self.misfit("words")),
        }
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        request.check()?;
        match self.find(call, Asked::Embed(request.clone())).await? {
            Said::Embeddings(embeddings) => Ok(embeddings),
            _ => Err(self.misfit("vectors")),
        }
    }

    async fn models(&self, _call: &Call) -> Result<Vec<Model>, Fault> {
        Ok(self.models.clone())
    }
}
