//! The task that writes for the post: addresses, batches, and what is tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use tokio::sync::mpsc;

use super::address::Directory;
use super::job::{How, Job, Mark, Out};
use super::options::Sent;
use super::post::{Common, Note};
use super::settle::Held;
use super::words::Recipient;
use super::write::{self, NAMED};
use crate::error::{Code, Error, Result};
use crate::model::{Op, limits};

/// How many channels are known by heart.
const HEADS: usize = 16_384;
/// How many parcels are watched before those that were settled are looked for.
const WATCHED: usize = 4_096;

/// The writer's own state.
pub(super) struct Clerk {
    common: Arc<Common>,
    jobs: mpsc::Receiver<Job>,
    notes: mpsc::UnboundedReceiver<Note>,
    directory: Directory,
    heads: BTreeMap<Arc<str>, u64>,
    watched: BTreeMap<(u64, u64), Weak<Held>>,
    /// Counts what was watched, so that two of one moment are told apart.
    count: u64,
    sweep_at: usize,
    /// What could not be settled and is held here still: it goes back as soon as the store takes that.
    owed: Vec<Mark>,
    /// The monotonic time when that is tried again, in nanoseconds.
    owed_at: u64,
}

impl Clerk {
    pub(super) fn new(
        common: Arc<Common>,
        jobs: mpsc::Receiver<Job>,
        notes: mpsc::UnboundedReceiver<Note>,
    ) -> Self {
        Self {
            common,
            jobs,
            notes,
            directory: Directory::default(),
            heads: BTreeMap::new(),
            watched: BTreeMap::new(),
            count: 0,
            sweep_at: WATCHED,
            owed: Vec::new(),
            owed_at: 0,
        }
    }

    /// Writes until nobody can hand anything in any more.
    pub(super) async fn work(mut self) {
        let (mut jobs, mut notes) = (Vec::new(), Vec::new());
        while self.next(&mut jobs, &mut notes).await {
            for note in notes.drain(..) {
                match note {
                    Note::Job(job) => jobs.push(job),
                    Note::Watch(until, held) => self.watch(until, held),
                }
            }
            self.overdue(&mut jobs);
            self.give_back(&mut jobs);
            let mut left = std::mem::take(&mut jobs);
            while !left.is_empty() {
                let later = unlike(&mut left);
                self.carry(std::mem::replace(&mut left, later)).await;
            }
        }
    }

    /// Waits for work and takes all that is there; `false` at the end.
    async fn next(&mut self, jobs: &mut Vec<Job>, notes: &mut Vec<Note>) -> bool {
        let most = limits::POST_BATCH;
        let watched = self.watched.first_key_value().map(|((until, _), _)| *until);
        let owed = (!self.owed.is_empty()).then_some(self.owed_at);
        let first = watched.into_iter().chain(owed).min();
        let env = &self.common.engine.env;
        let is_open = tokio::select! {
            biased;
            count = self.notes.recv_many(notes, most) => count > 0,
            count = self.jobs.recv_many(jobs, most) => count > 0,
            () = async { env.sleep_until(first.unwrap_or(u64::MAX)).await }, if first.is_some() => true,
        };
        while notes.len() < most
            && let Ok(note) = self.notes.try_recv()
        {
            notes.push(note);
        }
        while jobs.len() < most
            && let Ok(job) = self.jobs.try_recv()
        {
            jobs.push(job);
        }
        is_open
    }

    fn watch(&mut self, until: u64, held: Weak<Held>) {
        self.count += 1;
        self.watched.insert((until, self.count), held);
        if self.watched.len() >= self.sweep_at {
            self.watched.retain(|_, held| is_open(held));
            self.sweep_at = (self.watched.len() * 2).max(WATCHED);
        }
    }

    /// Gives back what was held for too long.
    fn overdue(&mut self, jobs: &mut Vec<Job>) {
        let now = self.common.engine.env.monotonic_ns();
        while let Some(first) = self.watched.first_entry().filter(|one| one.key().0 <= now) {
            let Some(held) = first.remove().upgrade() else { continue };
            let open = held.state().open.clone();
            let mark = |at| Mark { held: held.clone(), at, how: How::Again(None) };
            let marks: Vec<Mark> = open.into_iter().map(mark).collect();
            if !marks.is_empty() {
                tracing::warn!(agent = %held.agent, "messages were held for too long");
                jobs.push(Job { outs: Vec::new(), marks, done: None });
            }
        }
    }

    /// Tries again to give back what could not be settled.
    fn give_back(&mut self, jobs: &mut Vec<Job>) {
        if self.owed.is_empty() || self.common.engine.env.monotonic_ns() < self.owed_at {
            return;
        }
        let alone = |mark| Job { outs: Vec::new(), marks: vec![mark], done: None };
        jobs.extend(std::mem::take(&mut self.owed).into_iter().map(alone));
    }

    /// Tells what came of a job. What it could not settle goes back: its deliveries are gone, and nobody else would do it.
    fn answer(&mut self, job: Job, answer: Result<Vec<Sent>>) {
        // What is fenced is held by somebody else.
        if answer.as_ref().is_err_and(|error| error.code() != Code::Fenced) {
            let open = job.marks.iter().filter(|mark| mark.held.state().open.contains(&mark.at));
            let again = open.map(|mark| match mark.how {
                How::Done => Mark { how: How::Again(None), ..mark.clone() },
                _ => mark.clone(),
            });
            self.owed.extend(again);
            let pause_ns = limits::POLL_MS.unsigned_abs() * 1_000_000;
            self.owed_at = self.common.engine.env.monotonic_ns().saturating_add(pause_ns);
        }
        job.answer(answer);
    }

    async fn carry(&mut self, jobs: Vec<Job>) {
        let mut ready = Vec::with_capacity(jobs.len());
        for mut job in jobs {
            match self.address(&mut job).await {
                Ok(()) => ready.push(job),
                Err(error) => self.answer(job, Err(error)),
            }
        }
        if ready.len() > 1 {
            match self.write(&mut ready).await {
                Ok(()) => {
                    for job in ready {
                        let sent = job.outs.iter().map(Out::sent).collect();
                        job.answer(Ok(sent));
                    }
                    return;
                }
                Err(error) if !is_refusal(&error) => {
                    for job in ready {
                        self.answer(job, Err(error.clone()));
                    }
                    return;
                }
                // One of them is refused: each is written by itself, so that it stands for itself.
                Err(_) => self.directory.forget(),
            }
        }
        for mut job in ready {
            let answer = self.alone(&mut job).await;
            self.answer(job, answer);
        }
    }

    /// Finds out where messages go.
    async fn address(&mut self, job: &mut Job) -> Result<()> {
        let (me, now) = (self.common.engine.session, self.common.engine.env.now_ms());
        let store = self.common.engine.store.clone();
        for out in &mut job.outs {
            let message = &out.message;
            if out.waiter == Some(me) && !self.common.waiters.has(message.reply_to.as_deref()) {
                // Whoever asked has given up.
                out.waiter = None;
                out.copies = self.late(out).await?;
                continue;
            }
            if out.waiter.is_some() {
                continue;
            }
            let to = (&*message.sender, &message.recipient);
            out.copies = self.directory.resolve(store.as_ref(), to, now).await?;
        }
        Ok(())
    }

    /// Finds the mailbox for an answer that nobody waits for any more; none, if whoever asked has none.
    async fn late(&mut self, out: &Out) -> Result<Vec<(Arc<str>, u32)>> {
        let Recipient::Agent(name) = &out.message.recipient else { return Ok(Vec::new()) };
        let (store, now) = (self.common.engine.store.clone(), self.common.engine.env.now_ms());
        let capacity = self.directory.capacity(store.as_ref(), name, now).await?;
        Ok(capacity.map(|capacity| (name.clone(), capacity)).into_iter().collect())
    }

    /// Writes one job, as far as it can be written.
    async fn alone(&mut self, job: &mut Job) -> Result<Vec<Sent>> {
        let (mut result, me) =
            (self.write(std::slice::from_mut(job)).await, self.common.engine.session);
        let waits = |out: &Out| out.waiter.is_some_and(|waiter| waiter != me);
        if result.as_ref().is_err_and(|error| error.code() == Code::Fenced)
            && job.outs.iter().any(waits)
        {
            for at in 0..job.outs.len() {
                let Some(out) = job.outs.get(at).filter(|out| waits(out)) else { continue };
                let copies = self.late(out).await?;
                if let Some(out) = job.outs.get_mut(at) {
                    (out.waiter, out.copies) = (None, copies);
                }
            }
            result = self.write(std::slice::from_mut(job)).await;
        }
        match result {
            Ok(()) => Ok(job.outs.iter().map(Out::sent).collect()),
            Err(error) if error.code() == Code::Limit && job.outs.iter().any(Out::spreads) => {
                self.spread(job).await
            }
            Err(error) => Err(error),
        }
    }

    /// Delivers what goes to many, although some of their mailboxes are full.
    async fn spread(&mut self, job: &mut Job) -> Result<Vec<Sent>> {
        let take =
            |out: &mut Out| if out.spreads() { std::mem::take(&mut out.copies) } else { vec![] };
        let all: Vec<_> = job.outs.iter_mut().map(take).collect();
        self.write(std::slice::from_mut(job)).await?;
        let mut sent: Vec<Sent> = job.outs.iter().map(Out::sent).collect();
        for ((out, copies), sent) in job.outs.iter().zip(all).zip(&mut sent) {
            for copy in copies {
                let name = copy.0.clone();
                let out = Out { copies: vec![copy], told: true, ..out.clone() };
                let job = Job { outs: vec![out], marks: Vec::new(), done: None };
                match self.write(&mut [job]).await {
                    Ok(()) => sent.to.push(name),
                    Err(error) if error.code() == Code::Limit => sent.full.push(name),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(sent)
    }

    /// Writes jobs in one batch, again and again while others write to the same channels.
    async fn write(&mut self, jobs: &mut [Job]) -> Result<()> {
        let engine = self.common.engine.clone();
        for _ in 0..limits::POST_TRIES {
            let mut heads = BTreeMap::new();
            for channel in write::channels(jobs) {
                let seq = match self.heads.get(&channel) {
                    Some(seq) => *seq,
                    None => engine
                        .store
                        .head(&write::stream(&channel))
                        .await?
                        .map_or(0, |head| head.seq),
                };
                heads.insert(channel, seq);
            }
            let mut plan = write::plan(jobs, &heads, engine.session)?;
            plan.ops.extend(self.topics(jobs));
            match engine.store.commit_here(plan.batch(engine.env.now_ms())).await {
                Ok(receipt) => {
                    self.written(jobs, plan, &receipt.entries);
                    return Ok(());
                }
                Err(error) if error.code() == Code::Conflict => {
                    self.heads.clear();
                    self.directory.forget();
                    self.twice(jobs).await?;
                }
                Err(error) => {
                    self.directory.forget();
                    return Err(error);
                }
            }
        }
        Err(Error::new(Code::StoreBusy, "the channels of these messages are written all the time")
            .hint("send again later"))
    }

    fn written(&mut self, jobs: &[Job], plan: write::Plan, tickets: &[crate::model::Ticket]) {
        if self.heads.len() > HEADS {
            self.heads.clear();
        }
        self.heads.extend(plan.heads);
        for (held, left, at) in plan.kept {
            let mut state = held.state();
            state.open = left;
            if let Some(ticket) = at.and_then(|at| tickets.get(at)) {
                state.ticket = *ticket;
            }
        }
        let me = Some(self.common.engine.session);
        for out in jobs.iter().flat_map(|job| &job.outs).filter(|out| out.waiter == me) {
            self.common.waiters.answer(&out.message);
        }
    }

    /// Lists topics that this process has not written to.
    fn topics(&mut self, jobs: &[Job]) -> Vec<Op> {
        let mut ops = Vec::new();
        for out in jobs.iter().flat_map(|job| &job.outs) {
            if let Recipient::Topic(topic) = &out.message.recipient {
                ops.extend(self.directory.list(topic));
            }
        }
        ops
    }

    /// Finds out which named messages were sent before.
    async fn twice(&self, jobs: &mut [Job]) -> Result<()> {
        let outs = jobs.iter_mut().flat_map(|job| &mut job.outs);
        for out in outs.filter(|out| out.named && !out.duplicate && !out.told) {
            let found = self.common.engine.store.get(NAMED, out.message.id()).await?;
            if found.is_some() {
                out.duplicate = true;
                out.copies.clear();
            }
        }
        Ok(())
    }
}

/// Tells whether a batch was refused for what is in it; after other errors a second try helps nobody.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::Limit | Code::Fenced | Code::Conflict | Code::RunNotFound | Code::InvalidInput
    )
}

fn is_open(held: &Weak<Held>) -> bool {
    held.upgrade().is_some_and(|held| !held.state().open.is_empty())
}

/// Takes out the jobs whose messages have a name that is in a job before them.
fn unlike(jobs: &mut Vec<Job>) -> Vec<Job> {
    let mut seen = BTreeSet::new();
    let mut again = |job: &mut Job| {
        let names = job.outs.iter().filter(|out| out.named);
        names.fold(false, |again, out| again | !seen.insert(Arc::<str>::from(out.message.id())))
    };
    jobs.extract_if(.., |job| again(job)).collect()
}
