//! The writer's thread: takes what is there, writes it in one transaction, answers.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::desk::Desk;
use super::group::Prepared;
use super::nap::Nap;
use super::outbox::Outbox;
use super::pool::Readers;
use super::writer::Writer;
use crate::contract::Env;
use crate::error::Result;
use crate::model::{Receipt, limits};
use crate::record::bus::Local;

/// How long the writer must have had nothing to do before it writes pages of the WAL back, in milliseconds.
const REST_MS: u64 = 200;

/// How many batches groups must have for the writer to wait until half of them have come back.
const CROWD: usize = 16;

/// For how long the writer leaves the processor to those who are coming back, in microseconds.
const BLINK_US: u64 = 50;

/// Something for the writer to do.
#[derive(Debug)]
pub(super) enum Job {
    /// A batch, who waits for it, and its share of the memory for batches that wait.
    Commit(Prepared, oneshot::Sender<Result<Receipt>>, OwnedSemaphorePermit),
    /// Giving back the space of what was deleted.
    Compact(oneshot::Sender<Result<()>>),
    /// The end, after all that came before.
    Close(oneshot::Sender<Result<()>>),
}

/// What the writer wakes up for.
enum Event {
    Job(Job),
    /// Nothing came for so many milliseconds.
    Idle(u64),
    Gone,
}

/// The loop of the thread.
pub(super) struct Service {
    pub(super) desk: Arc<Desk>,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) bus: Local,
    pub(super) readers: Arc<Readers>,
    pub(super) nap: Nap,
    pub(super) env: Arc<dyn Env>,
    pub(super) outbox: Outbox,
}

impl Service {
    /// Serves until everybody who could ask is gone.
    pub(super) fn run(mut self) {
        let waker = self.nap.waker();
        // How long nothing was done since the last commit; absent when the WAL was written back since.
        let mut rested_ms = Some(0);
        loop {
            match self.wait(&waker, rested_ms) {
                Event::Job(job) => {
                    rested_ms = Some(0);
                    if let Some(done) = self.group(job) {
                        self.outbox.deliver();
                        let writer = self.desk.sit().writer.take();
                        let _told = done.send(writer.map_or(Ok(()), Writer::close));
                        return;
                    }
                }
                Event::Idle(slept_ms) => {
                    self.outbox.deliver();
                    rested_ms = self.idle(rested_ms, slept_ms);
                }
                Event::Gone => return,
            }
        }
    }

    fn wait(&mut self, waker: &Waker, rested_ms: Option<u64>) -> Event {
        self.bus.first_listener().register(waker);
        let mut context = Context::from_waker(waker);
        let mut slept_ms = None;
        loop {
            match (self.jobs.poll_recv(&mut context), slept_ms) {
                (Poll::Ready(Some(job)), _) => return Event::Job(job),
                (Poll::Ready(None), _) => return Event::Gone,
                (Poll::Pending, Some(ms)) => return Event::Idle(ms),
                (Poll::Pending, None) => slept_ms = Some(self.sleep(rested_ms.is_some())),
            }
        }
    }

    fn sleep(&mut self, rests: bool) -> u64 {
        if self.bus.has_listeners() {
            return self.nap.sleep_and_watch();
        }
        self.nap.sleep(rests.then_some(REST_MS));
        REST_MS
    }

    /// Waits while many who had their answer just now are coming back: one flush serves them all.
    fn gather(&self) {
        let (mut waiting, crowd) = (self.jobs.len(), self.desk.crowd());
        while crowd >= CROWD && waiting < crowd / 2 {
            std::thread::park_timeout(Duration::from_micros(BLINK_US));
            let before = std::mem::replace(&mut waiting, self.jobs.len());
            if waiting <= before + crowd / 64 {
                return;
            }
        }
    }

    /// Writes a job and all that waits behind it; gives whom to tell when one of them is the end.
    fn group(&mut self, job: Job) -> Option<oneshot::Sender<Result<()>>> {
        self.gather();
        let desk = self.desk.clone();
        let mut seat = desk.sit();
        seat.rests = false;
        let Some(writer) = seat.writer.as_mut() else {
            self.readers.fail();
            // Whoever waits hears of it when the job is dropped.
            return None;
        };
        // Whoever comes while others have their turn is of this group, and not of the next.
        let turn = matches!(job, Job::Commit(..)).then(|| writer.turn());
        let (mut batches, mut waiters, mut bytes) = (Vec::new(), Vec::new(), 0);
        let (mut end, mut compact) = (None, None);
        let mut next = Some(job);
        while let Some(job) = next {
            match job {
                Job::Commit(batch, waiter, permit) => {
                    bytes += batch.bytes();
                    batches.push(batch);
                    waiters.push((waiter, permit));
                }
                Job::Compact(waiter) => {
                    compact = Some(waiter);
                    break;
                }
                Job::Close(waiter) => {
                    end = Some(waiter);
                    break;
                }
            }
            let full = batches.len() >= limits::GROUP_BATCHES || bytes >= limits::GROUP_BYTES;
            next = if full { None } else { self.jobs.try_recv().ok() };
        }
        desk.had(batches.len());
        if let Some(turn) = turn {
            let answers = writer.apply_in(turn, batches);
            if writer.has_failed() {
                self.readers.fail();
            }
            self.outbox.send(waiters, answers, |task| drop(self.env.spawn(task)));
        }
        if let Some(waiter) = compact {
            let done = writer.compact();
            if writer.has_failed() {
                self.readers.fail();
            }
            let _told = waiter.send(done);
        }
        end
    }

    fn idle(&mut self, rested_ms: Option<u64>, slept_ms: u64) -> Option<u64> {
        let mut seat = self.desk.sit();
        let rested_ms = if std::mem::take(&mut seat.touched) { Some(0) } else { rested_ms };
        let writer = seat.writer.as_mut().filter(|writer| !writer.has_failed())?;
        if self.bus.has_listeners() && writer.look().is_err() {
            // The next commit meets the same error and has somebody to tell it to.
            return rested_ms;
        }
        let rested_ms = rested_ms? + slept_ms;
        if rested_ms < REST_MS {
            return Some(rested_ms);
        }
        if writer.checkpoint().is_err() {
            self.readers.fail();
        }
        seat.rests = true;
        None
    }
}
