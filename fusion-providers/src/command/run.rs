//! One run of a program: started, heard, ended in time with all that it started.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use fusion_core::contract::{BoxFuture, Call, Chunks, Exec, Exit, Heard};
use fusion_core::model::Failure;
use fusion_core::model::chat::{Chunk, Fault, FaultKind, Finish};
use fusion_core::run::Wish;
use futures_util::stream;

use super::decode::Reader;
use super::dialect::{Dialect, Form, Mode};
use super::judge;
use super::prompt::Asked;
use super::room::Room;
use super::veil::Veil;
use super::words::{self, Filled};
use crate::inherited::{MANY, inherited};
use crate::{Key, Keys};

/// How long a program may take to end after it was asked to, in milliseconds.
const GRACE_MS: u64 = 2_000;
/// How long it may take to end after its last event, in milliseconds: it has said all, so then it is ended.
const SETTLE_MS: u64 = 5_000;
/// What is kept of its complaints, in bytes from the end.
const STDERR_BYTES: usize = 64 * 1024;

/// Where and as whom a program runs.
pub(super) struct Place<'a> {
    /// Its workspace; a new and empty one, which goes with the call, without it.
    pub(super) workspace: Option<PathBuf>,
    pub(super) mode: Option<Mode>,
    /// The variables by which its descendants are known.
    pub(super) marks: BTreeMap<String, String>,
    pub(super) keys: &'a Keys,
}

/// A program that runs.
pub(super) struct Running {
    call: Call,
    dialect: Arc<Dialect>,
    // Dropped before the room: the program is gone when its folder goes.
    exec: BoxFuture<'static, Result<Exit, Failure>>,
    stop: Wish,
    ears: Arc<Mutex<Vec<u8>>>,
    /// What it says.
    pub(super) reader: Reader,
    until_ns: u64,
    _room: Room,
}

/// What was heard next.
enum Next {
    Bytes(Vec<u8>),
    End(Result<Exit, Failure>),
}

impl Running {
    /// Prepares a program; it starts when it is first asked for more.
    pub(super) fn new(
        dialect: &Arc<Dialect>,
        call: &Call,
        asked: &Asked,
        place: Place<'_>,
    ) -> Result<Self, Fault> {
        call.check()?;
        let room = Room::new(&**call.env())?;
        // Who works in a folder has done it, whatever it says; a question has one answer.
        let works = place.workspace.is_some();
        let (mut exec, keys) = prepared(dialect, asked, place, &room)?;
        let mut reader = Reader::new(dialect.clone(), Veil::new(keys), asked.has_form);
        reader.leaves_out = works;
        let ears: Arc<Mutex<Vec<u8>>> = Arc::default();
        let into = ears.clone();
        exec.heard = Some(Heard::new(move |piece| {
            into.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(piece);
        }));
        let (stop, env) = (Wish::default(), call.env());
        let total_ns = call.limits().total_ms.saturating_mul(1_000_000);
        Ok(Self {
            call: call.clone(),
            dialect: dialect.clone(),
            exec: env.exec(exec, Arc::new(stop.clone())),
            stop,
            ears,
            reader,
            until_ns: env.monotonic_ns().saturating_add(total_ns),
            _room: room,
        })
    }

    /// Waits for more, and adds what it says. `true` when that was all.
    ///
    /// # Errors
    /// As the program ended, or `timeout`, `cancelled`, `malformed`: then it was ended.
    pub(super) async fn more(&mut self, out: &mut VecDeque<Chunk>) -> Result<bool, Fault> {
        let left_ms = self.until_ns.saturating_sub(self.call.env().monotonic_ns()) / 1_000_000;
        let is_over = self.reader.is_over;
        let idle_ms = if is_over { SETTLE_MS } else { self.call.limits().idle_ms };
        let (exec, ears) = (&mut self.exec, &self.ears);
        let next = poll_fn(|context| {
            let ended = exec.as_mut().poll(context);
            let heard = std::mem::take(&mut *ears.lock().unwrap_or_else(PoisonError::into_inner));
            match ended {
                Poll::Ready(exit) => Poll::Ready(Ok((heard, Next::End(exit)))),
                Poll::Pending if heard.is_empty() => Poll::Pending,
                Poll::Pending => Poll::Ready(Ok((Vec::new(), Next::Bytes(heard)))),
            }
        });
        let next = self.call.limited(idle_ms.min(left_ms), "no word from it", next).await;
        match next {
            Ok((_, Next::Bytes(bytes))) => match self.reader.push(&bytes, out) {
                // What has failed already is not worth a wait.
                Ok(()) if self.reader.is_over && self.reader.wrong.is_some() => {
                    self.end().await;
                    self.told(out)
                }
                Ok(()) => Ok(false),
                Err(fault) => {
                    self.end().await;
                    Err(fault)
                }
            },
            Ok((heard, Next::End(exit))) => {
                self.reader.push(&heard, out)?;
                self.reader.finish(out)?;
                let exit = exit.map_err(|failure| judge::unstarted(&self.dialect, &failure))?;
                judge::judge(&self.dialect, &self.reader, &exit)?;
                self.told(out)
            }
            Err(fault) => {
                self.end().await;
                if is_over && fault.kind() == FaultKind::Timeout {
                    self.told(out)
                } else {
                    Err(fault)
                }
            }
        }
    }

    /// Ends it, and waits until it is gone.
    async fn end(&mut self) {
        self.stop.give();
        // What it still says is not wanted, how it ended does not matter.
        let _exit = (&mut self.exec).await;
    }

    /// It said that it has said all.
    fn told(&mut self, out: &mut VecDeque<Chunk>) -> Result<bool, Fault> {
        if let Some(wrong) = &self.reader.wrong {
            return Err(judge::fault_of(&self.dialect, wrong));
        }
        self.reader.conclude(out);
        out.push_back(Chunk::end(Finish::Stop));
        Ok(true)
    }
}

/// Makes a stream of what a program says, which has to be something when it is plain text. Dropping it kills the program.
pub(super) fn chunks(running: Running, name: String) -> Chunks {
    let ready = VecDeque::new();
    let saying = Saying { running, name, ready, fault: None, has_said: false, is_over: false };
    Box::pin(stream::unfold(Some(saying), |saying| async move {
        let mut saying = saying?;
        match saying.next().await? {
            Ok(chunk) => Some((Ok(chunk), Some(saying))),
            Err(fault) => Some((Err(fault.provider(&saying.name)), None)),
        }
    }))
}

/// A program that answers.
struct Saying {
    running: Running,
    name: String,
    ready: VecDeque<Chunk>,
    fault: Option<Fault>,
    /// Some of an answer came.
    has_said: bool,
    is_over: bool,
}

impl Saying {
    /// Gives the next chunk. What came before a fault is told before it.
    async fn next(&mut self) -> Option<Result<Chunk, Fault>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                self.has_said |= chunk.is_content();
                return Some(Ok(chunk));
            }
            if self.fault.is_some() || self.is_over {
                return self.fault.take().map(Err);
            }
            match self.running.more(&mut self.ready).await {
                Ok(over) => self.is_over = over,
                Err(said) => self.fault = Some(said),
            }
            // Events say themselves that all is well; of plain text nobody knows.
            let is_plain = self.running.dialect.output == Form::Text;
            let has_said = self.has_said || self.ready.iter().any(Chunk::is_content);
            if self.is_over && is_plain && !has_said {
                let what = "it ended as if all were well and gave no answer";
                return Some(Err(Fault::new(FaultKind::Malformed, what)));
            }
        }
    }
}

/// Makes the command of a question, and gives what nobody may see of it.
fn prepared(
    dialect: &Dialect,
    asked: &Asked,
    place: Place<'_>,
    room: &Room,
) -> Result<(Exec, Vec<Key>), Fault> {
    let wants_file = !asked.schema.is_empty() && dialect.takes("{schema_file}");
    let schema_file = if wants_file { room.schema(&asked.schema)? } else { String::new() };
    let more = place.mode.and_then(|mode| dialect.modes.get(&mode));
    let filled = Filled {
        prompt: &asked.prompt,
        model: &asked.model,
        system: &asked.system,
        schema: &asked.schema,
        schema_file: &schema_file,
        session: &asked.session,
        mode: more.map_or(&[], |more| &more.argv),
        alone: if place.workspace.is_none() { &dialect.alone } else { &[] },
    };
    let by_argument = dialect.takes("{prompt}");
    let stdin = if by_argument { String::new() } else { asked.prompt.clone() };
    let (mut env, keys) = environment(dialect, place.keys);
    env.extend(more.into_iter().flat_map(|more| more.env.clone()));
    let home = dialect
        .home
        .as_ref()
        .filter(|home| home.with.is_empty() || home.with.iter().any(|name| env.contains_key(name)));
    if let Some(home) = home {
        env.insert("HOME".to_owned(), room.home(home)?.to_string_lossy().into_owned());
    }
    env.extend(place.marks);
    let works = place.workspace.is_some();
    let exec = Exec {
        argv: words::command(dialect, &filled),
        stdin: stdin.into(),
        cwd: Some(place.workspace.map_or_else(|| room.work(), Ok)?),
        env,
        stdout_limit: 0,
        stderr_limit: STDERR_BYTES,
        grace_ms: GRACE_MS,
        // What it started would go on beside the next attempt, and change what is checked.
        leaves_nothing: works,
        heard: None,
    };
    Ok((exec, keys))
}

/// Gives the variables of a program, and those values among them that nobody may see.
fn environment(dialect: &Dialect, keys: &Keys) -> (BTreeMap<String, String>, Vec<Key>) {
    let mut env: BTreeMap<String, String> = inherited(&MANY).collect();
    env.extend(dialect.env.clone());
    let mut hidden = Vec::new();
    for name in &dialect.keys {
        let Some(value) = keys.get(name) else { continue };
        // Where a service is and what a model is called are no secrets.
        let is_plain =
            ["_URL", "_MODEL", "_TYPE", "_OFFLINE"].iter().any(|end| name.ends_with(end));
        if !is_plain {
            hidden.push(Key::new(&value));
        }
        env.insert(name.clone(), value);
    }
    // A key that holds another one goes first.
    hidden.sort_by_key(|key| std::cmp::Reverse(key.expose().len()));
    (env, hidden)
}
