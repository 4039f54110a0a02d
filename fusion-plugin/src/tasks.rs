//! The runtime of the plugin's own, and the calls that go on in it.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};

use fusion_core::model::chat::{Fault, FaultKind};
use futures_util::FutureExt;
use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

use crate::abi::CallId;
use crate::host::Host;

/// Gives the plugin's runtime: one for the library, begun with the first call. The host's cannot be seen from here, because a
/// plugin has a copy of Tokio of its own. None when the machine gives no threads.
pub(crate) fn runtime() -> Option<&'static Runtime> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let begin = || {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("fusion-plugin").enable_all().build().ok()
    };
    RUNTIME.get_or_init(begin).as_ref()
}

/// The calls that go on in the runtime.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<BTreeMap<CallId, AbortHandle>>);

impl Running {
    /// Begins a call: polls it once in place, and lets it go on in the runtime if it has not ended. However it ends, the
    /// host is told once.
    pub(crate) fn begin<F>(self: &Arc<Self>, host: Host, call: CallId, work: F)
    where
        F: Future<Output = Result<Vec<u8>, Fault>> + Send + 'static,
    {
        let ending = Ending { host, call, told: false };
        let Some(runtime) = runtime() else {
            ending.tell(Err(trouble("got no threads for its runtime")));
            return;
        };
        let mut task = Box::pin(async move {
            let result = AssertUnwindSafe(work).catch_unwind().await;
            ending.tell(
                result.unwrap_or_else(|panic| Err(trouble(&format!("panicked: {}", say(&*panic))))),
            );
        });
        {
            let _here = runtime.enter();
            // Nobody has to be woken: what is pending is polled again, with a waker, by the runtime.
            if task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                return;
            }
        }
        self.go_on(runtime, host, call, task);
    }

    fn go_on(
        self: &Arc<Self>,
        runtime: &Runtime,
        host: Host,
        call: CallId,
        task: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) {
        let running = self.clone();
        {
            // Held until the task is in the map, so that it cannot take itself out before.
            let mut map = self.map();
            let task = runtime.spawn(async move {
                task.await;
                running.map().remove(&call);
            });
            map.insert(call, task.abort_handle());
        }
        // A wish to end that came before the task was in the map found nothing.
        if !host.wants(call) {
            self.cancel(call);
        }
    }

    /// Ends a call: its future is dropped.
    pub(crate) fn cancel(&self, call: CallId) {
        let task = self.map().remove(&call);
        if let Some(task) = task {
            task.abort();
        }
    }

    fn map(&self) -> MutexGuard<'_, BTreeMap<CallId, AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the host how a call ended; when it is dropped before, that it was cancelled.
struct Ending {
    host: Host,
    call: CallId,
    told: bool,
}

impl Ending {
    fn tell(mut self, result: Result<Vec<u8>, Fault>) {
        self.told = true;
        self.host.complete(self.call, result);
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.told {
            let fault = Fault::new(FaultKind::Cancelled, "the call was cancelled");
            self.host.complete(self.call, Err(fault));
        }
    }
}

/// Makes the fault of a plugin that has trouble of its own.
pub(crate) fn trouble(what: &str) -> Fault {
    Fault::new(FaultKind::Overloaded, format!("the plugin {what}"))
}

/// Reads what a panic said.
pub(crate) fn say(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a word")
}
