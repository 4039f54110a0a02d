//! Sleep by the host's clock.

use std::ffi::c_void;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::abi::CallId;
use crate::host::Host;

/// Ends when the host's clock has come so far.
pub(crate) struct Sleep(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    over: bool,
    waker: Option<Waker>,
}

impl Sleep {
    /// Sets the host's alarm. When the call is over and the host sets none, it is over at once.
    pub(crate) fn new(host: Host, call: CallId, ns: u64) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let argument = Arc::into_raw(state.clone()).cast_mut().cast::<c_void>();
        if !host.after(call, ns, ring, argument) {
            // SAFETY: the host refused, so nobody else takes the reference that was made for it.
            drop(unsafe { Arc::from_raw(argument.cast::<Mutex<State>>()) });
            lock(&state).over = true;
        }
        Self(state)
    }
}

/// What the host calls.
unsafe extern "C" fn ring(argument: *mut c_void) {
    // SAFETY: the host calls it once, with the reference that `new` gave away.
    let state = unsafe { Arc::from_raw(argument.cast::<Mutex<State>>()) };
    let waker = {
        let mut state = lock(&state);
        state.over = true;
        state.waker.take()
    };
    // A waker is the runtime's own and does not panic; were it another, nothing may cross.
    let woken = std::panic::AssertUnwindSafe(move || waker.map(Waker::wake));
    drop(std::panic::catch_unwind(woken));
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.over {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
