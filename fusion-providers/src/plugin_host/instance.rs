//! An opened plugin: begins calls, in place or on a thread, and is closed when the last one is over.

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use fusion_core::contract::Call;
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_plugin::abi::{self, Bytes, CallId, MESSAGE_LEN, Op, Status};

use super::border::Border;
use super::load::Functions;
use super::open::{Ask, Way};
use super::pending::Pending;

/// How long a `start` may take in place, in milliseconds.
const SLOW_MS: u64 = 50;
/// After so many slow ones a plugin is no longer believed to be quick.
const PATIENCE: u32 = 3;
/// How many threads one opened plugin may have for its calls.
const THREADS: usize = 256;

/// An opened plugin.
pub(crate) struct Instance {
    functions: Functions,
    own: NonNull<abi::Instance>,
    pub(super) border: &'static Border,
    /// Whether a `start` was ever over soon, and how often it was slow.
    proven: AtomicBool,
    slow: AtomicU32,
    threads: AtomicUsize,
}

// SAFETY: the header says that all functions may be called from any thread, and several at once.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance").field("border", &self.border).finish_non_exhaustive()
    }
}

impl Instance {
    /// Opens a plugin with a configuration.
    pub(super) fn create(
        functions: Functions,
        border: &'static Border,
        config: &[u8],
    ) -> Result<Self, Fault> {
        let mut own: *mut abi::Instance = std::ptr::null_mut();
        let mut message = [0_u8; MESSAGE_LEN];
        // SAFETY: the function is the plugin's `create`; all pointers are valid until it returns, the host's for ever.
        let status = unsafe {
            (functions.create)(
                border.table(),
                Bytes::lend(config),
                &raw mut own,
                message.as_mut_ptr().cast(),
            )
        };
        let said = message.split(|sign| *sign == 0).next().unwrap_or_default();
        match NonNull::new(own) {
            Some(own) if status == Status::OK => {
                let (proven, slow, threads) = Default::default();
                Ok(Self { functions, own, border, proven, slow, threads })
            }
            None if status == Status::OK => Err(border.fault(
                FaultKind::Malformed,
                "the plugin said that it was opened, and gave no instance",
            )),
            _ => Err(border.refusal(status, &String::from_utf8_lossy(said))),
        }
    }

    /// Begins a call. How it goes on is told through the border.
    fn start(self: &Arc<Self>, id: CallId, pending: &Arc<Pending>, ask: Ask<'_>) {
        if self.may_start_here() {
            let ms = self.start_now(id, pending, &ask);
            if ms > SLOW_MS {
                self.slow.fetch_add(1, Ordering::Relaxed);
                self.border.say(2, &format!("`start` blocked a thread of the host for {ms} ms: the plugin should not say FUSION_QUICK"));
            }
            return;
        }
        if self.threads.fetch_add(1, Ordering::AcqRel) >= THREADS {
            self.threads.fetch_sub(1, Ordering::AcqRel);
            let message = format!("{THREADS} calls of the plugin block a thread each already");
            self.refuse(id, self.border.fault(FaultKind::Overloaded, message));
            return;
        }
        let (own, pending, ask) = (self.clone(), pending.clone(), ask.kept());
        let env = pending.call.env().clone();
        // One that blocks for ever keeps its thread; nobody waits for that, not even the end of the program.
        env.dedicated(
            "plugin",
            Box::new(move || {
                if own.start_now(id, &pending, &ask) < SLOW_MS {
                    own.proven.store(true, Ordering::Relaxed);
                }
                own.threads.fetch_sub(1, Ordering::AcqRel);
            }),
        );
    }

    /// A plugin that says it is quick has to show it once, on a thread.
    fn may_start_here(&self) -> bool {
        self.functions.quick
            && self.proven.load(Ordering::Relaxed)
            && self.slow.load(Ordering::Relaxed) < PATIENCE
    }

    /// Gives how long it took, in milliseconds.
    fn start_now(&self, id: CallId, pending: &Pending, ask: &Ask<'_>) -> u64 {
        let (call, limits) = (&pending.call, pending.call.limits());
        if !pending.is_wanted() {
            self.refuse(id, self.border.refusal(Status::CANCELLED, "the call was cancelled"));
            return 0;
        }
        let left_ms = call.remaining_ms();
        let request = abi::Request {
            size: abi::Request::SIZE,
            op: Op(ask.op),
            call: id,
            connect_ms: limits.connect_ms,
            idle_ms: limits.idle_ms,
            total_ms: left_ms,
            key: Bytes::lend(call.key().as_bytes()),
            labels: Bytes::lend(&ask.labels),
            model: Bytes::lend(ask.model.as_bytes()),
            text: Bytes::lend(ask.text.as_bytes()),
            body: Bytes::lend(&ask.body),
        };
        // SAFETY: the instance is open as long as `self` is, and all that the request lends lives until `start` has returned.
        let status = unsafe { (self.functions.start)(self.own.as_ptr(), &raw const request) };
        if status != Status::OK {
            self.refuse(id, self.border.refusal(status, ""));
        }
        left_ms.saturating_sub(call.remaining_ms())
    }

    /// Ends a call that the plugin did not take.
    fn refuse(&self, id: CallId, fault: Fault) {
        if let Some(pending) = self.border.calls.end(id) {
            // Never the last one: who begins the call has it too.
            drop(pending.complete(Err(fault)));
        }
    }
}

impl Way for Instance {
    fn name(&self) -> &str {
        &self.border.name
    }

    fn begin(self: Arc<Self>, call: Call, ask: Ask<'_>) -> Result<(CallId, Arc<Pending>), Fault> {
        let pending = Pending::new(call, Some(self.clone()));
        let id = self.border.calls.begin(&pending).ok_or_else(|| {
            self.border.fault(FaultKind::Overloaded, "the plugin has too many calls already")
        })?;
        self.start(id, &pending, ask);
        Ok((id, pending))
    }

    fn took(&self, _id: CallId, _bytes: usize) {}

    fn leave(&self, id: CallId) {
        if self.border.calls.find(id).is_some() {
            // SAFETY: the instance is open as long as `self` is; any number may be named.
            unsafe { (self.functions.cancel)(self.own.as_ptr(), id) };
        }
    }
}

impl Drop for Instance {
    /// Nobody has it any more: neither a provider nor a call that the plugin has not completed.
    fn drop(&mut self) {
        // SAFETY: it is open, no function runs for it, and nobody can close it a second time.
        unsafe { (self.functions.destroy)(self.own.as_ptr()) };
    }
}
