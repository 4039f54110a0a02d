//! Work that anyone may do: claims runs that are due, and drives them.

use std::sync::Arc;

use super::engine::Shared;
use super::{adopt, message, session};
use crate::error::Result;
use crate::model::{Batch, Claim, Op, limits};

/// Claims and drives until the engine is closed.
pub(super) async fn work(engine: Arc<Shared>) {
    let bus = engine.store.bus();
    let mut bell = bus.listen(&["queue/runs", "queue/step/*", "registered"]);
    let mut left = bus.listen(&["left/*"]);
    let mut next_reap = 0;
    while engine.takes_work() {
        let now = engine.env.now_ms();
        if now >= next_reap {
            next_reap = now + limits::REAP_MS;
            if let Err(error) = session::reap(&engine).await {
                tracing::warn!(%error, "dead sessions could not be looked for");
            }
        }
        let (nap_ms, is_full) = match claim(&engine).await {
            Ok(None) => (limits::POLL_MS, true),
            Ok(Some(0)) => (nap(&engine).await.clamp(1, limits::REAP_MS), false),
            Ok(Some(_)) => continue,
            Err(error) => {
                // What is due stays due while the disk is full: nobody is helped by a thousand tries a second.
                tracing::warn!(%error, "no work could be claimed");
                (limits::REAP_MS, false)
            }
        };
        let wake = engine.env.monotonic_ns() + u64::try_from(nap_ms).unwrap_or(1) * 1_000_000;
        tokio::select! {
            biased;
            () = bell.heard() => {}
            // Where there was room, a run that leaves makes nothing possible that was not.
            () = left.heard(), if is_full => {}
            () = engine.env.sleep_until(wake) => {}
        }
    }
}

/// Claims what is due now, as much as there is room for. Gives how much that was; nothing when there is no room.
pub(crate) async fn claim(engine: &Arc<Shared>) -> Result<Option<usize>> {
    let room = room(engine);
    if room == 0 {
        return Ok(None);
    }
    let now = engine.env.now_ms();
    let due = engine.store.next_due(&queues(engine)).await?;
    if due.is_none_or(|due| due > now) {
        return Ok(Some(0));
    }
    let claim = Claim { queues: queues(engine), limit: room, session: engine.session };
    let receipt = engine.store.commit(Batch { now, ops: vec![Op::Claim(claim)] }).await?;
    for entry in &receipt.claimed {
        adopt::claimed(engine, entry);
    }
    Ok(Some(receipt.claimed.len()))
}

/// Tells how many runs may be claimed at once now.
fn room(engine: &Shared) -> usize {
    engine.options.concurrency.saturating_sub(engine.driven_count()).min(limits::CLAIM_ENTRIES)
}

fn queues(engine: &Shared) -> Vec<Arc<str>> {
    if !engine.options.queues.is_empty() {
        return engine.options.queues.clone();
    }
    let steps = engine.registry.step_names();
    let mut queues: Vec<Arc<str>> = vec![message::RUNS.into()];
    queues.extend(steps.iter().map(|step| message::step_queue(step)));
    queues
}

async fn nap(engine: &Shared) -> i64 {
    match engine.store.next_due(&queues(engine)).await {
        Ok(Some(due)) => due.saturating_sub(engine.env.now_ms()),
        _ => limits::POLL_MS,
    }
}
