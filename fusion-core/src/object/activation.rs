//! One object at work: takes messages, handles, writes, hibernates.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::ask::{Ask, Asker, Said, Told};
use super::fold::Core;
use super::inbox;
use super::keeper::Keeper;
use super::kind::Object;
use super::load::{self, Loaded, Unloaded};
use super::names::{Name, parked};
use super::seat;
use super::turns::Turns;
use crate::contract::Subscription;
use crate::error::{Code, Error, Result};
use crate::model::{Batch, Failure, Op, Release, Ticket, limits};
use crate::run::adopt::is_passing;

/// The activation of one object.
pub(super) struct Activation {
    pub keeper: Arc<Keeper>,
    pub code: Arc<dyn Object>,
    pub name: Name,
    pub asks: mpsc::Receiver<Ask>,
}

/// How an activation ended.
enum End {
    /// It was let go, or somebody else has it now.
    Left,
    /// Another process has it.
    Elsewhere,
    /// Its code refused to begin.
    Refused(Failure),
    /// The store did.
    Failed(Error),
}

/// What is loaded and held.
struct Seat {
    ticket: Ticket,
    core: Core,
    /// How far the snapshot reaches.
    snapshot: u64,
    bell: Box<dyn Subscription>,
    /// A message that ended the wait.
    first: Option<Ask>,
    /// Others may have said something.
    look: bool,
    /// The monotonic time of the last message, in nanoseconds.
    busy: u64,
}

impl Activation {
    /// Works until the object is let go.
    pub(super) async fn live(mut self) {
        let end = self.work().await.unwrap_or_else(|error| {
            if matches!(error.code(), Code::Fenced | Code::Conflict) {
                return End::Left;
            }
            tracing::error!(stream = %self.name.stream, %error, "an object was let go");
            End::Failed(error)
        });
        if matches!(&end, End::Failed(error) if is_passing(error)) {
            // Whoever begins it anew at once is refused at once.
            self.keeper.engine.poll_pause().await;
        }
        self.keeper.forget(&self.name);
        self.again().await;
        self.keeper.ended();
        self.asks.close();
        while let Some(ask) = self.asks.recv().await {
            ask.asker.tell(match &end {
                End::Left => Told::Again,
                End::Elsewhere => Told::Elsewhere,
                End::Refused(failure) => Told::Answer(Err(failure.clone())),
                End::Failed(error) => Told::Failed(error.clone()),
            });
        }
    }

    /// Begins anew when this process has claimed the object while this activation was ending: whoever claimed it found that there
    /// was one.
    async fn again(&self) {
        let engine = &self.keeper.engine;
        if engine.is_closed() {
            return;
        }
        let entry = engine.store.entry(&self.name.stream).await;
        if entry.is_ok_and(|entry| entry.is_some_and(|one| one.session == Some(engine.session))) {
            drop(self.keeper.open(&self.name));
        }
    }

    async fn work(&mut self) -> Result<End> {
        let engine = self.keeper.engine.clone();
        // It listens before it looks, so that nothing is said in between.
        let inbox = format!("queue/{}", self.name.inbox());
        let bell = engine.store.bus().listen(&[&inbox]);
        let Some(ticket) = seat::take(&engine, &self.name).await? else {
            return Ok(End::Elsewhere);
        };
        let store = engine.store.as_ref();
        let Loaded { core, snapshot } =
            match load::load(store, self.code.as_ref(), &self.name, None).await {
                Ok(loaded) => loaded,
                Err(Unloaded::Store(error)) => return Err(error),
                Err(Unloaded::Code(failure)) => {
                    tracing::warn!(stream = %self.name.stream, %failure, "an object is parked");
                    let queue = Some(parked(&self.name.kind));
                    self.release(ticket, (i64::MAX, queue), Vec::new()).await?;
                    return Ok(End::Refused(failure));
                }
            };
        if let Err(failure) = self.code.activate(core.look(&self.name.id)) {
            self.release(ticket, (i64::MAX, None), Vec::new()).await?;
            return Ok(End::Refused(failure));
        }
        let busy = engine.env.monotonic_ns();
        let mut seat = Seat { ticket, core, snapshot, bell, first: None, look: true, busy };
        loop {
            engine.check_open()?;
            let asks = self.gather(&mut seat).await?;
            if !asks.is_empty() {
                self.turn(&mut seat, asks).await?;
            } else if !self.wait(&mut seat).await {
                self.hibernate(seat).await?;
                return Ok(End::Left);
            }
        }
    }

    /// Takes in what was said, and timers that are due.
    async fn gather(&mut self, seat: &mut Seat) -> Result<Vec<Ask>> {
        let mut asks: Vec<Ask> = seat.first.take().into_iter().collect();
        while asks.len() < limits::INBOX_MESSAGES
            && let Ok(ask) = self.asks.try_recv()
        {
            asks.push(ask);
        }
        let engine = &self.keeper.engine;
        if let Some((name, content)) = seat.core.fires(engine.env.now_ms()) {
            let said = Said { name, content: content.to_string(), expect: None, asker: None };
            asks.push(Ask { said, asker: Asker::Nobody, from: None, timer: true });
        }
        if seat.bell.rang() || seat.look {
            let most = limits::INBOX_MESSAGES;
            let entries = engine.store.entries(&self.name.inbox(), 0, most).await?;
            // The next ones can be read when these are gone.
            seat.look = entries.len() >= most;
            for entry in entries {
                match inbox::read(&entry) {
                    Ok(ask) => asks.push(ask),
                    Err(error) => {
                        tracing::error!(stream = %self.name.stream, %error, "a message was dropped");
                        let ops = vec![Op::Complete(entry.ticket())];
                        engine.store.commit(Batch { now: engine.env.now_ms(), ops }).await?;
                    }
                }
            }
        }
        Ok(asks)
    }

    async fn turn(&mut self, seat: &mut Seat, asks: Vec<Ask>) -> Result<()> {
        let engine = self.keeper.engine.clone();
        let now = engine.env.now_ms();
        let mut turns = Turns::new(seat.core.clone());
        for ask in asks {
            turns.handle(&self.code, &self.name, ask, now).await?;
        }
        seat.busy = engine.env.monotonic_ns();
        if turns.writes() {
            let is_due = turns.core.seq.saturating_sub(seat.snapshot) >= limits::OBJECT_EVENTS
                || seat.core.seq == 0;
            let ops = turns.ops(&self.name, seat.ticket, is_due)?;
            let written = self.commit(ops, now).await;
            if let Err(error) = written {
                turns.again();
                return Err(error);
            }
            if is_due {
                seat.snapshot = turns.core.seq;
            }
        }
        seat.core = turns.core.clone();
        turns.tell();
        Ok(())
    }

    async fn commit(&self, ops: Vec<Op>, now: i64) -> Result<()> {
        let store = &self.keeper.engine.store;
        let replies = ops.iter().any(|op| matches!(op, Op::Enqueue(entry) if entry.ephemeral));
        let alone = replies.then(|| Turns::without_replies(ops.clone()));
        match (store.commit_here(Batch { now, ops }).await, alone) {
            // A caller is gone, or the object is: without the answers it is the latter.
            (Err(error), Some(ops)) if error.code() == Code::Fenced => {
                store.commit_here(Batch { now, ops }).await.map(|_| ())
            }
            (written, _) => written.map(|_| ()),
        }
    }

    /// Waits for something to do; `false` when there was nothing for long enough.
    async fn wait(&mut self, seat: &mut Seat) -> bool {
        let env = &self.keeper.engine.env;
        let (now, mono) = (env.now_ms(), env.monotonic_ns());
        let idle = seat.busy.saturating_add(self.keeper.idle_ms().saturating_mul(1_000_000));
        if mono >= idle {
            return false;
        }
        let due = seat.core.due().map_or(limits::POLL_MS, |due| due.saturating_sub(now));
        let nap = due.clamp(0, limits::POLL_MS).unsigned_abs() * 1_000_000;
        let until = mono.saturating_add(nap).min(idle);
        tokio::select! {
            biased;
            ask = self.asks.recv() => {
                // The keeper has the other end until it lets all of them go.
                if ask.is_none() {
                    return false;
                }
                seat.first = ask;
            }
            () = seat.bell.heard() => seat.look = true,
            () = env.sleep_until(until) => {
                seat.look = until < idle;
            }
        }
        true
    }

    /// Lets the object go: it costs no memory until something wakes it.
    async fn hibernate(&self, seat: Seat) -> Result<()> {
        self.code.deactivate(seat.core.look(&self.name.id));
        let mut ops = Vec::new();
        let tail = seat.core.seq - seat.snapshot;
        // A state of newer code than its stream tells of would be read as an older one.
        if tail >= limits::OBJECT_TAIL && seat.core.version == self.code.version() {
            ops.push(load::snapshot(&self.name, &seat.core)?);
        }
        let due = seat.core.due().unwrap_or(i64::MAX);
        self.release(seat.ticket, (due, None), ops).await
    }

    async fn release(
        &self,
        ticket: Ticket,
        (due, queue): (i64, Option<Arc<str>>),
        mut ops: Vec<Op>,
    ) -> Result<()> {
        let engine = &self.keeper.engine;
        ops.push(Op::Release(Release { ticket, due, queue }));
        engine.store.commit_here(Batch { now: engine.env.now_ms(), ops }).await.map(|_| ())
    }
}

/// Words why nothing can be asked any more.
pub(super) fn closed() -> Error {
    Error::new(Code::Closed, "the engine was closed").hint("open it again")
}
