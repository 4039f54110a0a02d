//! Large values: they are searched for secrets and hashed on a thread of their own, so that other runs go on.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::engine::Shared;
use crate::model::{Digest, Op, Payload, limits};

/// A value without secrets, with its digest when it is to live in the blobs.
pub(super) struct Clean {
    pub(super) value: Payload,
    pub(super) had_secrets: bool,
    digest: Option<Digest>,
}

impl Clean {
    pub(super) fn of(engine: &Shared, value: Payload) -> Self {
        let redactor = engine.secrets.redactor_if_any();
        let clean = redactor.map(|redactor| redactor.payload(value.clone()));
        let had_secrets = clean.as_ref().is_some_and(|clean| *clean != value);
        let value = clean.unwrap_or(value);
        let large = value.bytes().filter(|bytes| bytes.len() > limits::INLINE_BYTES);
        let digest = large.map(|bytes| Digest::of(bytes));
        Self { value, had_secrets, digest }
    }

    /// Moves a large value to the blobs; gives what is recorded of it.
    pub(super) fn store(&self, ops: &mut Vec<Op>) -> Payload {
        match (&self.value, self.digest) {
            (Payload::Inline(kind, bytes), Some(digest)) => {
                ops.push(Op::Blob(digest, bytes.clone()));
                Payload::Blob(*kind, digest, bytes.len() as u64)
            }
            (value, _) => value.clone(),
        }
    }
}

/// Takes the secrets out of a value.
pub(super) async fn clean(engine: &Arc<Shared>, value: Payload) -> Clean {
    let (bytes, shared) = (value.len(), engine.clone());
    apart(engine, bytes, move || Clean::of(&shared, value.clone())).await
}

/// Does something with so many bytes: at once if they are few, else on a thread of its own.
pub(super) async fn apart<T: Send + 'static>(
    engine: &Shared,
    bytes: u64,
    work: impl Fn() -> T + Send + Sync + 'static,
) -> T {
    if bytes <= limits::BRIEF_BYTES {
        return work();
    }
    // It is never closed; without a permit there are only more threads at once.
    let permit = engine.apart.clone().acquire_owned().await;
    let (send, done) = oneshot::channel();
    let work = Arc::new(work);
    let there = work.clone();
    engine.env.blocking(Box::new(move || {
        let made = there();
        drop(permit);
        // Nobody wants it when the driver is gone.
        let _gone = send.send(made);
    }));
    match done.await {
        Ok(made) => made,
        // The thread is gone, with the process or with a panic: here both are met as they would have been.
        Err(_) => work(),
    }
}
