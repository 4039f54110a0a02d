//! What a process of a plugin says: one thread for each hears it, does it, and tells how the process ended.
//!
//! The thread belongs to the process and not to a call, so it is not taken from the world of one, and its time is the real one:
//! so is the process.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use fusion_core::graph::template::{Redactor, Secrets};
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_plugin::abi;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use super::child::{END, Hosted, OPEN, now};
use super::death::how;
use super::frame::{About, Frame, Inbox, Kind, PROTOCOL, number};
use crate::plugin_host::{Voice, in_log};

/// How much of what it says on its standard error is kept, in bytes from the end.
const SAID_BYTES: usize = 2_048;
/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;
/// How often in a row it is read before others get their turn.
const READS: usize = 16;

/// The thread's own.
pub(super) struct Ears {
    pub(super) child: Child,
    pub(super) stderr: Option<ChildStderr>,
    pub(super) woken: UnixStream,
    /// Where the log's lines go.
    pub(super) voice: Voice,
    /// What was handed out is taken out of what the plugin says to people.
    hides: Option<Redactor>,
    /// Who waits until it is open.
    pub(super) opened: Option<Sender<Result<About, Fault>>>,
    inbox: Inbox,
    /// Room for what is read.
    piece: Vec<u8>,
    said: VecDeque<u8>,
    from: Instant,
    is_open: bool,
}

impl Ears {
    /// Takes over what the process says.
    pub(super) fn new(child: Child, woken: UnixStream, voice: Voice, secrets: &Secrets) -> Self {
        let (inbox, piece) = (Inbox::default(), vec![0; PIECE_BYTES]);
        let (said, from) = (VecDeque::new(), now());
        let (stderr, opened, is_open, hides) = (None, None, false, secrets.redactor_if_any());
        Self { child, stderr, woken, voice, hides, opened, inbox, piece, said, from, is_open }
    }

    /// Listens until the process ends, and tells how.
    pub(super) fn listen(mut self, hosted: &Hosted) {
        let why = self.turns(hosted);
        let how = self.reap(why);
        let said: Vec<u8> = self.said.iter().copied().collect();
        let said = self.hidden(String::from_utf8_lossy(&said).trim());
        let message = format!("the process of the plugin {how}");
        let fault = Fault::new(FaultKind::Transport, message);
        let fault = if said.is_empty() { fault } else { fault.detail(said) };
        hosted.bury(&fault);
        if let Some(opened) = self.opened.take() {
            // Nobody waits for it who has gone.
            let _ = opened.send(Err(fault));
        }
    }

    /// Goes on until there is nothing more; gives why it is to be killed, or none when it hung up.
    fn turns(&mut self, hosted: &Hosted) -> Option<String> {
        loop {
            let opening = (!self.is_open).then(|| self.from + OPEN);
            let next = match hosted.due(opening) {
                Ok(next) => next,
                Err(why) => return Some(why),
            };
            hosted.flush();
            let ready = self.wait(hosted, next);
            if ready.woken {
                let _: std::io::Result<usize> = self.woken.read(&mut [0; 64]);
            }
            if ready.said {
                self.overhear();
            }
            if !ready.heard {
                continue;
            }
            let has_ended = self.read(hosted);
            if let Err(what) = self.take(hosted) {
                return Some(format!("said what is no frame, and was killed: {what}"));
            }
            if has_ended {
                return None;
            }
        }
    }

    /// Waits until something is to be done.
    fn wait(&self, hosted: &Hosted, until: Option<Instant>) -> Ready {
        let has_more = hosted.has_unsent();
        let wish = if has_more { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        let mut waits =
            vec![PollFd::new(&hosted.socket, wish), PollFd::new(&self.woken, PollFlags::IN)];
        waits.extend(self.stderr.as_ref().map(|stderr| PollFd::new(stderr, PollFlags::IN)));
        let left =
            until.map(|until| until.saturating_duration_since(now()) + Duration::from_millis(1));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        if poll(&mut waits, left.as_ref()).is_err() {
            return Ready::default();
        }
        let is = |place: usize| waits.get(place).map_or(PollFlags::empty(), PollFd::revents);
        let heard = is(0).intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR);
        Ready { heard, woken: !is(1).is_empty(), said: !is(2).is_empty() }
    }

    /// Reads what it said; true when it said its last.
    fn read(&mut self, hosted: &Hosted) -> bool {
        for _ in 0..READS {
            match (&hosted.socket).read(&mut self.piece) {
                Ok(0) => return true,
                Ok(count) => self.inbox.feed(self.piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != ErrorKind::WouldBlock,
            }
        }
        false
    }

    /// Keeps the end of what it says on its standard error; true when there may be more at once.
    fn overhear(&mut self) -> bool {
        let mut piece = [0; SAID_BYTES];
        let Some(stderr) = &mut self.stderr else { return false };
        let has_more = match stderr.read(&mut piece) {
            Ok(count @ 1..) => {
                self.said.extend(piece.get(..count).unwrap_or_default());
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            _ => {
                self.stderr = None;
                false
            }
        };
        let over = self.said.len().saturating_sub(SAID_BYTES);
        self.said.drain(..over);
        has_more
    }

    /// Does what the frames say that are whole.
    fn take(&mut self, hosted: &Hosted) -> Result<(), String> {
        let mut inbox = std::mem::take(&mut self.inbox);
        while let Some(frame) = inbox.next()? {
            let wrong = || format!("a frame of the kind {} is cut off", frame.kind.0);
            match frame.kind {
                Kind::READY | Kind::REFUSED if !self.is_open => self.opened(&frame)?,
                Kind::PIECE => {
                    let (kind, bytes) = number(frame.body).ok_or_else(wrong)?;
                    let Some(pending) = hosted.pending(frame.call) else { continue };
                    let status = pending.push(abi::Kind(kind), Some(bytes));
                    if status == abi::Status::INVALID {
                        hosted.leave(frame.call);
                    }
                }
                Kind::END => {
                    if let Some(live) = hosted.over(frame.call) {
                        drop(live.pending.complete(Ok(frame.body.to_vec())));
                    }
                }
                Kind::FAULT => {
                    if let Some(live) = hosted.over(frame.call) {
                        drop(live.pending.complete(Err(self.fault(frame.body)?)));
                    }
                }
                Kind::LOG => {
                    let (level, text) = number(frame.body).ok_or_else(wrong)?;
                    (self.voice)(level, &self.hidden(&String::from_utf8_lossy(text)));
                }
                Kind(other) => return Err(format!("nothing has the kind {other} here")),
            }
        }
        self.inbox = inbox;
        Ok(())
    }

    /// Tells who waits that the plugin is open, or why it is not.
    fn opened(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        self.is_open = true;
        let about = if frame.kind == Kind::READY {
            let about = serde_json::from_slice::<About>(frame.body);
            Ok(about.map_err(|error| format!("what it said of the plugin: {error}"))?)
        } else {
            Err(self.fault(frame.body)?)
        };
        if let Ok(About { protocol, name, .. }) = &about {
            if *protocol != PROTOCOL {
                return Err(format!("it speaks version {protocol}, and this program {PROTOCOL}"));
            }
            self.voice = in_log(name);
        }
        if let Some(opened) = self.opened.take() {
            // Nobody waits for it who has gone.
            let _ = opened.send(about);
        }
        Ok(())
    }

    fn fault(&self, body: &[u8]) -> Result<Fault, String> {
        let fault = serde_json::from_slice::<Fault>(body);
        let fault = fault.map_err(|error| format!("a fault that is none: {error}"))?;
        Ok(fault.with_texts(|text| self.hidden(text)))
    }

    /// Takes the secrets that the process got out of a text.
    fn hidden(&self, text: &str) -> String {
        match &self.hides {
            Some(redactor) => redactor.text(text).into_owned(),
            None => text.to_owned(),
        }
    }

    /// Waits for its end, or brings it about; ends all that it started. Gives how it was, in words.
    fn reap(&mut self, why: Option<String>) -> String {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let has_ended = || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            pid.is_none_or(|pid| {
                !matches!(rustix::process::waitid(WaitId::Pid(pid), options), Ok(None))
            })
        };
        let until = now() + END;
        while why.is_none() && !has_ended() && now() < until {
            std::thread::park_timeout(Duration::from_millis(2));
        }
        let was_slow = why.is_none() && !has_ended();
        // Nobody has waited for it, so the number of its group is still its own.
        if let Some(pid) = pid {
            let _: rustix::io::Result<()> = rustix::process::kill_process_group(pid, Signal::KILL);
        }
        let _: std::io::Result<()> = self.child.kill();
        let status = self.child.wait();
        // Somebody else may hold it open, so its end is not waited for.
        while self.overhear() {}
        match (why, status) {
            (Some(why), _) => why,
            (None, _) if was_slow => "hung up without ending, and was killed".to_owned(),
            (None, Ok(status)) => how(status),
            (None, Err(error)) => format!("ended, and nobody knows how: {error}"),
        }
    }
}

/// What is to be done.
#[derive(Debug, Default)]
struct Ready {
    heard: bool,
    woken: bool,
    said: bool,
}
