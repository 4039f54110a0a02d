//! The border: what crosses it is text, a batch at a time, with one wake-up for each batch.
//!
//! To JavaScript go messages, gathered until it takes them: a body to be run, a call that is given up, the end of
//! something that was asked for. From JavaScript come the ends of bodies, as many as there are.
#![expect(
    clippy::needless_pass_by_value,
    reason = "what comes from JavaScript is a copy that belongs to us"
)]

use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use fusion_core::contract::Output;
use fusion_core::error::{Code, Error};
use fusion_core::model::{Failure, Graph, Payload, RunId, Wait};
use fusion_core::run::Pace;
use napi::Status;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::AbortHandle;

use crate::app::{App, Opening};
use crate::convert::{error_text, thrown};
use crate::slots::Slots;

/// Rings JavaScript. It is weak: it keeps no program alive.
type Wake = ThreadsafeFunction<(), (), (), Status, false, true>;

/// The kinds of messages to JavaScript, the first element of each.
const BODY: u8 = 0;
const GIVEN_UP: u8 = 1;
const RESOLVED: u8 = 2;
const REJECTED: u8 = 3;
/// How long JavaScript takes messages as they come before its timers and I/O get their turn, in nanoseconds.
const TURN_NS: u64 = 1_000_000;

#[derive(Debug, Default)]
struct Queue {
    /// JSON values with commas between.
    text: Vec<u8>,
    /// JavaScript was woken and has not come yet.
    is_woken: bool,
}

/// What all parts of one bridge share.
pub(crate) struct Shared {
    pub(crate) runtime: Handle,
    pub(crate) slots: Slots,
    wake: Wake,
    queue: Mutex<Queue>,
    /// JavaScript wants to know which run a body belongs to.
    names_runs: AtomicBool,
    asked: Mutex<BTreeMap<i64, AbortHandle>>,
    /// How soon bodies end.
    pub(crate) ending: Arc<Pace>,
    /// How soon messages follow each other.
    following: Arc<Pace>,
    /// There are messages, for JavaScript when it looks.
    is_there: AtomicBool,
    /// When JavaScript was last rung for, and when it last had no message left, in nanoseconds.
    rung: AtomicU64,
    idle: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bridge")
    }
}

impl Shared {
    fn push(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let wakes = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            if !queue.text.is_empty() {
                queue.text.push(b',');
            }
            write(&mut queue.text);
            self.is_there.store(true, Ordering::Release);
            !std::mem::replace(&mut queue.is_woken, true)
        };
        if wakes {
            // Where JavaScript has ended nobody is woken, and nobody waits.
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Takes what waits; whoever brings more from here on wakes JavaScript.
    fn take(&self) -> String {
        let text = {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.is_woken = false;
            self.is_there.store(false, Ordering::Release);
            std::mem::take(&mut queue.text)
        };
        String::from_utf8(text).unwrap_or_else(|bad| String::from_utf8_lossy(bad.as_bytes()).into())
    }

    /// Looks for a moment whether more comes, and takes it; nothing where other work of JavaScript is to have its turn.
    fn take_more(&self) -> String {
        let now = self.following.now();
        self.idle.store(now, Ordering::Relaxed);
        if now.saturating_sub(self.rung.load(Ordering::Relaxed)) >= TURN_NS {
            return String::new();
        }
        // Nobody needs to wake who looks.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).is_woken = true;
        let is_there = || self.is_there.load(Ordering::Acquire).then_some(());
        if is_there().is_none() {
            self.following.begin().look(is_there);
        }
        self.take()
    }

    /// Tells whether JavaScript wants to know which run a body belongs to.
    pub(crate) fn names_runs(&self) -> bool {
        self.names_runs.load(Ordering::Relaxed)
    }

    /// Asks JavaScript to run the body of a step, of a run whose id it wants to know.
    pub(crate) fn run_body(&self, call: u64, step: u32, input: &[u8], run: Option<&RunId>) {
        self.push(|text| {
            // Writing to memory cannot fail.
            let _ = write!(text, "[{BODY},{call},{step},");
            text.extend_from_slice(input);
            if let Some(run) = run {
                // Ids have no characters that JSON would escape.
                let _ = write!(text, ",\"{}\"", run.as_str());
            }
            text.push(b']');
        });
    }

    /// Tells JavaScript that nobody waits for a body any more.
    pub(crate) fn give_up(&self, call: u64) {
        self.push(|text| {
            let _ = write!(text, "[{GIVEN_UP},{call}]");
        });
    }

    /// Does something for JavaScript and tells how it ended, under the number that JavaScript gave.
    pub(crate) fn ask<F>(self: &Arc<Self>, ticket: i64, work: F)
    where
        F: Future<Output = Result<String, Error>> + Send + 'static,
    {
        let shared = self.clone();
        let (kept, is_kept) = tokio::sync::oneshot::channel::<()>();
        let task = self.runtime.spawn(async move {
            // Not before its handle is kept.
            let _ = is_kept.await;
            let (kind, value) = match work.await {
                Ok(value) => (RESOLVED, value),
                Err(error) => (REJECTED, error_text(&error)),
            };
            shared.asked().remove(&ticket);
            shared.push(|text| {
                let _ = write!(text, "[{kind},{ticket},{value}]");
            });
        });
        self.asked().insert(ticket, task.abort_handle());
        let _ = kept.send(());
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, BTreeMap<i64, AbortHandle>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ends of bodies, as JavaScript hands them over.
#[derive(Debug, Deserialize)]
struct Done<'a> {
    #[serde(borrow, default)]
    ok: Vec<(u64, &'a RawValue)>,
    #[serde(default)]
    failed: Vec<(u64, Failure)>,
    #[serde(default)]
    graphs: Vec<(u64, Graph)>,
    #[serde(default)]
    resting: Vec<(u64, Resting)>,
}

/// What a body rests for. Moments are milliseconds since 1970.
#[derive(Debug, Deserialize)]
struct Resting {
    /// The name under which it finds what came of it.
    name: String,
    #[serde(default)]
    until: Option<i64>,
    #[serde(default)]
    signal: Option<String>,
    #[serde(default)]
    approval: Option<(String, String)>,
}

impl Resting {
    fn output(self) -> Output {
        let wait = match (self.signal, self.approval) {
            (Some(signal), _) => Wait::Signal(signal, self.until),
            (None, Some((role, message))) => Wait::Approval(role, message, self.until),
            (None, None) => Wait::Timer(self.until.unwrap_or(0)),
        };
        Output::Rest(self.name, wait)
    }
}

/// One thread of JavaScript and the engine's threads, joined.
#[napi]
#[derive(Debug)]
pub struct Bridge {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

#[napi]
impl Bridge {
    /// Joins this thread of JavaScript, which is woken by a call of `wake`, with so many new threads for the engine.
    ///
    /// # Errors
    /// When the machine gives no threads.
    #[napi(constructor)]
    pub fn new(wake: Function<'_, (), ()>, threads: u32) -> napi::Result<Self> {
        let wake: Wake = wake.build_threadsafe_function::<()>().weak::<true>().build()?;
        let threads = threads.clamp(1, 64) as usize;
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("fusion")
            .enable_all()
            .build()
            .map_err(|cause| {
                thrown(&Error::new(Code::Internal, "no runtime could be started").because(cause))
            })?;
        let shared = Shared {
            runtime: runtime.handle().clone(),
            slots: Slots::default(),
            wake,
            queue: Mutex::default(),
            names_runs: AtomicBool::new(false),
            asked: Mutex::default(),
            ending: Pace::new(),
            following: Pace::new(),
            is_there: AtomicBool::new(false),
            rung: AtomicU64::new(0),
            idle: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared), runtime: Some(runtime) })
    }

    /// Gives all messages that wait, as the elements of a JSON array without its brackets.
    #[napi]
    pub fn take(&self) -> String {
        let shared = &self.shared;
        shared.following.slept(shared.idle.load(Ordering::Relaxed));
        shared.rung.store(shared.following.now(), Ordering::Relaxed);
        shared.take()
    }

    /// Looks for a moment for more messages where they follow each other soon, and gives them as `take` does.
    #[napi]
    pub fn take_more(&self) -> String {
        self.shared.take_more()
    }

    /// Takes the ends of bodies.
    ///
    /// # Errors
    /// When the text is not what this version of the package writes.
    #[napi]
    pub fn done(&self, batch: String) -> napi::Result<()> {
        let done: Done<'_> = serde_json::from_str(&batch).map_err(|cause| {
            thrown(&Error::new(Code::Internal, "the ends of bodies cannot be read").because(cause))
        })?;
        let slots = &self.shared.slots;
        for (call, output) in done.ok {
            let bytes = output.get().as_bytes().to_vec();
            slots.answer(call, Ok(Output::Value(Payload::from_json_bytes(bytes))));
        }
        for (call, failure) in done.failed {
            slots.answer(call, Err(failure));
        }
        for (call, graph) in done.graphs {
            slots.answer(call, Ok(Output::Graph(Box::new(graph))));
        }
        for (call, resting) in done.resting {
            slots.answer(call, Ok(resting.output()));
        }
        Ok(())
    }

    /// Tells with each body from now on which run it belongs to.
    #[napi]
    pub fn name_runs(&self) {
        self.shared.names_runs.store(true, Ordering::Relaxed);
    }

    /// Tells which attempt an open call is: JSON.
    #[napi]
    pub fn about(&self, call: i64) -> Option<String> {
        let about = self.context(call)?.about();
        let about = serde_json::json!({
            "run": about.run.as_str(), "node": about.node, "attempt": about.attempt, "epoch": about.epoch,
            "idempotencyKey": about.idempotency_key, "feedback": about.feedback,
        });
        Some(about.to_string())
    }

    /// Finds what an earlier attempt saved under a name: JSON, or an empty text for a limit that has passed.
    #[napi]
    pub fn recall(&self, call: i64, name: String) -> Option<String> {
        let saved = self.context(call)?.recall(&name)?;
        Some(String::from_utf8_lossy(saved.bytes()?).into_owned())
    }

    /// Saves JSON under a name; the ticket resolves when it is durable.
    #[napi]
    pub fn save(&self, ticket: i64, call: i64, name: String, value: String) {
        let context = self.context(call);
        self.shared.ask(ticket, async move {
            let Some(context) = context else {
                return Err(Error::new(Code::Closed, "the attempt is over: nothing can be saved"));
            };
            let value = Payload::from_json_bytes(value.into_bytes());
            match context.save(&name, value).await {
                Ok(()) => Ok("null".to_owned()),
                Err(failure) => {
                    let message = format!("`{name}` was not saved: {}", failure.message);
                    Err(Error::new(Code::RunFailed, message).with_failure(failure))
                }
            }
        });
    }

    /// Says that a body is alive, with what it has to say of its progress: JSON.
    #[napi]
    pub fn beat(&self, call: i64, progress: Option<String>) {
        let Some(context) = self.context(call) else { return };
        match progress.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()) {
            Some(progress) => context.progress(progress),
            None => context.heartbeat(),
        }
    }

    /// Lets an open call hear of its cancellation.
    #[napi]
    pub fn listen(&self, call: i64) {
        if let Ok(call) = u64::try_from(call) {
            self.shared.slots.listen(call);
        }
    }

    /// Gives up something that was asked for; its ticket is never heard of again.
    #[napi]
    pub fn abandon(&self, ticket: i64) {
        let task = self.shared.asked().remove(&ticket);
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Opens an engine on a store. Waits for it: an engine that cannot be opened is an error at once.
    ///
    /// # Errors
    /// `FU0301` to `FU0308`: the URL or the store.
    #[napi]
    pub fn open(&self, url: String, options: String) -> napi::Result<App> {
        let opening = Opening::read(&options).map_err(|error| thrown(&error))?;
        let keys = opening.keys();
        let (send, opened) = mpsc::channel();
        self.shared.runtime.spawn(async move {
            let _ = send.send(opening.open(&url).await);
        });
        let gone = || Error::new(Code::Internal, "the engine's threads are gone");
        let fusion = opened.recv().map_err(|_| gone()).and_then(|opened| opened);
        Ok(App::new(fusion.map_err(|error| thrown(&error))?, self.shared.clone(), keys))
    }
}

impl Bridge {
    fn context(&self, call: i64) -> Option<fusion_core::contract::Context> {
        self.shared.slots.context(u64::try_from(call).ok()?)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // JavaScript ends here: it waits for no body of another thread.
            runtime.shutdown_background();
        }
    }
}
