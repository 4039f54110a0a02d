//! Outcomes that other runs may take over: documents of kind `cache`, by the hash of step and input.

use serde::{Deserialize, Serialize};

use super::engine::Shared;
use crate::error::{Code, Error, Result};
use crate::model::{Digest, Document, Op, Payload};

const KIND: &str = "cache";

#[derive(Serialize, Deserialize)]
struct Kept {
    at: i64,
    output: Payload,
}

/// Finds an output that is not older than `ttl_ms`. A store that cannot answer is a miss.
pub(super) async fn find(engine: &Shared, digest: Digest, ttl_ms: Option<u64>) -> Option<Payload> {
    let document = engine.store.get(KIND, &digest.to_string()).await.ok()??;
    let kept: Kept = rmp_serde::from_slice(&document.body).ok()?;
    let age = u64::try_from(engine.env.now_ms().saturating_sub(kept.at)).unwrap_or(0);
    if ttl_ms.is_some_and(|ttl| age > ttl) {
        return None;
    }
    match kept.output {
        Payload::Blob(kind, digest, _) => {
            engine.store.blob(digest).await.ok()?.map(|bytes| Payload::Inline(kind, bytes))
        }
        inline @ Payload::Inline(..) => Some(inline),
    }
}

/// Makes the operation that keeps an output.
pub(super) fn keep(digest: Digest, output: &Payload, now: i64) -> Result<Op> {
    let body = rmp_serde::to_vec(&Kept { at: now, output: output.clone() })
        .map_err(|e| Error::new(Code::Internal, "an output cannot be cached").because(e))?;
    Ok(Op::Put(
        Document {
            kind: KIND.into(),
            id: digest.to_string().into(),
            version: 0,
            at: 0,
            tag: "".into(),
            body: body.into(),
        },
        None,
    ))
}
