//! A call that somebody waits for, wherever the plugin runs that answers it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use fusion_core::contract::Call;
use fusion_core::model::chat::{Chunk, Fault};
use fusion_core::run::{Pace, PaceWait};
use fusion_plugin::abi::CallId;

use super::pending::{Came, Pending};

/// What one call says to the plugin; kept until `start` has returned.
#[derive(Debug, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) op: u32,
    pub(crate) labels: Cow<'a, [u8]>,
    pub(crate) model: Cow<'a, str>,
    pub(crate) text: Cow<'a, str>,
    pub(crate) body: Vec<u8>,
}

impl Ask<'_> {
    /// Makes it for who begins the call later.
    pub(crate) fn kept(self) -> Ask<'static> {
        let Self { op, labels, model, text, body } = self;
        Ask {
            op,
            labels: labels.into_owned().into(),
            model: model.into_owned().into(),
            text: text.into_owned().into(),
            body,
        }
    }
}

/// Where an opened plugin runs: in this process, or in one of its own.
pub(crate) trait Way: fmt::Debug + Send + Sync {
    /// Gives what the plugin is called.
    fn name(&self) -> &str;

    /// Begins a call. How it goes on is told to what is given back.
    fn begin(self: Arc<Self>, call: Call, ask: Ask<'_>) -> Result<(CallId, Arc<Pending>), Fault>;

    /// Takes note that so many bytes of the answer were read.
    fn took(&self, id: CallId, bytes: usize);

    /// Takes note that nobody waits for a call any more; it may be over already.
    fn leave(&self, id: CallId);
}

/// A call that somebody waits for; dropping it ends it.
pub(super) struct Open {
    way: Arc<dyn Way>,
    wait: PaceWait,
    pending: Arc<Pending>,
    id: CallId,
    /// Pieces that are to be given out.
    pub(super) rest: VecDeque<Chunk>,
    /// Something came already.
    has_begun: bool,
}

impl Open {
    /// Begins a call.
    pub(super) fn begin(
        (way, pace): (&Arc<dyn Way>, &Arc<Pace>),
        call: Call,
        ask: Ask<'_>,
    ) -> Result<Self, Fault> {
        let (id, pending) = way.clone().begin(call, ask)?;
        let (way, wait, rest) = (way.clone(), pace.begin(), VecDeque::new());
        Ok(Self { way, wait, pending, id, rest, has_begun: false })
    }

    /// Waits for pieces, or for the end.
    pub(super) async fn next(&mut self) -> Result<Came, Fault> {
        let look = || match self.pending.poll(&Context::from_waker(Waker::noop())) {
            Poll::Ready(came) => Some(came),
            Poll::Pending => None,
        };
        let there = match look() {
            None if !self.has_begun => self.wait.look(look),
            there => there,
        };
        let came = match there {
            // Who has pieces at any time would never be waited for: the limits hold for it all the same.
            Some(pieces @ Came::Pieces(..)) if self.has_begun => {
                self.pending.call.check().map(|()| pieces)
            }
            Some(came) => Ok(came),
            None => self.in_time().await,
        };
        self.has_begun = true;
        if let Ok(Came::Pieces(_, bytes)) = came {
            self.way.took(self.id, bytes);
        }
        let name = self.way.name();
        match came {
            Ok(Came::End(result)) => Ok(Came::End(result.map_err(|fault| fault.provider(name)))),
            other => other.map_err(|fault| fault.provider(name)),
        }
    }

    /// Waits no longer than the call may be silent.
    async fn in_time(&self) -> Result<Came, Fault> {
        let call = &self.pending.call;
        let next = poll_fn(|cx| self.pending.poll(cx).map(Ok));
        let ms = call.remaining_ms().min(call.limits().idle_ms);
        let from = self.wait.now();
        let came = call.limited(ms, "the plugin said nothing", next).await;
        self.wait.slept(from);
        came
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.pending.give_up() {
            self.way.leave(self.id);
        }
    }
}
