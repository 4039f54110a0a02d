//! One process of a plugin, seen from outside: its calls, what it is told, and when it has to end.

use std::collections::{BTreeMap, VecDeque};
use std::io::{ErrorKind, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fusion_core::model::chat::{Fault, FaultKind};

use super::frame::{Frame, Kind, WINDOW};
use crate::plugin_host::Pending;

/// How long a process may take to open its plugin.
pub(super) const OPEN: Duration = Duration::from_secs(10);
/// How long a plugin may take to complete a call that nobody waits for; then its process gets no more calls, and is killed when
/// those that it has are over.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// How long a process may take to end when it is told to, or when it has hung up.
pub(super) const END: Duration = Duration::from_secs(2);
/// How much may wait to be sent to a process that does not read, in bytes.
const UNSENT_BYTES: usize = 64 * 1024 * 1024;

/// A process of a plugin.
#[derive(Debug)]
pub(super) struct Hosted {
    pub(super) socket: UnixStream,
    /// A byte into it wakes the thread.
    wake: UnixStream,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    calls: BTreeMap<u64, Live>,
    unsent: VecDeque<u8>,
    /// It gets no more calls.
    condemned: bool,
    /// Nobody wants it any more, from then on.
    closing: Option<Instant>,
    /// How it ended, and when.
    dead: Option<(Fault, Instant)>,
}

/// A call that the process has not ended.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) pending: Arc<Pending>,
    /// When somebody gave it up.
    left: Option<Instant>,
    /// What was read since the process was told of it, in bytes.
    read: usize,
}

#[expect(clippy::disallowed_methods, reason = "a process outside of us lives in the real time")]
pub(super) fn now() -> Instant {
    Instant::now()
}

impl Hosted {
    /// Takes a process over: `first` is what it is told first. The streams do not block.
    pub(super) fn new(socket: UnixStream, wake: UnixStream, first: Vec<u8>) -> Self {
        let state = State { unsent: first.into(), ..State::default() };
        Self { socket, wake, state: Mutex::new(state) }
    }

    /// Gives how it ended, when, and whether it gets no more calls for another reason.
    pub(super) fn end(&self) -> (Option<(Fault, Instant)>, bool) {
        let state = self.lock();
        (state.dead.clone(), state.condemned)
    }

    /// Begins a call.
    ///
    /// # Errors
    /// How the process ended; `overloaded` when it does not read.
    pub(super) fn begin(&self, id: u64, pending: &Arc<Pending>, frame: &[u8]) -> Result<(), Fault> {
        let mut state = self.lock();
        if let Some((fault, _)) = &state.dead {
            return Err(fault.clone());
        }
        if state.unsent.len().saturating_add(frame.len()) > UNSENT_BYTES && !state.unsent.is_empty()
        {
            let message = format!(
                "the process of the plugin does not read: {UNSENT_BYTES} bytes wait for it"
            );
            return Err(Fault::new(FaultKind::Overloaded, message));
        }
        state.calls.insert(id, Live { pending: pending.clone(), left: None, read: 0 });
        self.send(state, frame);
        Ok(())
    }

    /// Takes note that nobody waits for a call any more.
    pub(super) fn leave(&self, id: u64) {
        let mut state = self.lock();
        let Some(live) = state.calls.get_mut(&id).filter(|live| live.left.is_none()) else {
            return;
        };
        live.left = Some(now());
        self.say(state, Kind::CANCEL, id, &[]);
        // The thread has to look when the grace is over.
        self.wake();
    }

    /// Takes note that so much of an answer was read; the process may send as much again.
    pub(super) fn took(&self, id: u64, bytes: usize) {
        let mut state = self.lock();
        let Some(live) = state.calls.get_mut(&id) else { return };
        live.read = live.read.saturating_add(bytes);
        if live.read < WINDOW / 2 {
            return;
        }
        let more = u32::try_from(std::mem::take(&mut live.read)).unwrap_or(u32::MAX);
        self.say(state, Kind::MORE, id, &more.to_le_bytes());
    }

    /// Lets it end: nobody wants it any more.
    pub(super) fn close(&self) {
        self.lock().closing.get_or_insert_with(now);
        self.wake();
    }

    fn say(&self, state: MutexGuard<'_, State>, kind: Kind, id: u64, body: &[u8]) {
        let mut frame = Vec::new();
        // So short a frame is never too long.
        if Frame::write(&mut frame, kind, id, &[body]).is_ok() {
            self.send(state, &frame);
        }
    }

    /// Sends as much as the socket takes; the rest is the thread's.
    fn send(&self, mut state: MutexGuard<'_, State>, frame: &[u8]) {
        let mut sent = 0;
        if state.unsent.is_empty() {
            sent = (&self.socket).write(frame).unwrap_or(0);
        }
        let rest = frame.get(sent..).unwrap_or_default();
        if !rest.is_empty() {
            state.unsent.extend(rest);
            self.wake();
        }
    }

    fn wake(&self) {
        // A full pipe has woken it already, and without a thread there is nobody to wake.
        let _: std::io::Result<usize> = (&self.wake).write(&[1]);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether something waits to be sent.
    pub(super) fn has_unsent(&self) -> bool {
        !self.lock().unsent.is_empty()
    }

    /// Sends what waits.
    pub(super) fn flush(&self) {
        let mut state = self.lock();
        while !state.unsent.is_empty() {
            match (&self.socket).write(state.unsent.as_slices().0) {
                Ok(sent) => drop(state.unsent.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
        if state.closing.is_some() {
            let _: std::io::Result<()> = self.socket.shutdown(Shutdown::Write);
        }
    }

    /// Looks what is due: gives when to look again, or why it is to be killed now.
    pub(super) fn due(&self, opening: Option<Instant>) -> Result<Option<Instant>, String> {
        let now = now();
        let mut state = self.lock();
        if state.closing.is_some_and(|from| now >= from + END) {
            return Err("did not end when it was told to, and was killed".to_owned());
        }
        if opening.is_some_and(|until| now >= until) {
            return Err(format!(
                "did not open the plugin within {} s, and was killed",
                OPEN.as_secs()
            ));
        }
        let lefts = || state.calls.values().filter_map(|live| live.left);
        let late = lefts().any(|left| now >= left + GRACE);
        let next = lefts().map(|left| left + GRACE).filter(|at| *at > now).min();
        let is_idle = state.calls.values().all(|live| live.left.is_some());
        state.condemned |= late;
        if state.condemned && is_idle {
            return Err(format!(
                "did not complete a call within {} s after its end, and was killed",
                GRACE.as_secs()
            ));
        }
        Ok([next, state.closing.map(|from| from + END), opening].into_iter().flatten().min())
    }

    /// Tells all calls how it ended.
    pub(super) fn bury(&self, fault: &Fault) {
        let calls = {
            let mut state = self.lock();
            state.dead = Some((fault.clone(), now()));
            std::mem::take(&mut state.calls)
        };
        for live in calls.into_values() {
            drop(live.pending.complete(Err(fault.clone())));
        }
    }

    /// Gives who waits for a call.
    pub(super) fn pending(&self, id: u64) -> Option<Arc<Pending>> {
        self.lock().calls.get(&id).map(|live| live.pending.clone())
    }

    /// Takes out a call that is over.
    pub(super) fn over(&self, id: u64) -> Option<Live> {
        self.lock().calls.remove(&id)
    }
}
