//! Where the writer is found: by its own thread, and by a task that may write itself because nobody else does.
//!
//! Through the thread a commit changes threads twice, which takes a sleeping machine nearly as long as the flush.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::task::Waker;

use super::group::Prepared;
use super::writer::Writer;
use crate::contract::Env;
use crate::error::Result;
use crate::model::Receipt;

/// How many batches the last groups may have had for a task to write alone: with more, one flush shall serve them all.
const FEW: usize = 2;

/// The writer, and what those who use it must know of one another.
pub(super) struct Desk {
    seat: Mutex<Seat>,
    /// How many batches the largest of the last groups had.
    crowd: AtomicUsize,
    /// The thread wants the seat: nobody else takes it first.
    called: AtomicBool,
    /// Wakes the thread.
    waker: Waker,
}

/// What one user at a time has.
pub(super) struct Seat {
    /// Absent after the end, and after a panic.
    pub(super) writer: Option<Writer>,
    /// A task wrote since the thread looked.
    pub(super) touched: bool,
    /// The thread sleeps until it is woken: the WAL was written back.
    pub(super) rests: bool,
}

impl Desk {
    pub(super) fn new(writer: Writer, waker: Waker) -> Self {
        Self {
            seat: Mutex::new(Seat { writer: Some(writer), touched: false, rests: false }),
            crowd: AtomicUsize::new(0),
            called: AtomicBool::new(false),
            waker,
        }
    }

    /// Takes the seat for the thread.
    pub(super) fn sit(&self) -> MutexGuard<'_, Seat> {
        self.called.store(true, Ordering::Relaxed);
        let seat = self.seat.lock().unwrap_or_else(|panicked| {
            // What the writer knew when a task panicked is worth nothing.
            let mut seat = panicked.into_inner();
            seat.writer = None;
            seat
        });
        self.called.store(false, Ordering::Relaxed);
        seat
    }

    /// Gives how many batches the largest of the last groups had.
    pub(super) fn crowd(&self) -> usize {
        self.crowd.load(Ordering::Relaxed)
    }

    /// Takes note of the size of a group.
    pub(super) fn had(&self, batches: usize) {
        let crowd = self.crowd();
        self.crowd.store(batches.max(crowd - crowd.div_ceil(8)), Ordering::Relaxed);
    }

    /// Writes a batch in the calling task; gives it back when somebody else writes or wants to, or when it is not for a
    /// task to wait. The second result tells whether the file failed.
    pub(super) fn write_alone(
        &self,
        batch: Prepared,
        env: &dyn Env,
    ) -> Result<(Result<Receipt>, bool), Prepared> {
        if self.crowd() > FEW || self.called.load(Ordering::Relaxed) {
            return Err(batch);
        }
        let mut seat = match self.seat.try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => return Err(batch),
        };
        let Some(writer) = seat.writer.as_mut() else { return Err(batch) };
        let Some(turn) = writer.free_turn() else { return Err(batch) };
        let (mut work, mut answer) = (Some((turn, batch)), None);
        env.in_place(&mut || {
            if let Some((turn, batch)) = work.take() {
                answer = writer.apply_in(Ok(turn), vec![batch]).pop();
            }
        });
        if let Some((_, batch)) = work {
            return Err(batch);
        }
        let failed = writer.has_failed();
        self.had(1);
        seat.touched = true;
        if std::mem::take(&mut seat.rests) {
            self.waker.wake_by_ref();
        }
        Ok((answer.unwrap_or_else(|| Err(super::writer::stopped())), failed))
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("crowd", &self.crowd).finish_non_exhaustive()
    }
}
