//! From what the host asks to a call of the provider, and back.

use std::sync::Arc;

use fusion_core::contract::{Call, Labels, Provider, Timeouts};
use fusion_core::model::chat::{Embed, Fault, FaultKind, Request};
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::abi::{self, Bytes, Op};
use crate::env::World;
use crate::host::Host;

/// After how many pieces of a stream other tasks get their turn. An answer that is there at once is said in place until then.
const PIECES: usize = 64;

/// What the host asks, read whole: what it lent is given back when `start` returns.
pub(crate) struct Asked {
    host: Host,
    call: Call,
    what: What,
}

enum What {
    Complete(Request),
    Stream(Request),
    Embed(Embed),
    Models,
    Quota,
}

impl Asked {
    /// Reads it.
    ///
    /// # Safety
    /// The bytes of `request` are readable now.
    pub(crate) unsafe fn read(host: Host, request: &abi::Request) -> Result<Self, Fault> {
        // SAFETY: the caller promises it.
        let look = |bytes: Bytes| unsafe { bytes.look(usize::MAX) }.unwrap_or_default();
        let body = look(request.body);
        let what = match request.op {
            Op::COMPLETE => What::Complete(parse(body)?),
            Op::STREAM => What::Stream(parse(body)?),
            Op::EMBED => What::Embed(parse(body)?),
            Op::MODELS => What::Models,
            Op::QUOTA => What::Quota,
            Op(other) => {
                let message = format!("the plugin knows no operation {other}");
                return Err(Fault::new(FaultKind::Unsupported, message));
            }
        };
        let key = String::from_utf8_lossy(look(request.key));
        let world = World { host, call: request.call };
        let limits = Timeouts {
            connect_ms: request.connect_ms,
            idle_ms: request.idle_ms,
            total_ms: request.total_ms,
        };
        let call = Call::with_key(Arc::new(world), key).timeouts(limits).stop(Arc::new(world));
        let call = match look(request.labels) {
            b"" | b"{}" => call,
            labels => call.labels(parse::<Labels>(labels)?),
        };
        Ok(Self { host, call, what })
    }

    /// Answers it.
    pub(crate) async fn serve(
        self,
        provider: &impl Provider,
        id: abi::CallId,
    ) -> Result<Vec<u8>, Fault> {
        let call = &self.call;
        match &self.what {
            What::Complete(request) => json(&provider.complete(call, request).await?),
            What::Embed(texts) => json(&provider.embed(call, texts).await?),
            What::Models => json(&provider.models(call).await?),
            What::Quota => json(&provider.quota(call).await?),
            What::Stream(request) => {
                let mut chunks = provider.stream(call, request).await?;
                let mut pieces = 0_usize;
                while let Some(chunk) = chunks.next().await {
                    if !self.host.emit(id, &chunk?) {
                        break;
                    }
                    pieces = pieces.wrapping_add(1);
                    if pieces.is_multiple_of(PIECES) {
                        tokio::task::yield_now().await;
                    }
                }
                Ok(Vec::new())
            }
        }
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let wrong = |error| {
        let message = format!("the plugin cannot read what the host asks: {error}");
        Fault::new(FaultKind::InvalidRequest, message)
    };
    serde_json::from_slice(body).map_err(wrong)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let wrong = |error| {
        let message = format!("the plugin cannot write its answer: {error}");
        Fault::new(FaultKind::Malformed, message)
    };
    serde_json::to_vec(value).map_err(wrong)
}
