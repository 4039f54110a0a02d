//! The session of a process: one heartbeat for all that it holds, and an eye on those of others.

use std::sync::Arc;

use super::engine::Shared;
use crate::error::{Code, Result};
use crate::model::{Batch, Op, Session, SessionId, limits};

/// Opens the session at the first call, and keeps its heart beating until the engine is closed.
pub(crate) async fn open(engine: &Arc<Shared>) -> Result<()> {
    engine.check_open()?;
    engine
        .opened
        .get_or_try_init(|| async {
            beat(engine).await?;
            let shared = engine.clone();
            engine.env.spawn(Box::pin(async move { pulse(shared).await }));
            if engine.options.work {
                let shared = engine.clone();
                engine.env.spawn(Box::pin(async move { super::claim::work(shared).await }));
            }
            Ok(())
        })
        .await
        .copied()
}

async fn beat(engine: &Shared) -> Result<()> {
    let now = engine.env.now_ms();
    let session = Session {
        id: engine.session,
        until: now + engine.options.lease_ms,
        info: engine.env.identity(),
    };
    engine.store.commit(Batch { now, ops: vec![Op::Beat(session)] }).await.map(|_| ())
}

async fn pulse(engine: Arc<Shared>) {
    let pause_ms = (engine.options.lease_ms / 4).max(1);
    while !engine.is_closed() {
        let wake = engine.env.monotonic_ns() + u64::try_from(pause_ms).unwrap_or(1) * 1_000_000;
        engine.env.sleep_until(wake).await;
        if engine.is_closed() {
            return;
        }
        match confirm(&engine).await {
            Err(error) if error.code() != Code::Closed => {
                tracing::warn!(%error, "a heartbeat was not written");
            }
            _ => {}
        }
    }
}

/// Makes sure that this process is not taken for dead: whoever was refused as fenced asks, or it would try again and again.
///
/// # Errors
/// `FU0501` when it is: the engine is closed then.
pub(crate) async fn confirm(engine: &Shared) -> Result<()> {
    match beat(engine).await {
        Err(error) if error.code() == Code::Fenced => {
            tracing::error!(
                "the session was taken for dead by another process; its runs go on there"
            );
            engine.set_closed();
            engine.check_open()
        }
        other => other,
    }
}

/// Releases what dead processes held. Gives how many entries were released.
pub(crate) async fn reap(engine: &Shared) -> Result<usize> {
    let now = engine.env.now_ms();
    let sessions = engine.store.sessions().await?;
    let late = sessions.iter().any(|(_, until, _)| *until < now);
    let dead: Vec<SessionId> = sessions
        .iter()
        .filter(|(id, _, info)| *id != engine.session && engine.env.is_dead(info))
        .map(|(id, _, _)| *id)
        .collect();
    if dead.is_empty() && !late {
        return Ok(0);
    }
    let receipt = engine.store.commit(Batch { now, ops: vec![Op::Reap(dead)] }).await?;
    Ok(receipt.released)
}

/// Gives back what a closed engine holds, once its runs have come to rest.
pub(crate) async fn leave(engine: &Shared) {
    for run in engine.driven_runs() {
        engine.store.bus().ring(&format!("queue/{}", run.inbox()));
    }
    let until = engine.env.monotonic_ns() + limits::POLL_MS.unsigned_abs() * 2_000_000;
    while engine.driven_count() > 0 && engine.env.monotonic_ns() < until {
        engine.env.sleep_until(engine.env.monotonic_ns() + 5_000_000).await;
    }
    if let Err(error) = close(engine).await {
        tracing::warn!(%error, "the leases of a dropped engine end by themselves");
    }
}

/// Gives back all that this process holds.
pub(crate) async fn close(engine: &Shared) -> Result<()> {
    if engine.opened.get().is_none() {
        return Ok(());
    }
    let now = engine.env.now_ms();
    engine.store.commit(Batch { now, ops: vec![Op::Reap(vec![engine.session])] }).await.map(|_| ())
}
