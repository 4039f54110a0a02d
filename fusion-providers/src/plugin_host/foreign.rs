//! The provider over a plugin.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use fusion_core::contract::{Call, Chunks, Labels, Provider, chunks_of, gather};
use fusion_core::model::chat::{
    Answer, Chunk, Embed, Embeddings, Fault, FaultKind, Finish, Fold, Message, Model, Part, Quota,
    Request,
};
use fusion_core::run::Pace;
use fusion_plugin::abi::{self, Op};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::open::{Ask, Open, Way};
use super::pending::Came;

/// A plugin as a provider.
#[derive(Debug)]
pub(crate) struct Foreign {
    way: Arc<dyn Way>,
    pace: Arc<Pace>,
    ops: u32,
    /// The plugin reads no more of a request than its model and its text.
    is_brief: bool,
    model: Arc<str>,
}

impl Foreign {
    /// Makes it; `model` is that of requests that name none.
    pub(crate) fn new(way: Arc<dyn Way>, (ops, flags): (u32, u32), model: &str) -> Self {
        Self { way, pace: Pace::new(), ops, is_brief: flags & abi::BRIEF != 0, model: model.into() }
    }

    fn can(&self, op: Op) -> bool {
        self.ops & op.0 != 0
    }

    fn begin(&self, call: &Call, op: Op, ask: Ask<'_>) -> Result<Open, Fault> {
        call.check()?;
        let call = call.clone().within_ms(call.limits().total_ms);
        let labels = labels(call.for_whom());
        Open::begin((&self.way, &self.pace), call, Ask { op: op.0, labels, ..ask })
    }

    /// Asks for something that comes whole.
    async fn whole<T: DeserializeOwned>(
        &self,
        call: &Call,
        op: Op,
        ask: Ask<'_>,
        what: &str,
    ) -> Result<T, Fault> {
        if !self.can(op) {
            return Err(Fault::unsupported(self.name(), what));
        }
        let mut open = self.begin(call, op, ask)?;
        loop {
            if let Came::End(result) = open.next().await? {
                return read(self.name(), &result?);
            }
        }
    }

    fn question<'a>(&'a self, request: &'a Request) -> Result<Ask<'a>, Fault> {
        request.check()?;
        let is_usual = request.model.is_empty() && !self.model.is_empty();
        let model = if is_usual { &*self.model } else { &request.model };
        let text = match request.messages.last().map(|message| message.parts.as_slice()) {
            Some([Part::Text { text }]) => text.into(),
            _ => request.messages.last().map(Message::text).unwrap_or_default().into(),
        };
        let body = match (self.is_brief, is_usual) {
            (true, _) => Vec::new(),
            (false, false) => json(request)?,
            (false, true) => json(&Request { model: model.to_owned(), ..request.clone() })?,
        };
        Ok(Ask { model: model.into(), text, body, ..Ask::default() })
    }
}

#[async_trait]
impl Provider for Foreign {
    fn name(&self) -> &str {
        self.way.name()
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn complete(&self, call: &Call, request: &Request) -> Result<Answer, Fault> {
        if !self.can(Op::COMPLETE) && self.can(Op::STREAM) {
            return gather(self.stream(call, request).await?).await;
        }
        if !self.can(Op::COMPLETE) {
            return Err(Fault::unsupported(self.name(), "answers"));
        }
        let mut open = self.begin(call, Op::COMPLETE, self.question(request)?)?;
        let mut fold = Fold::default();
        loop {
            match open.next().await? {
                Came::Pieces(pieces, _) => {
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
            Came::Pieces(pieces, _) => open.rest = pieces,
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
                    Ok(Came::Pieces(pieces, _)) => open.rest = pieces,
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
        let ask = Ask { model: (&*request.model).into(), body: json(request)?, ..Ask::default() };
        self.whole(call, Op::EMBED, ask, "embeddings").await
    }

    async fn models(&self, call: &Call) -> Result<Vec<Model>, Fault> {
        self.whole(call, Op::MODELS, Ask::default(), "list of models").await
    }

    async fn quota(&self, call: &Call) -> Result<Quota, Fault> {
        self.whole(call, Op::QUOTA, Ask::default(), "look at the account's limits").await
    }
}

/// Puts an answer together whose plugin may not have said that it has ended.
fn ended(mut fold: Fold, name: &str) -> Result<Answer, Fault> {
    if !fold.is_ended() {
        fold.push(Chunk::end(Finish::Stop))?;
    }
    fold.finish().map_err(|fault| fault.provider(name))
}

fn labels(labels: &Labels) -> Cow<'static, [u8]> {
    if *labels == Labels::default() {
        return b"{}".into();
    }
    serde_json::to_vec(labels).unwrap_or_default().into()
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
