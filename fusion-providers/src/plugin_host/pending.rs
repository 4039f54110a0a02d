//! One call: the pieces that came, how it ended, and who waits for both.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use fusion_core::contract::Call;
use fusion_core::model::chat::{Chunk, Fault, FaultKind};
use fusion_core::model::limits::ANSWER_BYTES;
use fusion_plugin::abi::{Kind, Status};

use super::instance::Instance;

/// What a piece takes beside its text, in bytes, so that empty ones cannot fill the memory.
const PIECE_BYTES: usize = size_of::<Chunk>();

/// One call of a plugin.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) call: Call,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pieces: VecDeque<Chunk>,
    /// What the pieces take.
    bytes: usize,
    /// How it ended; the first word counts.
    ended: Option<Result<Vec<u8>, Fault>>,
    /// Nobody waits any more.
    dropped: bool,
    /// The plugin has completed it, or never took it.
    completed: bool,
    waker: Option<Waker>,
    /// Kept open until the plugin completes the call.
    instance: Option<Arc<Instance>>,
}

/// What came of a call.
pub(crate) enum Came {
    /// Pieces of the answer, and how many bytes they take.
    Pieces(VecDeque<Chunk>, usize),
    /// The end, after all pieces.
    End(Result<Vec<u8>, Fault>),
}

impl Pending {
    /// Makes a call; one of a plugin of this process keeps it open.
    pub(crate) fn new(call: Call, instance: Option<Arc<Instance>>) -> Arc<Self> {
        let pieces = VecDeque::new();
        let (bytes, ended, dropped, completed, waker) = Default::default();
        let state = State { pieces, bytes, ended, dropped, completed, waker, instance };
        Arc::new(Self { call, state: Mutex::new(state) })
    }

    /// How many bytes a piece counts for.
    pub(crate) fn size(piece: usize) -> usize {
        piece.saturating_add(PIECE_BYTES)
    }

    /// Takes a piece from the plugin.
    pub(crate) fn push(&self, kind: Kind, bytes: Option<&[u8]>) -> Status {
        let chunk = match piece(kind, bytes) {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return Status::OK,
            Err(wrong) => {
                self.end(Err(Fault::new(FaultKind::Malformed, wrong)));
                return Status::INVALID;
            }
        };
        let mut state = self.lock();
        if state.dropped {
            return Status::CANCELLED;
        }
        if state.ended.is_some() {
            return Status::STALE;
        }
        let size = Self::size(bytes.map_or(0, <[u8]>::len));
        state.bytes = state.bytes.saturating_add(size);
        if state.bytes > ANSWER_BYTES {
            drop(state);
            let wrong = format!("the plugin said {ANSWER_BYTES} bytes that nobody had read yet");
            self.end(Err(Fault::new(FaultKind::Malformed, wrong)));
            return Status::INVALID;
        }
        state.pieces.push_back(chunk);
        wake(state);
        Status::OK
    }

    /// Ends it, unless it has ended, although the plugin has not completed it.
    fn end(&self, result: Result<Vec<u8>, Fault>) {
        let mut state = self.lock();
        if state.ended.is_none() && !state.dropped {
            state.ended = Some(result);
        }
        wake(state);
    }

    /// Ends it, unless it has ended: nothing more comes from the plugin. Gives back what kept the plugin open for it.
    pub(crate) fn complete(&self, result: Result<Vec<u8>, Fault>) -> Option<Arc<Instance>> {
        let mut state = self.lock();
        if state.ended.is_none() && !state.dropped {
            state.ended = Some(result);
        }
        state.completed = true;
        let instance = state.instance.take();
        wake(state);
        instance
    }

    /// Waits until the plugin has completed it.
    pub(crate) fn poll_completed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.completed {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Nobody waits any more: what came is dropped. Tells whether the plugin has completed it.
    pub(crate) fn give_up(&self) -> bool {
        let mut state = self.lock();
        state.dropped = true;
        let unread = std::mem::take(&mut state.pieces);
        let (waker, completed) = (state.waker.take(), state.completed);
        drop(state);
        drop((unread, waker));
        completed
    }

    /// Tells whether somebody waits.
    pub(crate) fn is_wanted(&self) -> bool {
        let state = self.lock();
        !state.dropped && state.ended.is_none() && !self.call.is_cancelled()
    }

    /// Gives all pieces that came, else the end.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<Came> {
        let mut state = self.lock();
        if !state.pieces.is_empty() {
            let bytes = std::mem::take(&mut state.bytes);
            return Poll::Ready(Came::Pieces(std::mem::take(&mut state.pieces), bytes));
        }
        if let Some(result) = &mut state.ended {
            let over = Err(Fault::new(FaultKind::Malformed, "the answer was read already"));
            return Poll::Ready(Came::End(std::mem::replace(result, over)));
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            state.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes who waits, after the lock is given back.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Reads a piece; none for a kind that a newer plugin may know.
fn piece(kind: Kind, bytes: Option<&[u8]>) -> Result<Option<Chunk>, String> {
    let bytes = bytes.ok_or("the plugin said a piece of no bytes, or of too many")?;
    let text = || match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Err(format!("the plugin said a text that is no UTF-8: {error}")),
    };
    Ok(Some(match kind {
        Kind::TEXT => Chunk::Text { text: text()? },
        Kind::REASONING => Chunk::Reasoning { text: text()? },
        Kind::CHUNK => serde_json::from_slice(bytes)
            .map_err(|error| format!("the plugin said a chunk that is none: {error}"))?,
        _ => return Ok(None),
    }))
}
