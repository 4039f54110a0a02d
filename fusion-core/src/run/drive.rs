//! The driver of one run: carries out what the scheduler decides, and makes every decision durable before it acts on it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, oneshot};
use tracing::Instrument;

use super::engine::{Fate, Outcome, Shared};
use super::hear::Woken;
use super::hooks::{Common, Hooks};
use super::large;
use super::launch::Codes;
use super::lists::Lists;
use super::message;
use super::note::{Ended, Note};
use super::scope::Kept;
use super::settle;
use crate::contract::{Subscription, Task};
use crate::error::{Code, Result};
use crate::model::{
    Class, Command, Decided, Failure, Input, Key, Message, Op, RunId, RunStatus, Ticket, limits,
};
use crate::schedule::State;

/// How a driver let go of its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// The run ended.
    Finished,
    /// The run waits, and whoever works takes it up when it goes on.
    Resting,
    /// Somebody said something just before the end, which was not written: it goes on from its journal, and hears it.
    Again,
}

/// What one turn of the loop has gathered: it becomes one batch.
#[derive(Default)]
pub(super) struct Turn {
    /// When it began, in milliseconds since 1970.
    pub now: i64,
    pub decided: Decided,
    /// Operations that belong to the records: blobs, taken messages, child runs, cached outputs.
    pub ops: Vec<Op>,
    /// Child runs that begin with this batch.
    pub children: Vec<super::begin::Begin>,
    replies: Vec<oneshot::Sender<()>>,
}

/// What a driver is given with its run.
pub(super) struct Seat {
    pub run: RunId,
    pub ticket: Ticket,
    /// Where it leaves the outcome of the run.
    pub outcome: Arc<OnceLock<Outcome>>,
    /// Rings for what others say to the run, since before the run was there; else the driver looks first.
    pub bell: Option<Box<dyn Subscription>>,
}

impl Seat {
    pub(super) fn fate(&self) -> Fate {
        Fate::Driven(self.ticket.epoch, self.outcome.clone())
    }
}

/// One run, as long as this process drives it.
///
/// Thousands are about at once, each in a task as big as what it may wait for: it is boxed, and so is what most runs never
/// wait for.
pub(super) struct Driver {
    pub engine: Arc<Shared>,
    pub run: RunId,
    /// The name of its stream.
    pub stream: Arc<str>,
    pub ticket: Ticket,
    pub state: State,
    pub kept: Kept,
    pub lists: Lists,
    /// It could not be written when this driver took over.
    pub troubled: bool,
    /// The status that lists show now.
    pub shown: RunStatus,
    /// The version of the row that they show it from, as far as it is known: a guess, for the store.
    pub row_version: u64,
    pub started: i64,
    /// Of nodes with a learned timeout: the 95th percentile, and what it was made from, in milliseconds.
    pub learned: BTreeMap<u32, u64>,
    pub durations: BTreeMap<u32, Vec<u32>>,
    /// What all bodies of the run share.
    pub common: Arc<Common>,
    pub codes: Codes,
    /// The monotonic time when the last plain body ended or the first began, in nanoseconds.
    pub clock: u64,
    pub local: VecDeque<Note>,
    /// What the last plain body had, for the next one, if the body kept nothing of it.
    pub spare: Option<Arc<Hooks>>,
    /// An empty list with room for the commands of a turn.
    room: Vec<Command>,
    pub bodies: BTreeMap<Key, (Arc<Hooks>, Task)>,
    pub notes: mpsc::UnboundedReceiver<Box<Note>>,
    pub bell: Box<dyn Subscription>,
    /// There may be messages that the bell has not rung for.
    pub look: bool,
    /// The monotonic time of the last look, in nanoseconds.
    pub looked: u64,
    /// Something is due.
    due: bool,
    outcome: Arc<OnceLock<Outcome>>,
}

impl Driver {
    pub(super) fn new(engine: Arc<Shared>, seat: Seat, state: State, started: i64) -> Box<Self> {
        let Seat { run, ticket, outcome, bell } = seat;
        let (sender, notes) = mpsc::unbounded_channel();
        let (look, clock) = (bell.is_none(), engine.env.monotonic_ns());
        let bell =
            bell.unwrap_or_else(|| engine.store.bus().listen(&[&format!("queue/{}", run.inbox())]));
        let common = Arc::new(Common {
            engine: engine.clone(),
            run: run.clone(),
            program: state.program().clone(),
            epoch: ticket.epoch,
            began: started,
            notes: sender,
            held: AtomicBool::new(state.asked().0),
        });
        let troubled = engine.trouble(&run).is_some();
        let stream = run.stream().into();
        Box::new(Self {
            engine,
            run,
            stream,
            troubled,
            ticket,
            state,
            common,
            codes: Codes::default(),
            clock,
            kept: Kept::default(),
            lists: Lists::default(),
            shown: RunStatus::Running,
            row_version: if look { super::row::ENDED } else { 1 },
            started,
            learned: BTreeMap::new(),
            durations: BTreeMap::new(),
            local: VecDeque::new(),
            spare: None,
            room: Vec::new(),
            bodies: BTreeMap::new(),
            notes,
            bell,
            look,
            looked: clock,
            due: false,
            outcome,
        })
    }

    /// Drives the run until it ends or rests.
    ///
    /// # Errors
    /// When another owner has taken over or the store failed: nothing of the run goes on here.
    pub(super) async fn drive(mut self: Box<Self>) -> Result<Left> {
        let span =
            tracing::info_span!("run", run = %self.run, workflow = %self.state.start().workflow);
        let result = self.turns().instrument(span).await;
        for (hooks, task) in std::mem::take(&mut self.bodies).into_values() {
            hooks.stop.set();
            task.abort();
        }
        self.engine.forget_progress(&self.run);
        result
    }

    async fn turns(&mut self) -> Result<Left> {
        let records = self.state.seq();
        tracing::info!(epoch = self.ticket.epoch, records, "run driven here");
        self.learn_timeouts().await;
        let program = self.state.program().clone();
        super::cache::know_salt(&self.engine, &program).await;
        self.local.push_back(Note::Input(Input::Adopted));
        let mut turn = Turn::default();
        loop {
            // The engine was closed or dropped: the run goes on from here when somebody takes it up.
            self.engine.check_open()?;
            turn.now = self.engine.env.now_ms();
            self.absorb_all(&mut turn).await;
            if self.must_look() {
                Box::pin(self.read_inbox(&mut turn)).await?;
            }
            // What was said in time counts, however late it is read: no time is over while something is left to hear.
            if self.due && !self.look {
                self.due = false;
                self.decide(Input::Tick, &mut turn);
            }
            if turn.decided.is_empty() && turn.ops.is_empty() && turn.replies.is_empty() {
                match self.wait().await? {
                    Woken::Inbox => self.look = true,
                    Woken::Note(note) => self.local.push_back(*note),
                    Woken::Time => {
                        self.due = true;
                        self.look |= self.state.is_limit_due(self.engine.env.now_ms());
                    }
                    Woken::Rest => return Ok(Left::Resting),
                }
                continue;
            }
            let children = match self.commit(&mut turn).await {
                Err(error) if error.code() == Code::Conflict && self.state.result().is_some() => {
                    return Ok(Left::Again);
                }
                other => other?,
            };
            // A store that needs nobody to wait for leaves no other place where other tasks get the thread.
            tokio::task::consume_budget().await;
            for (begin, ticket) in children {
                super::adopt::fresh(&self.engine, begin, ticket, turn.now);
            }
            self.common.held.store(self.state.asked().0, Ordering::Release);
            for reply in turn.replies.drain(..) {
                // The body may be gone by now; then nobody waits for the answer.
                let _ = reply.send(());
            }
            if self.carry_out(&mut turn).await? {
                return Ok(Left::Finished);
            }
        }
    }

    /// Takes in everything that has reached the driver.
    async fn absorb_all(&mut self, turn: &mut Turn) {
        for _ in 0..limits::NOTES_PER_TURN {
            let next =
                self.local.pop_front().or_else(|| self.notes.try_recv().ok().map(|note| *note));
            let Some(note) = next else { return };
            match note {
                Note::Input(input) => self.decide(input, turn),
                Note::Asked(Input::Memo(key, name, value), reply) => {
                    let clean = Box::pin(large::clean(&self.engine, value)).await;
                    let stored = clean.store(&mut turn.ops);
                    self.remember(&clean.value, &stored);
                    self.decide(Input::Memo(key, name, stored), turn);
                    turn.replies.push(reply);
                }
                Note::Asked(input, reply) => {
                    self.decide(input, turn);
                    turn.replies.push(reply);
                }
                Note::Ended(ended) => self.ended(ended, turn).await,
            }
        }
    }

    async fn ended(&mut self, ended: Ended, turn: &mut Turn) {
        if !self.bodies.is_empty() {
            self.bodies.remove(&ended.key);
        }
        let input = match settle::plainly(self, ended, turn) {
            Ok(input) => input,
            Err(ended) => Box::pin(settle::input_of(self, ended, turn)).await,
        };
        self.decide(input, turn);
    }

    pub(super) fn decide(&mut self, input: Input, turn: &mut Turn) {
        let redactor = || self.engine.secrets.redactor();
        let input = match input {
            Input::Done(key, attempt, ms, Err(failure)) => {
                Input::Done(key, attempt, ms, Err(redactor().failure(failure)))
            }
            Input::Concluded(Err(failure)) => Input::Concluded(Err(redactor().failure(failure))),
            other => other,
        };
        self.state.decide(input, turn.now, &mut turn.decided);
    }

    /// Does what follows the records, and leaves in the turn what was decided meanwhile. `true` when the run has ended.
    async fn carry_out(&mut self, turn: &mut Turn) -> Result<bool> {
        let room = std::mem::take(&mut self.room);
        let mut commands = std::mem::replace(&mut turn.decided.commands, room);
        let stops = commands.iter().filter_map(|command| match command {
            Command::Stop(key) => Some(*key),
            _ => None,
        });
        let stopped: Vec<Key> = stops.collect();
        self.clock = self.engine.env.monotonic_ns();
        for command in &commands {
            match command {
                // The same turn took it back, a cancel perhaps, and that is recorded already: nothing is entered.
                Command::Start(key, attempt) if stopped.contains(key) => {
                    self.leave_alone(*key, *attempt);
                }
                // Somebody wants the end of the run: what was about to start, even its templates, is left alone.
                Command::Start(key, attempt)
                    if !key.is_undo() && self.state.asked().1.is_some() =>
                {
                    self.leave_alone(*key, *attempt);
                }
                Command::Start(key, attempt) => {
                    if !self.start_plain((*key, *attempt), turn) {
                        Box::pin(self.start(*key, *attempt)).await;
                        self.clock = self.engine.env.monotonic_ns();
                    }
                }
                Command::Stop(key) => self.stop(*key),
                Command::StopChild(child) => {
                    let by = crate::schedule::parent(&self.run);
                    let why = "it does not wait any longer".to_owned();
                    Box::pin(self.tell_child(child, &Message::Cancel(by, why))).await?;
                }
                Command::HoldChild(child, hold) => {
                    let by = crate::schedule::parent(&self.run);
                    let said = if *hold { Message::Pause(by) } else { Message::Resume(by) };
                    Box::pin(self.tell_child(child, &said)).await?;
                }
                Command::Conclude => {
                    let outputs = self.evaluate(|desk, _| desk.outputs()).await;
                    self.local.push_back(Note::Input(Input::Concluded(outputs)));
                }
                Command::Finish => {
                    // Who waits gets it from here and need not ask the store.
                    if let Some(result) = self.state.result() {
                        self.outcome.get_or_init(|| result.clone());
                    }
                    return Ok(true);
                }
            }
        }
        commands.clear();
        self.room = commands;
        Ok(false)
    }

    /// Answers for a body that shall not be entered any more.
    fn leave_alone(&mut self, key: Key, attempt: u16) {
        let failure = Failure::new(Class::CANCELLED, "cancelled");
        self.local.push_back(Note::Input(Input::Done(key, attempt, 0, Err(failure))));
    }

    fn stop(&mut self, key: Key) {
        if let Some((hooks, _)) = self.bodies.get(&key) {
            hooks.stop.set();
        }
    }

    async fn tell_child(&mut self, child: &RunId, said: &Message) -> Result<()> {
        let now = self.engine.env.now_ms();
        let op = message::say(child, said)?;
        match self.engine.store.commit(crate::model::Batch { now, ops: vec![op] }).await {
            // It has ended by itself: its word is in our inbox.
            Err(error) if error.code() == crate::error::Code::RunNotFound => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }
}
