//! Who answers for a language model.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_core::Stream;

use super::Call;
use crate::model::chat::{Answer, Chunk, Embed, Embeddings, Fault, Fold, Model, Quota, Request};

/// A stream of chunks; it ends after [`Chunk::End`] or after the first fault. Dropping it ends the call.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Chunk, Fault>> + Send>>;

/// Who answers for language models: a service, a model on this machine, a program, a recording.
///
/// Only [`Provider::name`] and [`Provider::complete`] must be written; the rest has a default that streams the whole answer, or says
/// `unsupported`. A provider keeps no conversation and does nothing twice: retries, limits, caches and budgets are layers
/// over it (`fusion_providers::layer`). What every provider keeps to:
///
/// - It begins with [`Request::check`], and takes the time only from the [`Call`].
/// - It ends soon after [`Call::is_cancelled`], and when its future or stream is dropped.
/// - It sends [`Call::key`] along where the other side can refuse to do a thing twice.
/// - Faults have the class that fits best, with the status, the pause asked for, and the limits that the response told.
/// - No key is in any message or fault.
///
/// ```
/// use async_trait::async_trait;
/// use fusion_core::contract::{Call, Provider};
/// use fusion_core::model::chat::{Answer, Fault, Request};
///
/// #[derive(Debug)]
/// struct Echo;
///
/// #[async_trait]
/// impl Provider for Echo {
///     fn name(&self) -> &str { "echo" }
///     async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
///         call.check()?;
///         request.check()?;
///         let said = request.messages.last().map(|message| message.text()).unwrap_or_default();
///         Ok(Answer::text_of("echo-1", said))
///     }
/// }
///
/// # #[cfg(feature = "engine")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let provider: Box<dyn Provider> = Box::new(Echo);
/// let call = Call::new(fusion_core::run::Os::new()?);
/// let answer = provider.complete(&call, &Request::new("echo-1").user("Hello")).await.unwrap();
/// assert_eq!(answer.text(), "Hello");
/// # Ok(())
/// # }
/// # #[cfg(feature = "engine")]
/// # fusion_core::run::Os::new().unwrap().handle().block_on(example()).unwrap();
/// ```
#[async_trait]
pub trait Provider: fmt::Debug + Send + Sync {
    /// Gives the name, as in `openrouter`: for spans, metrics, faults and the names of gates.
    fn name(&self) -> &str;

    /// Gives the model of requests that name none; empty where nobody knows it. Prices, gates and what is kept go by it.
    #[expect(clippy::unnecessary_literal_bound, reason = "others give what they hold")]
    fn model(&self) -> &str {
        ""
    }

    /// Gives what tells it from others of its name, as the URL where it is; empty where its name says it all. What one
    /// answered is not kept for another.
    #[expect(clippy::unnecessary_literal_bound, reason = "others give what they hold")]
    fn place(&self) -> &str {
        ""
    }

    /// Answers.
    ///
    /// # Errors
    /// A fault of the class that fits.
    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault>;

    /// Answers in chunks, as they come. By default the whole answer is taken apart when it is there.
    ///
    /// # Errors
    /// A fault before the first chunk; later ones are items of the stream.
    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        Ok(chunks_of(self.complete(call, request).await?))
    }

    /// Turns texts into vectors.
    ///
    /// # Errors
    /// `unsupported` by default.
    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        let _ = (call, request);
        Err(Fault::unsupported(self.name(), "embeddings"))
    }

    /// Lists the models that may be asked for.
    ///
    /// # Errors
    /// `unsupported` by default.
    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        let _ = call;
        Err(Fault::unsupported(self.name(), "list of models"))
    }

    /// Tells how much the account may still ask for.
    ///
    /// # Errors
    /// `unsupported` by default.
    async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
        let _ = call;
        Err(Fault::unsupported(self.name(), "look at the account's limits"))
    }
}

/// Makes a stream of a whole answer.
pub fn chunks_of(answer: Answer) -> Chunks {
    Box::pin(Whole(answer.into_chunks().into_iter()))
}

/// Puts the answer of a stream together: what [`Provider::complete`] is for a provider that can only stream.
///
/// # Errors
/// The fault that the stream ended with; `malformed` when it stopped before the answer's end.
pub async fn gather(mut chunks: Chunks) -> Result<Answer, Fault> {
    let mut fold = Fold::default();
    while let Some(chunk) = std::future::poll_fn(|cx| chunks.as_mut().poll_next(cx)).await {
        fold.push(chunk?)?;
    }
    fold.finish()
}

struct Whole(std::vec::IntoIter<Chunk>);

impl Stream for Whole {
    type Item = Result<Chunk, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
