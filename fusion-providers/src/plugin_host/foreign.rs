//! The provider over a plugin.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Labels, Provider, chunks_of, gather};
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Finish, Fold, Message, Model, Part, Quota,
    Request,
};
use fusion_plugin::abi::{CallId, Op};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::instance::{Ask, Instance};
use super::pending::{Came, Pending};

/// A plugin as a provider.
#[derive(Debug)]
pub(super) struct Foreign {
    instance: Arc<Instance>,
    ops: u32,
    model: Arc<str>,
}

impl Foreign {
    /// Makes it; `model` is that of requests that name none.
    pub(super) fn new(instance: Arc<Instance>, ops: u32, model: &str) -> Self {
        Self { instance, ops, model: model.into() }
    }

    fn can(&self, op: Op) -> bool {
        self.ops & op.0 != 0
    }

    fn begin(&self, call: &Call, op: Op, ask: Ask) -> Result<Open, Fault> {
        call.check()?;
        let call = call.clone().within_ms(call.limits().total_ms);
        let labels = labels(call.for_whom());
        let pending = Pending::new(call, self.instance.clone());
        let border = self.instance.border;
        let id = border.calls.begin(&pending).ok_or_else(|| {
            border.fault(FaultKind::Overloaded, "the plugin has too many calls already")
        })?;
        let open = Open { instance: self.instance.clone(), pending, id, rest: VecDeque::new() };
        self.instance.start(id, &open.pending, Ask { op: op.0, labels, ..ask });
        Ok(open)
    }

    /// Asks for something that comes whole.
    async fn whole<T: DeserializeOwned>(
        &self,
        call: &Call,
        op: Op,
        ask: Ask,
        what: &str,
    ) -> Result<T, Fault> {
        if !self.can(op) {
            return Err(Fault::unsupported(self.name(), what));
        }
        let open = self.begin(call, op, ask)?;
        loop {
            if let Came::End(result) = open.next().await? {
                return read(self.name(), &result?);
            }
        }
    }

    fn question(&self, request: &Request) -> Result<Ask, Fault> {
        request.check()?;
        let mut request = Cow::Borrowed(request);
        if request.model.is_empty() && !self.model.is_empty() {
            request.to_mut().model = self.model.to_string();
        }
        let text = match request.messages.last().map(|message| message.parts.as_slice()) {
            Some([Part::Text { text }]) => text.clone(),
            _ => request.messages.last().map(Message::text).unwrap_or_default(),
        };
        let body = json(&request)?;
        Ok(Ask { model: request.into_owned().model, text, body, ..Ask::default() })
    }
}

#[async_trait]
impl Provider for Foreign {
    fn name(&self) -> &str {
        &self.instance.border.name
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        if !self.can(Op::COMPLETE) && self.can(Op::STREAM) {
            return gather(self.stream(call, request).await?).await;
        }
        if !self.can(Op::COMPLETE) {
            return Err(Fault::unsupported(self.name(), "answers"));
        }
        let open = self.begin(call, Op::COMPLETE, self.question(request)?)?;
        let mut fold = Fold::default();
        loop {
            match open.next().await? {
                Came::Pieces(pieces) => {
                    for piece in pieces {
                        fold.push(piece).map_err(|fault| fault.provider(self.name()))?;
                    }
                }
                Came::End(result) => {
                    let body = result?;
                    if body.is_empty() {
                        return ended(fold, self.name());
                    }
                    return read(self.name(), &body);
                }
            }
        }
    }

    async fn stream(&self, call: &Call, request: &Request) -> Result<Chunks, Fault> {
        if !self.can(Op::STREAM) {
            return Ok(chunks_of(self.complete(call, request).await?));
        }
        let mut open = self.begin(call, Op::STREAM, self.question(request)?)?;
        // A fault before the first piece is one of the call.
        match open.next().await? {
            Came::Pieces(pieces) => open.rest = pieces,
            Came::End(result) => {
                let body = result?;
                let whole = if body.is_empty() {
                    ended(Fold::default(), self.name())
                } else {
                    read(self.name(), &body)
                };
                return whole.map(chunks_of);
            }
        }
        Ok(stream::unfold(Some((open, false)), |state| async {
            let (mut open, mut has_ended) = state?;
            loop {
                if let Some(chunk) = open.rest.pop_front() {
                    has_ended |= matches!(chunk, Chunk::End { .. });
                    return Some((Ok(chunk), Some((open, has_ended))));
                }
                match open.next().await {
                    Ok(Came::Pieces(pieces)) => open.rest = pieces,
                    Ok(Came::End(Ok(_))) if has_ended => return None,
                    // A plugin that only says text need not say that it has ended.
                    Ok(Came::End(Ok(_))) => return Some((Ok(Chunk::end(Finish::Stop)), None)),
                    Ok(Came::End(Err(fault))) | Err(fault) => return Some((Err(fault), None)),
                }
            }
        })
        .boxed())
    }

    async fn embed(&self, call: &Call, request: &Embed) -> Result<Embeddings, Fault> {
        let ask = Ask { model: request.model.clone(), body: json(request)?, ..Ask::default() };
        self.whole(call, Op::EMBED, ask, "embeddings").await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.whole(call, Op::MODELS, Ask::default(), "list of models").await
    }

    async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
        self.whole(call, Op::QUOTA, Ask::default(), "look at the account's limits").await
    }
}

/// A call that somebody waits for; dropping it ends it.
struct Open {
    instance: Arc<Instance>,
    pending: Arc<Pending>,
    id: CallId,
    /// Pieces that are to be given out.
    rest: VecDeque<Chunk>,
}

impl Open {
    /// Waits for pieces, or for the end.
    async fn next(&self) -> Result<Came, Fault> {
        let name = &self.instance.border.name;
        let there = self.pending.poll(&Context::from_waker(Waker::noop()));
        let came = match there {
            // Who has pieces at any time would never be waited for: the limits hold for it all the same.
            Poll::Ready(Came::Pieces(pieces)) => {
                self.pending.call.check().map(|()| Came::Pieces(pieces))
            }
            Poll::Ready(end) => Ok(end),
            Poll::Pending => self.in_time().await,
        };
        match came {
            Ok(Came::End(result)) => Ok(Came::End(result.map_err(|fault| fault.provider(name)))),
            other => other.map_err(|fault| fault.provider(name)),
        }
    }

    /// Waits no longer than the call may be silent.
    async fn in_time(&self) -> Result<Came, Fault> {
        let call = &self.pending.call;
        let next = poll_fn(|cx| self.pending.poll(cx).map(Ok));
        let ms = call.remaining_ms().min(call.limits().idle_ms);
        call.limited(ms, "the plugin said nothing", next).await
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.pending.give_up();
        if self.instance.border.calls.find(self.id).is_some() {
            self.instance.cancel(self.id);
        }
    }
}

/// Puts an answer together whose plugin may not have said that it has ended.
fn ended(mut fold: Fold, name: &str) -> Result<Answer, Fault> {
    if !fold.is_ended() {
        fold.push(Chunk::end(Finish::Stop))?;
    }
    fold.finish().map_err(|fault| fault.provider(name))
}

fn labels(labels: &Labels) -> Vec<u8> {
    if *labels == Labels::default() {
        return b"{}".to_vec();
    }
    serde_json::to_vec(labels).unwrap_or_default()
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let wrong = |error: serde_json::Error| Fault::new(FaultKind::InvalidRequest, error.to_string());
    serde_json::to_vec(value).map_err(wrong)
}

fn read<T: DeserializeOwned>(name: &str, body: &[u8]) -> Result<T, Fault> {
    let wrong = |error: serde_json::Error| {
        let message = format!("the plugin gave a result that cannot be understood: {error}");
        let begin = body.get(..body.len().min(500)).unwrap_or_default();
        let said = String::from_utf8_lossy(begin);
        Fault::new(FaultKind::Malformed, message).provider(name).detail(said)
    };
    serde_json::from_slice(body).map_err(wrong)
}
