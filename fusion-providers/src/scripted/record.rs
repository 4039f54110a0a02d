//! [`Record`]: the layer that makes recordings from any provider.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use fusion_core::contract::{BoxFuture, Call, Chunks, Env, Provider};
use fusion_core::graph::template::Secrets;
use fusion_core::model::chat::{Answer, Embed, Embeddings, Fault, Request};
use futures_util::StreamExt;
use tokio::sync::oneshot;

use super::hidden::Hidden;
use super::{Asked, Exchange, Said, Timed, file};
use crate::layer::Layer;

const NS_PER_MS: u64 = 1_000_000;

/// Writes down each question with what came of it, for [`Scripted::replay`](super::Scripted::replay).
///
/// The file is written anew after each exchange, whole or not at all, and replaces one that was there. Secrets that were handed out
/// until then are taken out of everything, and so is what stands behind `Authorization` and `Bearer`. A stream that was dropped before its end is not written. A file that cannot be written
/// is told to the log, and disturbs nobody else.
#[derive(Clone)]
pub struct Record(Arc<Shared>);

struct Shared {
    path: PathBuf,
    hidden: Mutex<Hidden>,
    lines: Mutex<Vec<String>>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({})", self.0.path.display())
    }
}

impl Record {
    /// Writes to this file, without these secrets.
    pub fn to(path: impl Into<PathBuf>, secrets: Secrets) -> Self {
        let shared =
            Shared { path: path.into(), hidden: Mutex::default(), lines: Mutex::default() };
        Self(Arc::new(shared)).without(secrets)
    }

    /// Writes without these secrets, too.
    #[must_use]
    pub fn without(self, secrets: Secrets) -> Self {
        self.0.hidden.lock().unwrap_or_else(PoisonError::into_inner).add(secrets);
        self
    }

    async fn keep(&self, env: &Arc<dyn Env>, exchange: Exchange) {
        let shared = self.0.clone();
        let (done, written) = oneshot::channel();
        env.blocking(Box::new(move || {
            if let Err(error) = shared.keep(&exchange) {
                tracing::warn!(%error, "an exchange is not in the recording");
            }
            let _ = done.send(());
        }));
        let _ = written.await;
    }

    async fn kept<T>(
        &self,
        call: &Call,
        asked: Asked,
        work: BoxFuture<'_, Result<T, Fault>>,
        said: impl Fn(&T) -> Said + Send,
    ) -> Result<T, Fault> {
        let began = call.env().monotonic_ns();
        let result = work.await;
        let after_ms = call.env().monotonic_ns().saturating_sub(began) / NS_PER_MS;
        let said = result.as_ref().map_or_else(|fault| Said::Fault(fault.clone()), said);
        self.keep(call.env(), Exchange { asked, said, after_ms }).await;
        result
    }
}

impl Shared {
    fn keep(&self, exchange: &Exchange) -> fusion_core::error::Result<()> {
        let json = serde_json::to_string(exchange).map_err(|error| {
            let what = "an exchange cannot be written as JSON";
            fusion_core::error::Error::new(fusion_core::error::Code::InvalidInput, what)
                .because(error)
        })?;
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line = hidden.out_of(&json);
        // The lock is held while the file is written, so that an older state never replaces a newer one.
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line);
        file::write_lines(&self.path, &lines)
    }
}

#[async_trait]
impl Layer for Record {
    async fn complete(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Answer, Fault> {
        let asked = Asked::Chat(Box::new(request.clone()));
        let said = |answer: &Answer| Said::Answer(answer.clone());
        self.kept(call, asked, next.complete(call, request), said).await
    }

    async fn stream(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Request,
    ) -> Result<Chunks, Fault> {
        let asked = Asked::Chat(Box::new(request.clone()));
        let began = call.env().monotonic_ns();
        let chunks = match next.stream(call, request).await {
            Ok(chunks) => chunks,
            Err(fault) => {
                let failed = async { Err::<(), _>(fault) };
                let said = |(): &()| Said::Stream(Vec::new(), None);
                return Err(match self.kept(call, asked, Box::pin(failed), said).await {
                    Err(fault) => fault,
                    Ok(()) => Fault::unsupported(next.name(), "stream"),
                });
            }
        };
        let open =
            Open { record: self.clone(), env: call.env().clone(), asked, began, heard: Vec::new() };
        Ok(futures_util::stream::unfold(Some((chunks, open)), Open::next).boxed())
    }

    async fn embed(
        &self,
        next: &dyn Provider,
        call: &Call,
        request: &Embed,
    ) -> Result<Embeddings, Fault> {
        let asked = Asked::Embed(request.clone());
        let said = |vectors: &Embeddings| Said::Embeddings(vectors.clone());
        self.kept(call, asked, next.embed(call, request), said).await
    }
}

/// A stream that is being recorded.
struct Open {
    record: Record,
    env: Arc<dyn Env>,
    asked: Asked,
    /// The moment of the last chunk, on the monotonic clock.
    began: u64,
    heard: Vec<Timed>,
}

type Item = Result<fusion_core::model::chat::Chunk, Fault>;

impl Open {
    async fn next(state: Option<(Chunks, Self)>) -> Option<(Item, Option<(Chunks, Self)>)> {
        let (mut chunks, mut open) = state?;
        match chunks.next().await {
            Some(Ok(chunk)) => {
                let now = open.env.monotonic_ns();
                let after_ms = now.saturating_sub(open.began) / NS_PER_MS;
                open.began = now;
                open.heard.push(Timed { after_ms, chunk: chunk.clone() });
                Some((Ok(chunk), Some((chunks, open))))
            }
            Some(Err(fault)) => {
                open.end(Some(fault.clone())).await;
                Some((Err(fault), None))
            }
            None => {
                open.end(None).await;
                None
            }
        }
    }

    async fn end(self, fault: Option<Fault>) {
        let said = Said::Stream(self.heard, fault);
        let exchange = Exchange { asked: self.asked, said, after_ms: 0 };
        self.record.keep(&self.env, exchange).await;
    }
}
