//! Concurrency keys: a body holds an entry of the queue `slot/<key>` while it runs, and so many may be there at once.
//!
//! The entries are ephemeral: they vanish with the session of a process that died.

use std::sync::Arc;

use super::engine::Shared;
use super::hooks::Hooks;
use crate::contract::Attempt;
use crate::error::Code;
use crate::model::{Batch, Class, Enqueue, Failure, Op, Ticket, limits};

/// A slot that is held.
pub(super) struct Held {
    engine: Arc<Shared>,
    ticket: Ticket,
}

impl Held {
    /// Lets the next one in.
    pub(super) async fn give_back(self) {
        let batch = Batch { now: self.engine.env.now_ms(), ops: vec![Op::Complete(self.ticket)] };
        if let Err(error) = self.engine.store.commit(batch).await {
            tracing::warn!(%error, "a concurrency slot was not given back; it is freed with the session");
        }
    }
}

/// Waits for a slot and takes it.
pub(super) async fn take(hooks: &Hooks, name: &str, limit: u32) -> Result<Held, Failure> {
    let engine = &hooks.of.engine;
    let queue: Arc<str> = format!("slot/{name}").into();
    let topic = format!("queue/{queue}");
    let mut freed = engine.store.bus().listen(&[&topic]);
    loop {
        let now = engine.env.now_ms();
        let entry = Enqueue {
            queue: queue.clone(),
            due: now,
            session: Some(engine.session),
            ephemeral: true,
            limit: Some(limit),
            ..Enqueue::default()
        };
        match engine.store.commit(Batch { now, ops: vec![Op::Enqueue(entry)] }).await {
            Ok(receipt) => match receipt.entries.first() {
                Some(ticket) => return Ok(Held { engine: engine.clone(), ticket: *ticket }),
                None => return Err(Failure::error("the store gave no slot")),
            },
            Err(error) if error.code() == Code::Limit => {}
            Err(error) => {
                return Err(Failure::new(Class::ERROR, format!("no slot of `{name}`: {error}")));
            }
        }
        let wake =
            engine.env.monotonic_ns() + u64::try_from(limits::POLL_MS).unwrap_or(1_000) * 1_000_000;
        tokio::select! {
            biased;
            () = freed.heard() => {}
            () = engine.env.sleep_until(wake) => {}
            () = hooks.cancelled() => return Err(Failure::new(Class::CANCELLED, "cancelled")),
        }
    }
}
