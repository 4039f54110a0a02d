//! Concurrency keys: a body holds an entry of the queue `slot/<key>` while it runs, and so many may be there at once.
//!
//! The entries are ephemeral: they vanish with the session of a process that died.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::engine::Shared;
use super::evaluate::look;
use super::hooks::Hooks;
use super::lists::Lists;
use crate::error::{Code, Error};
use crate::model::{Batch, Class, Enqueue, Failure, Key, Op, RunId, Ticket};
use crate::schedule::State;

/// A slot that is held; given back when it is dropped, whatever ends the body.
pub(super) struct Held {
    engine: Arc<Shared>,
    ticket: Option<Ticket>,
}

impl Held {
    /// Lets the next one in.
    pub(super) async fn give_back(mut self) {
        if let Some(ticket) = self.ticket {
            give_back(&self.engine, ticket).await;
            self.ticket = None;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take()
            && !self.engine.is_closed()
        {
            let engine = self.engine.clone();
            self.engine.env.spawn(Box::pin(async move { give_back(&engine, ticket).await }));
        }
    }
}

/// Gives a slot back; while the store is full or busy, again and again, since others wait for the slot.
async fn give_back(engine: &Shared, ticket: Ticket) {
    while !engine.is_closed() {
        let batch = Batch { now: engine.env.now_ms(), ops: vec![Op::Complete(ticket)] };
        match engine.store.commit(batch).await {
            Ok(_) => return,
            Err(error) if matches!(error.code(), Code::StoreFull | Code::StoreBusy) => {}
            Err(error) => {
                tracing::warn!(%error, "a concurrency slot was not given back; it is freed with the session");
                return;
            }
        }
        engine.poll_pause().await;
    }
}

/// Names who holds a slot.
fn holder(run: &RunId, key: &str) -> String {
    format!("node `{key}` of run `{run}`")
}

/// The slots that a key waits for: their name, how many there are, and who holds them.
pub(crate) type Taken = (String, u32, Vec<String>);

/// Tells which slots a key waits for that could run, as far as the store knows; none when it holds one or one is free.
pub(crate) async fn taken(
    engine: &Shared,
    state: &State,
    run: &RunId,
    key: Key,
) -> Result<Option<Taken>, Error> {
    let mut lists = Lists::default();
    let name = look(engine, state, |desk| desk.slot(key, &mut lists)).await;
    // One whose name cannot be evaluated fails when it starts, and says why.
    let Ok(Some((name, limit))) = name else { return Ok(None) };
    let entries = engine.store.entries(&format!("slot/{name}"), 0, limit as usize).await?;
    let holders = entries.iter().map(|entry| String::from_utf8_lossy(&entry.body).into_owned());
    let holders: Vec<String> = holders.collect();
    let own = holder(run, &state.program().key_text(key));
    let is_full = holders.len() >= limit as usize && !holders.contains(&own);
    Ok(is_full.then_some((name, limit, holders)))
}

/// Waits for a slot and takes it.
pub(super) async fn take(hooks: &Hooks, name: &str, limit: u32) -> Result<Held, Failure> {
    let engine = &hooks.of.engine;
    let queue: Arc<str> = format!("slot/{name}").into();
    // One of this process asks at a time, in the order in which they came: of a thousand, one is woken.
    let gate = engine.gates.of(&queue);
    let _turn = tokio::select! {
        biased;
        turn = gate.lock() => turn,
        () = hooks.stop.wait() => return Err(cancelled()),
    };
    let topic = format!("queue/{queue}");
    let mut freed = engine.store.bus().listen(&[&topic]);
    loop {
        let now = engine.env.now_ms();
        let entry = Enqueue {
            queue: queue.clone(),
            body: holder(&hooks.of.run, &hooks.of.program.key_text(hooks.key)).into(),
            due: now,
            session: Some(engine.session),
            ephemeral: true,
            limit: Some(limit),
            ..Enqueue::default()
        };
        match engine.store.commit(Batch { now, ops: vec![Op::Enqueue(entry)] }).await {
            Ok(receipt) => match receipt.entries.first() {
                Some(ticket) => {
                    return Ok(Held { engine: engine.clone(), ticket: Some(*ticket) });
                }
                None => return Err(Failure::error("the store gave no slot")),
            },
            // Taken, or the store cannot write for now: neither is a failure of the node.
            Err(error)
                if matches!(error.code(), Code::Limit | Code::StoreFull | Code::StoreBusy) => {}
            Err(error) => {
                return Err(Failure::new(Class::ERROR, format!("no slot of `{name}`: {error}")));
            }
        }
        tokio::select! {
            biased;
            () = freed.heard() => {}
            () = engine.poll_pause() => {}
            () = hooks.stop.wait() => return Err(cancelled()),
        }
    }
}

fn cancelled() -> Failure {
    Failure::new(Class::CANCELLED, "cancelled")
}

/// Where those of this process who wait for the same slots stand in line.
#[derive(Default)]
pub(crate) struct Gates(Mutex<BTreeMap<Arc<str>, Arc<tokio::sync::Mutex<()>>>>);

impl Gates {
    /// Finds or makes the gate of a queue; those that nobody stands at are let go.
    fn of(&self, queue: &Arc<str>) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gates.retain(|name, gate| name == queue || Arc::strong_count(gate) > 1);
        gates.entry(queue.clone()).or_default().clone()
    }
}
