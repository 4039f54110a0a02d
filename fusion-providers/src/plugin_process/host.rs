//! The process of a plugin: what a program does that was started as one.

use std::collections::BTreeMap;
use std::fs::File;
use std::future::poll_fn;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fusion_core::contract::{Call, Env};
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_core::run::Os;
use fusion_plugin::abi;
use rustix::process::{Resource, Rlimit, Signal};
use tokio::sync::Notify;

use super::frame::{About, Frame, Inbox, Kind, Opening, PROTOCOL, Question, WINDOW, number};
use crate::Keys;
use crate::plugin_host::{Came, Image, Instance, Pending, Plugin, Way};

/// How long the plugin may take to close when nobody wants it any more, in milliseconds.
const CLOSE_MS: u64 = 1_000;
/// After how many bytes what was collected is sent.
const BATCH_BYTES: usize = 64 * 1024;
/// The worker threads of the process.
const THREADS: usize = 2;

/// Runs a plugin for the program that started this one, until that program wants no more: what a program does that is named by
/// [`Plugins::host`](crate::Plugins::host). It should do nothing before it, and end after it.
///
/// # Errors
/// `invalid_request` when no program of ours started this one.
pub fn host() -> Result<(), Fault> {
    let wrong = |error: &dyn std::fmt::Display| {
        let message = format!(
            "this runs plugins for a program that uses Fusion, which starts it by itself: {error}"
        );
        Fault::new(FaultKind::InvalidRequest, message)
    };
    let mut asked = Link::open().map_err(|error| wrong(&error))?;
    // One that crashes leaves no file behind.
    limit(Resource::Core, 0).map_err(|error| wrong(&error))?;
    let Some((Kind::OPEN, _, opening)) = asked.next() else {
        return Err(wrong(&"nothing was asked"));
    };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(THREADS).enable_all().thread_name("plugin-host").build();
    let runtime = runtime.map_err(|error| wrong(&error))?;
    let line = Line::over(&asked).map_err(|error| wrong(&error))?;
    let env = Os::with_runtime(runtime.handle().clone());
    let opened = {
        let _here = runtime.enter();
        open(&opening, &line)
    };
    match opened {
        Ok((instance, about)) => {
            line.send(Kind::READY, 0, &[&json(&about)]);
            let calls = Hosting { instance, line, env, calls: Mutex::default() };
            Arc::new(calls).serve(&mut asked);
        }
        Err(fault) => line.send(Kind::REFUSED, 0, &[&json(&fault)]),
    }
    runtime.shutdown_background();
    Ok(())
}

/// Sets a limit that nothing in this process can raise again, nor any program that it starts.
fn limit(resource: Resource, most: u64) -> rustix::io::Result<()> {
    let set = rustix::process::getrlimit(resource).maximum;
    let most = Some(set.map_or(most, |set| set.min(most)));
    rustix::process::setrlimit(resource, Rlimit { current: most, maximum: most })
}

/// Loads and opens the plugin.
fn open(opening: &[u8], line: &Line) -> Result<(Arc<Instance>, About), Fault> {
    let wrong = |message: String| Fault::new(FaultKind::InvalidRequest, message);
    let versions: serde_json::Value = serde_json::from_slice(opening).unwrap_or_default();
    let theirs = versions.get("protocol").and_then(serde_json::Value::as_u64);
    if theirs != Some(u64::from(PROTOCOL)) {
        let theirs = theirs.unwrap_or_default();
        return Err(wrong(format!(
            "the program speaks version {theirs} with the processes of its plugins, and `fusion` {PROTOCOL}: use those of one release"
        )));
    }
    let opening: Opening = serde_json::from_slice(opening)
        .map_err(|error| wrong(format!("what is to be opened cannot be understood: {error}")))?;
    if let Some(most) = opening.memory {
        let refused = |error| wrong(format!("the limit of memory is not accepted: {error}"));
        limit(Resource::Data, most).map_err(refused)?;
    }
    let library = &opening.library;
    let plugin = match opening.hash {
        None => Plugin::load(library)?,
        Some(hash) => {
            let path = library.display();
            let image = Image::open(library);
            let image = image.map_err(|what| wrong(format!("the plugin {path}: {what}")))?;
            if image.hash() != hash {
                return Err(wrong(format!("the plugin {path} has changed while it was opened")));
            }
            Plugin::of(&image)?
        }
    };
    let (names, values): (Vec<_>, BTreeMap<_, _>) =
        opening.secrets.into_iter().map(|(name, value)| (name.clone(), (name, value))).unzip();
    let keys = Keys::new(move |name| values.get(name).cloned().flatten());
    let plugin = plugin.secrets(names);
    let log = line.clone();
    let voice = Box::new(move |level: u32, text: &str| {
        log.send(Kind::LOG, 0, &[&level.to_le_bytes(), text.as_bytes()]);
    });
    let instance = plugin.instance(&opening.config, &keys, voice)?;
    let (abi, ops, flags) = plugin.numbers();
    let (name, version) = (plugin.name().to_owned(), plugin.version().to_owned());
    Ok((instance, About { protocol: PROTOCOL, name, version, abi, ops, flags }))
}

/// What comes from the program.
struct Link {
    socket: UnixStream,
    /// The program itself, where the system has a handle for that: a copy of it may hold the socket open.
    program: Option<OwnedFd>,
    inbox: Inbox,
    /// Room for what is read.
    piece: Vec<u8>,
}

impl Link {
    /// Takes the standard input, and leaves nothing in its place that a plugin could read.
    fn open() -> std::io::Result<Self> {
        let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        // What is no socket is refused here.
        socket.local_addr()?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        #[cfg(target_os = "linux")]
        let program = {
            use rustix::process::{PidfdFlags, getppid, pidfd_open};
            getppid().and_then(|parent| pidfd_open(parent, PidfdFlags::empty()).ok())
        };
        #[cfg(not(target_os = "linux"))]
        let program = None;
        Ok(Self { socket, program, inbox: Inbox::default(), piece: vec![0; BATCH_BYTES] })
    }

    /// Waits for the next frame; none when the program wants no more, has ended, or says what is none.
    fn next(&mut self) -> Option<(Kind, u64, Vec<u8>)> {
        use rustix::event::{PollFd, PollFlags, poll};
        loop {
            if let Some(frame) = self.inbox.next().ok()? {
                return Some((frame.kind, frame.call, frame.body.to_vec()));
            }
            let mut waits = vec![PollFd::new(&self.socket, PollFlags::IN)];
            waits.extend(self.program.as_ref().map(|own| PollFd::new(own, PollFlags::IN)));
            match poll(&mut waits, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return None,
            }
            let is_over = waits.get(1).is_some_and(|program| !program.revents().is_empty());
            let count = if is_over { 0 } else { self.socket.read(&mut self.piece).ok()? };
            if count == 0 {
                return None;
            }
            self.inbox.feed(self.piece.get(..count).unwrap_or_default());
        }
    }
}

/// What goes to the program; for many threads.
#[derive(Debug, Clone)]
struct Line(Arc<Mutex<UnixStream>>);

impl Line {
    fn over(link: &Link) -> std::io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(link.socket.try_clone()?))))
    }

    fn send(&self, kind: Kind, call: u64, body: &[&[u8]]) {
        let mut frame = Vec::new();
        if Frame::write(&mut frame, kind, call, body).is_ok() {
            self.flush(&frame);
        }
    }

    /// Sends frames. When nobody takes them there is nobody to tell it to, and the other side of the socket has ended too.
    fn flush(&self, frames: &[u8]) {
        let mut socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _: std::io::Result<()> = socket.write_all(frames);
    }
}

/// The opened plugin with its calls.
struct Hosting {
    instance: Arc<Instance>,
    line: Line,
    env: Arc<Os>,
    calls: Mutex<BTreeMap<u64, Arc<Asked>>>,
}

/// What the program has said of a call after its begin.
struct Asked {
    /// How many bytes of its pieces may still be sent; below zero once a piece was larger than what was left.
    credit: AtomicI64,
    left: AtomicBool,
    /// One of both has changed.
    changed: Notify,
}

impl Hosting {
    /// Serves until the program wants no more, then closes the plugin.
    fn serve(self: Arc<Self>, link: &mut Link) {
        while let Some((kind, call, body)) = link.next() {
            match kind {
                Kind::CALL => self.begin(call, &body),
                Kind::CANCEL => {
                    if let Some(asked) = self.lock().get(&call) {
                        asked.left.store(true, Ordering::Release);
                        asked.changed.notify_one();
                    }
                }
                Kind::MORE => {
                    let more = number(&body).map_or(0, |(bytes, _)| i64::from(bytes));
                    if let Some(asked) = self.lock().get(&call) {
                        asked.credit.fetch_add(more, Ordering::AcqRel);
                        asked.changed.notify_one();
                    }
                }
                // A program of a later release may say more.
                _ => {}
            }
        }
        self.close();
    }

    fn begin(self: &Arc<Self>, id: u64, body: &[u8]) {
        let Some(question) = Question::read(body) else {
            let fault = Fault::new(FaultKind::Malformed, "the call cannot be understood");
            self.line.send(Kind::FAULT, id, &[&json(&fault)]);
            return;
        };
        let window = i64::try_from(WINDOW).unwrap_or(i64::MAX);
        let (left, changed) = (AtomicBool::new(false), Notify::new());
        let asked = Arc::new(Asked { credit: AtomicI64::new(window), left, changed });
        self.lock().insert(id, asked.clone());
        let own = self.clone();
        self.env.spawn(Box::pin(async move {
            own.answer(id, question, &asked).await;
            own.lock().remove(&id);
        }));
    }

    /// Has the plugin answer one call, and sends what it says.
    async fn answer(&self, id: u64, question: Question<'static>, asked: &Asked) {
        let call = Call::with_key(self.env.clone(), &*question.key).timeouts(question.timeouts);
        let call = call.within_ms(question.timeouts.total_ms);
        let (own, mut out) = (self.instance.clone(), Vec::new());
        let result = match own.begin(call, question.ask) {
            Err(fault) => Err(fault),
            Ok((number, pending)) => {
                if let Some(result) = self.pieces(id, &pending, asked, &mut out).await {
                    result
                } else {
                    if !pending.give_up() {
                        self.instance.leave(number);
                    }
                    poll_fn(|cx| pending.poll_completed(cx)).await;
                    Ok(Vec::new())
                }
            }
        };
        let written = match &result {
            Ok(body) => Frame::write(&mut out, Kind::END, id, &[body]),
            Err(fault) => Frame::write(&mut out, Kind::FAULT, id, &[&json(fault)]),
        };
        if let Err(what) = written {
            let fault =
                Fault::new(FaultKind::Malformed, format!("the plugin gave a result: {what}"));
            self.line.send(Kind::FAULT, id, &[&json(&fault)]);
        }
        self.line.flush(&out);
    }

    /// Sends pieces as they come and are read; gives the end, or none when nobody waits any more.
    async fn pieces(
        &self,
        id: u64,
        pending: &Pending,
        asked: &Asked,
        out: &mut Vec<u8>,
    ) -> Option<Result<Vec<u8>, Fault>> {
        loop {
            // What is there at once is sent at once.
            let there = pending.poll(&Context::from_waker(Waker::noop()));
            let came = match there {
                Poll::Ready(came) => came,
                Poll::Pending => {
                    self.line.flush(out);
                    out.clear();
                    tokio::select! {
                        biased;
                        came = poll_fn(|cx| pending.poll(cx)) => came,
                        () = asked.changed.notified() => {
                            if asked.left.load(Ordering::Acquire) {
                                return None;
                            }
                            continue;
                        }
                    }
                }
            };
            let pieces = match came {
                Came::Pieces(pieces, _) => pieces,
                Came::End(result) => return Some(result),
            };
            for piece in pieces {
                while asked.credit.load(Ordering::Acquire) <= 0 {
                    self.line.flush(out);
                    out.clear();
                    if asked.left.load(Ordering::Acquire) {
                        return None;
                    }
                    asked.changed.notified().await;
                }
                let (kind, bytes) = abi::Kind::write(&piece);
                let size = i64::try_from(Pending::size(bytes.len())).unwrap_or(i64::MAX);
                asked.credit.fetch_sub(size, Ordering::AcqRel);
                let body = [&kind.0.to_le_bytes(), &*bytes];
                if let Err(what) = Frame::write(out, Kind::PIECE, id, &body) {
                    let message = format!("the plugin said a piece: {what}");
                    return Some(Err(Fault::new(FaultKind::Malformed, message)));
                }
                if out.len() > BATCH_BYTES {
                    self.line.flush(out);
                    out.clear();
                }
            }
        }
    }

    /// Ends all calls and closes the plugin. One that does not want to is killed with all that it started.
    fn close(self: Arc<Self>) {
        self.env.dedicated(
            "plugin-host-end",
            Box::new(|| {
                std::thread::park_timeout(Duration::from_millis(2 * CLOSE_MS));
                if rustix::process::getpgrp() == rustix::process::getpid() {
                    let _ = rustix::process::kill_current_process_group(Signal::KILL);
                }
                let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
            }),
        );
        for asked in self.lock().values() {
            asked.left.store(true, Ordering::Release);
            asked.changed.notify_one();
        }
        let (env, instance) = (self.env.clone(), Arc::downgrade(&self.instance));
        drop(self);
        let handle = env.handle().clone();
        let until = env.monotonic_ns().saturating_add(CLOSE_MS * 1_000_000);
        while instance.strong_count() > 0 && env.monotonic_ns() < until {
            handle.block_on(env.sleep_until(env.monotonic_ns().saturating_add(2_000_000)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Asked>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    // Faults and what is said of a plugin are texts and numbers.
    serde_json::to_vec(value).unwrap_or_default()
}
