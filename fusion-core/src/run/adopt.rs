//! Taking runs: new ones, and those that another owner left.

use std::sync::Arc;

use super::begin::Begin;
use super::drive::{Driver, Left, Seat};
use super::engine::{Fate, Shared};
use crate::contract::BoxFuture;
use crate::error::{Code, Error, Result};
use crate::graph::Program;
use crate::model::{Entry, Graph, Payload, Record, RunId, Stamped, Start, Ticket, limits};
use crate::schedule::State;

/// How many records are read at once.
const PAGE: usize = 10_000;

/// Drives a run that has just begun, at the time of its first record.
pub(crate) fn fresh(engine: &Arc<Shared>, new: Begin, ticket: Ticket, began: i64) {
    let seat = Seat { run: new.id, ticket, outcome: Arc::default(), bell: new.bell };
    let state = State::new(new.program, new.start).of(&seat.run);
    engine.driven().insert(seat.run.clone(), seat.fate());
    let (shared, run) = (engine.clone(), seat.run.clone());
    let driver = Driver::new(engine.clone(), seat, state, began);
    engine.env.spawn(Box::pin(async move { end(&shared, &run, ticket, driver.drive().await) }));
}

/// Drives a run whose entry was claimed.
pub(crate) fn claimed(engine: &Arc<Shared>, entry: &Entry) {
    let name = entry.stream.as_deref().and_then(|stream| stream.strip_prefix("run/"));
    let Some(Ok(run)) = name.map(RunId::new) else {
        tracing::error!(entry = entry.id, "a queue entry names no run");
        return;
    };
    take(engine, run, entry.ticket(), 0);
}

/// Drives a run under a claim, after a pause in milliseconds.
fn take(engine: &Arc<Shared>, run: RunId, ticket: Ticket, pause_ms: u64) {
    let shared = engine.clone();
    let seat = Seat { run: run.clone(), ticket, outcome: Arc::default(), bell: None };
    engine.driven().insert(run.clone(), seat.fate());
    let work: BoxFuture<'static, ()> = Box::pin(async move {
        if pause_ms > 0 {
            let until = shared.env.monotonic_ns() + pause_ms * 1_000_000;
            shared.env.sleep_until(until).await;
        }
        let left = match load(&shared, &run).await {
            Ok((state, began)) => Driver::new(shared.clone(), seat, state, began).drive().await,
            Err(error) => Err(error),
        };
        end(&shared, &run, ticket, left);
    });
    engine.env.spawn(work);
}

/// Notes what became of a run; one that was taken up again in between is left alone.
fn end(engine: &Arc<Shared>, run: &RunId, ticket: Ticket, left: Result<Left>) {
    let mut driven = engine.driven();
    let is_ours = matches!(driven.get(run), Some(Fate::Driven(epoch, _)) if *epoch == ticket.epoch);
    match left {
        // Nothing was written and the claim still holds: the run goes on from its journal when there is space again.
        Err(error) if is_ours && is_passing(&error) && !engine.is_closed() => {
            tracing::warn!(%run, %error, "the run is tried again soon");
            drop(driven);
            engine.set_trouble(run, Some(error));
            return take(engine, run.clone(), ticket, limits::POLL_MS.unsigned_abs());
        }
        Ok(Left::Again) if is_ours && !engine.is_closed() => {
            drop(driven);
            return take(engine, run.clone(), ticket, 0);
        }
        Err(error) if error.code() == Code::Closed => {
            if is_ours {
                driven.insert(run.clone(), Fate::Lost(error));
            }
        }
        Err(error) if !matches!(error.code(), Code::Fenced | Code::Conflict) => {
            tracing::error!(%run, %error, "the run was let go");
            if is_ours {
                driven.insert(run.clone(), Fate::Lost(error));
            }
        }
        left => {
            if left.is_ok() {
                tracing::debug!(%run, "run left");
            } else {
                tracing::info!(%run, "another process drives the run now");
            }
            if is_ours {
                driven.remove(run);
            }
        }
    }
    drop(driven);
    engine.set_trouble(run, None);
    engine.store.bus().ring(&format!("left/{run}"));
}

/// Tells whether trying again later can help: the store refused, and has not failed.
pub(crate) fn is_passing(error: &Error) -> bool {
    matches!(error.code(), Code::StoreFull | Code::StoreBusy)
}

/// Folds the journal of a run. Gives the state and when the run began.
pub(crate) async fn load(engine: &Shared, run: &RunId) -> Result<(State, i64)> {
    let stream = run.stream();
    let mut page = engine.store.read(&stream, 0, PAGE).await?.into_iter();
    let (start, began) = match page.next() {
        Some(Stamped { record: Record::RunStarted(start), at, .. }) => (*start, at),
        Some(_) => {
            return Err(Error::new(
                Code::Codec,
                format!("the journal of run `{run}` does not begin with its start"),
            ));
        }
        None => {
            return Err(Error::new(
                Code::RunNotFound,
                format!("there is no run `{run}` in this store"),
            )
            .hint("`fusion runs list` shows what there is; `--store` chooses the store"));
        }
    };
    let program = program(engine, &start).await?;
    let mut state = State::new(program, start).of(run);
    let mut records: Vec<Stamped> = page.collect();
    loop {
        let full = records.len() + 1 >= PAGE;
        for stamped in &records {
            check(&state, stamped, run)?;
            state.fold(&stamped.record);
        }
        if !full {
            return Ok((state, began));
        }
        records = engine.store.read(&stream, state.seq(), PAGE).await?;
        if records.is_empty() {
            return Ok((state, began));
        }
    }
}

/// Refuses records that do not fit the graph: a journal that was put together wrongly must not be folded.
fn check(state: &State, stamped: &Stamped, run: &RunId) -> Result<()> {
    if stamped.seq == state.seq() + 1 && state.fits(&stamped.record) {
        return Ok(());
    }
    Err(Error::new(
        Code::Codec,
        format!("record {} of run `{run}` does not fit what is before it", stamped.seq),
    )
    .hint("the store is damaged: `fusion doctor` examines it"))
}

/// Finds or compiles the program of a run.
pub(crate) async fn program(engine: &Shared, start: &Start) -> Result<Arc<Program>> {
    let digest = start.definition.digest();
    if let Some(program) = engine.known_program(digest) {
        return Ok(program);
    }
    let definition = match &start.definition {
        Payload::Blob(kind, digest, _) => match engine.store.blob(*digest).await? {
            Some(bytes) => Payload::Inline(*kind, bytes),
            None => {
                return Err(Error::new(
                    Code::Codec,
                    "the definition of the run is not in the store",
                ));
            }
        },
        inline @ Payload::Inline(..) => inline.clone(),
    };
    let graph: Graph = definition.decode().map_err(|error| {
        Error::new(Code::Codec, "the definition of the run cannot be read").because(error)
    })?;
    engine.compile(digest, Arc::new(graph), definition.bytes())
}
