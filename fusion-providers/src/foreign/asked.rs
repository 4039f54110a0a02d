//! What a step knows of the call that it answers: it is the step's attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use fusion_core::contract::{About, Attempt, Call};
use fusion_core::model::chat::{Chunk, Fault, FaultKind};
use fusion_core::model::{Class, Failure, Payload, RunId, limits};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

/// A call of a provider, as the attempt of the step that answers it. What the step tells as its progress are chunks.
#[derive(Debug)]
pub(super) struct Asked {
    call: Call,
    run: RunId,
    provider: Arc<str>,
    chunks: UnboundedSender<Result<Chunk, Fault>>,
    /// How much came, in bytes: no answer is larger than [`limits::ANSWER_BYTES`], so that no queue grows without end.
    bytes: AtomicUsize,
}

impl Asked {
    /// Makes it for a call.
    ///
    /// # Errors
    /// `invalid_request` when the call says that it is made for a run whose id is none.
    pub(super) fn new(
        call: Call,
        provider: Arc<str>,
        chunks: UnboundedSender<Result<Chunk, Fault>>,
    ) -> Result<Self, Fault> {
        // Who asks outside of a run has none.
        let run = RunId::new(call.for_whom().run.as_deref().unwrap_or("none"));
        let run = run.map_err(|error| Fault::new(FaultKind::InvalidRequest, error.to_string()))?;
        Ok(Self { call, run, provider, chunks, bytes: AtomicUsize::new(0) })
    }

    fn read(&self, progress: Value) -> Result<Chunk, Fault> {
        let size = progress.to_string().len();
        if self.bytes.fetch_add(size, Ordering::Relaxed).saturating_add(size)
            > 2 * limits::ANSWER_BYTES
        {
            let message = format!("the answer is larger than {} bytes", limits::ANSWER_BYTES);
            return Err(Fault::new(FaultKind::Malformed, message));
        }
        if let Value::String(text) = progress {
            return Ok(Chunk::text(text));
        }
        serde_json::from_value(progress).map_err(|error| {
            Fault::new(
                FaultKind::Malformed,
                format!("it gave what is no chunk of an answer: {error}"),
            )
        })
    }
}

#[async_trait]
impl Attempt for Asked {
    fn about(&self) -> About {
        let labels = self.call.for_whom();
        About {
            run: self.run.clone(),
            node: labels.node.as_deref().unwrap_or_default().to_owned(),
            attempt: 1,
            epoch: 0,
            idempotency_key: self.call.key().to_owned(),
            feedback: None,
        }
    }

    fn recall(&self, _name: &str) -> Option<Payload> {
        None
    }

    async fn save(&self, name: &str, _value: Payload) -> Result<(), Failure> {
        let message = format!(
            "`{name}` cannot be saved: the provider `{}` keeps nothing, whoever asks it does",
            self.provider
        );
        Err(Failure::new(Class::from("unsupported"), message))
    }

    fn beat(&self, progress: Option<Value>) {
        if let Some(progress) = progress {
            // Nobody hears it who does not listen any more; the step sees that by `is_cancelled`.
            let _ = self
                .chunks
                .send(self.read(progress).map_err(|fault| fault.provider(&self.provider)));
        }
    }

    fn is_cancelled(&self) -> bool {
        self.call.is_cancelled() || self.chunks.is_closed()
    }

    async fn cancelled(&self) {
        tokio::select! {
            () = self.call.ended() => {}
            () = self.chunks.closed() => {}
        }
    }
}
