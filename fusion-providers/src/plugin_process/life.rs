//! The life of an opened plugin over the processes that it has one after the other.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fusion_core::contract::{Call, Timeouts};
use fusion_core::graph::template::Secrets;
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_plugin::abi::CallId;

use super::child::{Hosted, now};
use super::ears::Ears;
use super::frame::{About, Frame, Kind, Opening, Question};
use crate::Keys;
use crate::inherited::inherited;
use crate::plugin_host::{Ask, Pending, Way, in_log};

/// A process that lived so long has done well: what it died of is not what the next one will die of at once.
const WELL: Duration = Duration::from_mins(1);
/// How many in a row may die sooner.
const DEATHS: u32 = 10;
/// The pause after the second death in a row, doubled with each further one up to the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a process is started with.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) argv: Vec<String>,
    pub(super) opening: Opening,
    pub(super) keys: Keys,
    /// The variables that it inherits.
    pub(super) inherits: &'static [&'static str],
    pub(super) name: Arc<str>,
}

/// An opened plugin in a process of its own.
#[derive(Debug)]
pub(super) struct Life {
    start: Start,
    next: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    host: Arc<Hosted>,
    from: Instant,
    /// Those that get no more calls, and have some.
    old: Vec<Arc<Hosted>>,
    deaths: u32,
    /// The last death was counted, and until then there is no next process.
    until: Option<Instant>,
}

impl Life {
    /// Starts the first process and waits until it has opened the plugin.
    ///
    /// # Errors
    /// Why it did not.
    pub(super) fn open(mut start: Start) -> Result<(Self, About), Fault> {
        let (opened, told) = channel();
        let host = start.start(Some(opened))?;
        let from = now();
        let gone = |_| Fault::new(FaultKind::Transport, "the process of the plugin was lost");
        let about = told.recv().map_err(gone).flatten().inspect_err(|_| host.close())?;
        start.name = about.name.as_str().into();
        let state = State { host, from, old: Vec::new(), deaths: 0, until: None };
        Ok((Self { start, next: AtomicU64::new(1), state: Mutex::new(state) }, about))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives the process for the next call: another one when the last has died.
    fn host(&mut self, start: &Start) -> Result<Arc<Hosted>, Fault> {
        let (dead, condemned) = self.host.end();
        if let Some((fault, at)) = dead {
            self.may_go_on(&fault, at)?;
        } else if condemned {
            self.old.retain(|old| old.end().0.is_none());
            self.old.push(self.host.clone());
        } else {
            return Ok(self.host.clone());
        }
        self.host = start.start(None)?;
        (self.from, self.until) = (now(), None);
        Ok(self.host.clone())
    }

    /// Refuses the next process after too many deaths, and before its time.
    fn may_go_on(&mut self, fault: &Fault, at: Instant) -> Result<(), Fault> {
        let until = *self.until.get_or_insert_with(|| {
            let did_well = at.saturating_duration_since(self.from) >= WELL;
            self.deaths = if did_well { 1 } else { self.deaths.saturating_add(1) };
            at + pause(self.deaths)
        });
        let refuse = |what: String| {
            let refused = Fault::new(FaultKind::Overloaded, format!("{what}: {}", fault.message()));
            fault.detail_text().into_iter().fold(refused, Fault::detail)
        };
        if self.deaths > DEATHS {
            let what = format!(
                "{DEATHS} processes of the plugin died one after the other, and there will be no other one until it is opened anew; the last one"
            );
            return Err(refuse(what));
        }
        let left = until.saturating_duration_since(now());
        if left.is_zero() {
            return Ok(());
        }
        let ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let what = format!(
            "{} processes of the plugin died one after the other, and the next one starts in {ms} ms; the last one",
            self.deaths
        );
        Err(refuse(what).retry_after_ms(ms))
    }
}

/// Gives the pause after so many deaths in a row: none after the first.
fn pause(deaths: u32) -> Duration {
    let doubled = deaths.saturating_sub(2).min(20);
    if deaths < 2 { Duration::ZERO } else { (PAUSE * (1 << doubled)).min(LONGEST_PAUSE) }
}

impl Way for Life {
    fn name(&self) -> &str {
        &self.start.name
    }

    fn begin(self: Arc<Self>, call: Call, ask: Ask<'_>) -> Result<(CallId, Arc<Pending>), Fault> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let timeouts = Timeouts { total_ms: call.remaining_ms(), ..call.limits() };
        let frame = Question { key: call.key().into(), timeouts, ask }.write(id);
        let frame = frame.map_err(|what| {
            Fault::new(FaultKind::InvalidRequest, format!("the request: {what}"))
                .provider(self.name())
        })?;
        let pending = Pending::new(call, None);
        let mut state = self.lock();
        let begun = state.host(&self.start).and_then(|host| host.begin(id, &pending, &frame));
        begun.map_err(|fault| fault.provider(self.name()))?;
        drop(state);
        Ok((id, pending))
    }

    fn took(&self, id: CallId, bytes: usize) {
        let state = self.lock();
        state.all().for_each(|host| host.took(id, bytes));
    }

    fn leave(&self, id: CallId) {
        let state = self.lock();
        state.all().for_each(|host| host.leave(id));
    }
}

impl State {
    fn all(&self) -> impl Iterator<Item = &Arc<Hosted>> {
        std::iter::once(&self.host).chain(&self.old)
    }
}

impl Drop for Life {
    /// Nobody has the plugin any more.
    fn drop(&mut self) {
        self.lock().all().for_each(|host| host.close());
    }
}

impl Start {
    /// Starts a process. What comes of it is told to `opened`.
    fn start(&self, opened: Option<Sender<Result<About, Fault>>>) -> Result<Arc<Hosted>, Fault> {
        let program = self.argv.first().map(String::as_str).unwrap_or_default();
        let wrong = |error: io::Error| {
            let message =
                format!("the process of the plugin cannot be started: `{program}`: {error}");
            Fault::new(FaultKind::Transport, message).provider(&self.name)
        };
        let keys = self.keys.clone();
        let secrets = Secrets::new(move |name| keys.get(name));
        let mut opening = self.opening.clone();
        opening.secrets.iter_mut().for_each(|(name, value)| *value = secrets.get(name));
        let opening = serde_json::to_vec(&opening).map_err(|error| wrong(error.into()))?;
        let mut first = Vec::new();
        Frame::write(&mut first, Kind::OPEN, 0, &[&opening])
            .map_err(|what| wrong(io::Error::other(what)))?;
        let (ours, theirs) = UnixStream::pair().map_err(wrong)?;
        let (wake, woken) = UnixStream::pair().map_err(wrong)?;
        for stream in [&ours, &wake, &woken] {
            stream.set_nonblocking(true).map_err(wrong)?;
        }
        let mut child =
            self.command(theirs).and_then(|mut command| command.spawn()).map_err(wrong)?;
        let stderr = child.stderr.take();
        if let Some(stderr) = &stderr {
            rustix::io::ioctl_fionbio(stderr, true).map_err(|error| wrong(error.into()))?;
        }
        let mut ears = Ears::new(child, woken, in_log(&self.name), &secrets);
        (ears.stderr, ears.opened) = (stderr, opened);
        let hosted = Arc::new(Hosted::new(ours, wake, first));
        let heard = hosted.clone();
        let thread = std::thread::Builder::new().name("plugin-process".to_owned());
        thread.spawn(move || ears.listen(&heard)).map_err(wrong)?;
        Ok(hosted)
    }

    /// Puts the command together: its input is the socket, what it prints goes with its errors.
    #[expect(
        clippy::disallowed_methods,
        reason = "`Env::exec` runs a program to its end; with this one is talked"
    )]
    fn command(&self, socket: UnixStream) -> io::Result<Command> {
        let (program, arguments) =
            self.argv.split_first().ok_or_else(|| io::Error::other("it names no program"))?;
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(inherited(self.inherits)).current_dir("/");
        command.process_group(0);
        command.stdin(Stdio::from(std::os::fd::OwnedFd::from(socket)));
        // A plugin that prints says it to nobody.
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let ms: Vec<u128> = (0..6).map(|deaths| pause(deaths).as_millis()).collect();
        assert_eq!(ms, [0, 0, 100, 200, 400, 800]);
        assert_eq!((pause(11), pause(u32::MAX)), (LONGEST_PAUSE, LONGEST_PAUSE));
    }
}
