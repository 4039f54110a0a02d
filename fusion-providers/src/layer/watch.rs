//! Streams as layers see them: their first content, what they came to, and that they were dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use fusion_core::contract::{BoxFuture, Chunks, Env};
use fusion_core::model::chat::{Answer, Chunk, Fault, Fold};
use futures_util::{Stream, StreamExt, stream};

/// What a call for a stream came to.
pub(crate) struct Ended {
    /// What was said until then.
    pub(crate) answer: Answer,
    /// How it ended; `None` when it was dropped before its end.
    pub(crate) result: Option<Result<(), Fault>>,
}

/// What is done at the end of a stream.
type AtEnd = Box<dyn FnOnce(Ended) -> BoxFuture<'static, ()> + Send>;

/// Reads a stream up to its first content, so that a fault before it is one of the call and not of the stream.
pub(crate) async fn begun(mut chunks: Chunks) -> Result<Chunks, Fault> {
    let mut first = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        let is_enough = chunk.is_content() || matches!(chunk, Chunk::End { .. });
        first.push(Ok(chunk));
        if is_enough {
            break;
        }
    }
    Ok(stream::iter(first).chain(chunks).boxed())
}

/// Does something when a stream has ended, before its last word is given: at once when it did not begin, on a task when it is
/// dropped.
pub(crate) async fn watch<F: Future<Output = ()> + Send + 'static>(
    begun: Result<Chunks, Fault>,
    env: &Arc<dyn Env>,
    at_end: impl FnOnce(Ended) -> F + Send + 'static,
) -> Result<Chunks, Fault> {
    match begun {
        Ok(chunks) => {
            let at_end: AtEnd = Box::new(move |ended| Box::pin(at_end(ended)));
            let (fold, env) = (Fold::default(), env.clone());
            Ok(Box::pin(Watch { chunks, fold, env, at_end: Some(at_end), last: None }))
        }
        Err(fault) => {
            let result = Some(Err(fault.clone()));
            at_end(Ended { answer: Answer::default(), result }).await;
            Err(fault)
        }
    }
}

struct Watch {
    chunks: Chunks,
    fold: Fold,
    env: Arc<dyn Env>,
    at_end: Option<AtEnd>,
    /// What is done at the end, and the last word that follows it.
    last: Option<(BoxFuture<'static, ()>, Option<Fault>)>,
}

impl Watch {
    fn end(&mut self, fault: Option<Fault>) {
        if let Some(at_end) = self.at_end.take() {
            let answer = std::mem::take(&mut self.fold).partial();
            let result = Some(fault.clone().map_or(Ok(()), Err));
            self.last = Some((at_end(Ended { answer, result }), fault));
        }
    }
}

impl Stream for Watch {
    type Item = Result<Chunk, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some((work, fault)) = &mut self.last {
                ready!(work.as_mut().poll(cx));
                let fault = fault.take();
                self.last = None;
                return Poll::Ready(fault.map(Err));
            }
            if self.at_end.is_none() {
                return Poll::Ready(None);
            }
            match ready!(self.chunks.as_mut().poll_next(cx)) {
                Some(Ok(chunk)) => match self.fold.push(chunk.clone()) {
                    Ok(()) => return Poll::Ready(Some(Ok(chunk))),
                    Err(fault) => self.end(Some(fault)),
                },
                Some(Err(fault)) => self.end(Some(fault)),
                None if self.fold.is_ended() => self.end(None),
                None => {
                    let fold = std::mem::take(&mut self.fold);
                    let fault = fold.clone().finish().err();
                    self.fold = fold;
                    self.end(fault);
                }
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((work, _)) = self.last.take() {
            self.env.spawn(work);
        } else if let Some(at_end) = self.at_end.take() {
            // Who has seen the end need not ask for more.
            let result = self.fold.is_ended().then_some(Ok(()));
            let answer = std::mem::take(&mut self.fold).partial();
            self.env.spawn(at_end(Ended { answer, result }));
        }
    }
}
