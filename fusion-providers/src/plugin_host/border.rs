//! The functions that plugins call. Nothing in them trusts what it is given, and no panic leaves them.

use std::borrow::Cow;
use std::ffi::c_void;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use fusion_core::graph::template::Secrets;
use fusion_core::model::chat::{Fault, FaultKind};
use fusion_core::model::limits::ANSWER_BYTES;
use fusion_plugin::abi::{self, Bytes, CallId, Kind, Status, Then};

use super::calls::Calls;
use crate::Keys;

/// The longest line of a plugin that goes into the log, in bytes; the rest is cut off.
const LOG_BYTES: usize = 16 * 1024;
/// The longest name of a secret, in bytes.
const NAME_BYTES: usize = 1024;

/// One opened plugin as it sees its host. It is never freed, as a plugin may keep the pointer for ever; it takes a few
/// hundred bytes.
pub(super) struct Border {
    table: abi::Host,
    pub(super) name: String,
    pub(super) calls: Calls,
    /// What it got of them is taken out of all that it says to people.
    secrets: Secrets,
    /// The secrets that it may ask for; all when the plugin came without a manifest.
    allowed: Option<Vec<String>>,
    voice: Voice,
}

/// Where the log's lines of a plugin go: their level, from 1 for an error to 5, and the text.
pub(crate) type Voice = Box<dyn Fn(u32, &str) + Send + Sync>;

/// Gives the voice of a plugin in this program's log.
pub(crate) fn in_log(plugin: &str) -> Voice {
    let plugin = plugin.to_owned();
    Box::new(move |level, text| match level {
        1 => tracing::error!(target: "fusion::plugin", plugin, "{text}"),
        2 => tracing::warn!(target: "fusion::plugin", plugin, "{text}"),
        3 => tracing::info!(target: "fusion::plugin", plugin, "{text}"),
        4 => tracing::debug!(target: "fusion::plugin", plugin, "{text}"),
        _ => tracing::trace!(target: "fusion::plugin", plugin, "{text}"),
    })
}

// SAFETY: the only pointer in it is that to itself, which is never written through.
unsafe impl Send for Border {}
// SAFETY: as above.
unsafe impl Sync for Border {}

impl fmt::Debug for Border {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Border").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Border {
    /// Makes the host's side for one opened plugin.
    pub(super) fn new(
        name: &str,
        keys: Keys,
        allowed: Option<Vec<String>>,
        voice: Voice,
    ) -> &'static Self {
        let table = abi::Host {
            size: abi::Host::SIZE,
            abi: abi::ABI,
            own: std::ptr::null_mut(),
            emit,
            complete,
            wanted,
            after,
            now_ns,
            now_ms,
            random,
            secret,
            log,
        };
        let (name, calls) = (name.to_owned(), Calls::default());
        let secrets = Secrets::new(move |name| keys.get(name));
        let border = Box::leak(Box::new(Self { table, name, calls, secrets, allowed, voice }));
        border.table.own = std::ptr::from_mut(border).cast();
        border
    }

    /// Gives the table that the plugin gets.
    pub(super) fn table(&self) -> *const abi::Host {
        &raw const self.table
    }

    /// Makes a fault of this plugin's.
    pub(super) fn fault(&self, kind: FaultKind, message: impl Into<String>) -> Fault {
        Fault::new(kind, message).provider(&self.name)
    }

    /// Writes a line into the log, without the secrets that the plugin got.
    pub(super) fn say(&self, level: u32, text: &str) {
        (self.voice)(level, &self.hidden(text));
    }

    /// Takes the secrets that the plugin got out of a text.
    fn hidden<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.secrets.redactor_if_any() {
            Some(redactor) => redactor.text(text).into_owned().into(),
            None => text.into(),
        }
    }

    /// Reads how a call ended. What it says to people has none of the secrets that it got.
    fn result(&self, status: Status, body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
        let hide = |fault: Fault| fault.with_texts(|text| self.hidden(text).into_owned());
        self.read(status, body).map_err(hide)
    }

    /// Reads how a call ended.
    fn read(&self, status: Status, body: Option<&[u8]>) -> Result<Vec<u8>, Fault> {
        let Some(body) = body else {
            return Err(self.fault(
                FaultKind::Malformed,
                "the plugin gave a result of no bytes, or of too many",
            ));
        };
        let text = String::from_utf8_lossy(body);
        match status {
            Status::OK => Ok(body.to_vec()),
            Status::FAULT => Err(serde_json::from_slice::<Fault>(body).map_or_else(
                |error| {
                    let message = format!("the plugin gave a fault that is none: {error}");
                    self.fault(FaultKind::Malformed, message).detail(text)
                },
                |fault| fault.provider(&self.name),
            )),
            other => Err(self.refusal(other, &text)),
        }
    }

    /// Makes the fault of a status, with the plugin's own words.
    pub(super) fn refusal(&self, status: Status, text: &str) -> Fault {
        let kind = status.kind().unwrap_or(FaultKind::Malformed);
        let message = match (text, status.kind()) {
            ("", Some(kind)) => format!("the plugin said `{kind}` and nothing else"),
            ("", None) => format!("the plugin gave the status {}, which means nothing", status.0),
            (text, _) => text.to_owned(),
        };
        self.fault(kind, message)
    }
}

/// Runs one of the functions below: with the border, and without letting a panic out.
///
/// # Safety
/// `host` is null, or a table that [`Border::new`] made, or a copy of one.
unsafe fn enter<T>(host: *const abi::Host, otherwise: T, work: impl FnOnce(&Border) -> T) -> T {
    if host.is_null() {
        return otherwise;
    }
    // SAFETY: not null, so it is a table of ours, or a copy, in which `own` points to the border; that is never freed.
    let Some(border) = (unsafe { (*host).own.cast::<Border>().as_ref() }) else { return otherwise };
    catch_unwind(AssertUnwindSafe(|| work(border))).unwrap_or(otherwise)
}

unsafe extern "C" fn emit(
    host: *const abi::Host,
    call: CallId,
    kind: Kind,
    piece: Bytes,
) -> Status {
    let work = |border: &Border| {
        let Some(call) = border.calls.find(call) else { return Status::STALE };
        // SAFETY: the plugin lends the bytes until this function returns; null and absurd lengths are not looked at.
        call.push(kind, unsafe { piece.look(ANSWER_BYTES) })
    };
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, Status::INVALID, work) }
}

unsafe extern "C" fn complete(
    host: *const abi::Host,
    call: CallId,
    status: Status,
    body: Bytes,
) -> Status {
    let work = |border: &Border| {
        let Some(call) = border.calls.end(call) else {
            (border.voice)(2, "completed a call that is over: ignored");
            return Status::STALE;
        };
        // SAFETY: the plugin lends the bytes until this function returns; null and absurd lengths are not looked at.
        let open = call.complete(border.result(status, unsafe { body.look(2 * ANSWER_BYTES) }));
        // Not from within the plugin's own call: it may be closed by waiting for the thread that is here.
        if let Some(last) = open.and_then(Arc::into_inner) {
            call.call.env().blocking(Box::new(move || drop(last)));
        }
        Status::OK
    };
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, Status::INVALID, work) }
}

unsafe extern "C" fn wanted(host: *const abi::Host, call: CallId) -> Status {
    let work = |border: &Border| match border.calls.find(call) {
        Some(call) if call.is_wanted() => Status::OK,
        Some(_) => Status::CANCELLED,
        None => Status::STALE,
    };
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, Status::INVALID, work) }
}

/// What a plugin wants to have called.
struct Alarm {
    then: Then,
    argument: *mut c_void,
}

// SAFETY: the header says that it is called from any thread.
unsafe impl Send for Alarm {}

impl Alarm {
    fn ring(self) {
        // SAFETY: the plugin promised both to be valid until they are called, which happens once, here.
        unsafe { (self.then)(self.argument) };
    }
}

unsafe extern "C" fn after(
    host: *const abi::Host,
    call: CallId,
    delay_ns: u64,
    then: Option<Then>,
    argument: *mut c_void,
) -> Status {
    let work = |border: &Border| {
        let Some(then) = then else { return Status::INVALID };
        let Some(call) = border.calls.find(call) else { return Status::STALE };
        let env = call.call.env();
        let sleep = env.sleep_until(env.monotonic_ns().saturating_add(delay_ns));
        let alarm = Alarm { then, argument };
        env.spawn(Box::pin(async move {
            sleep.await;
            alarm.ring();
        }));
        Status::OK
    };
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, Status::INVALID, work) }
}

unsafe extern "C" fn now_ns(host: *const abi::Host, call: CallId) -> u64 {
    let work =
        |border: &Border| border.calls.find(call).map_or(0, |call| call.call.env().monotonic_ns());
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, 0, work) }
}

unsafe extern "C" fn now_ms(host: *const abi::Host, call: CallId) -> i64 {
    let work = |border: &Border| border.calls.find(call).map_or(0, |call| call.call.env().now_ms());
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, 0, work) }
}

unsafe extern "C" fn random(host: *const abi::Host, call: CallId) -> u64 {
    let work = |border: &Border| border.calls.find(call).map_or(0, |call| call.call.env().random());
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, 0, work) }
}

unsafe extern "C" fn secret(
    host: *const abi::Host,
    name: Bytes,
    into: *mut u8,
    room: usize,
) -> usize {
    let work = |border: &Border| {
        // SAFETY: the plugin lends the name until this function returns; null and absurd lengths are not looked at.
        let name = unsafe { name.look(NAME_BYTES) };
        let Some(name) = name.and_then(|name| std::str::from_utf8(name).ok()) else { return 0 };
        if border.allowed.as_ref().is_some_and(|may| !may.iter().any(|one| one == name)) {
            border
                .say(2, &format!("asked for the secret {name:?}, which it may not have: refused"));
            return 0;
        }
        let Some(value) = border.secrets.get(name) else { return 0 };
        if value.len() <= room && !into.is_null() {
            // SAFETY: the plugin says that there is room for `room` bytes, and these are no more.
            unsafe { std::ptr::copy_nonoverlapping(value.as_ptr(), into, value.len()) };
        }
        value.len()
    };
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, 0, work) }
}

unsafe extern "C" fn log(host: *const abi::Host, level: u32, message: Bytes) {
    let work = |border: &Border| {
        let message = Bytes { len: message.len.min(LOG_BYTES), ..message };
        // SAFETY: the plugin lends the text until this function returns, and no more is looked at than it has.
        let text = unsafe { message.look(LOG_BYTES) }.unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        border.say(level, &text);
    };
    // SAFETY: the plugin hands on the table that it got.
    unsafe { enter(host, (), work) }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_secret_that_was_handed_out_is_in_no_line_of_the_log() {
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let (keys, heard) = (Keys::new(|_| Some("sesame".to_owned())), said.clone());
        let voice = Box::new(move |_, text: &str| heard.lock().unwrap().push(text.to_owned()));
        let border = Border::new("p", keys, Some(vec!["KEY".to_owned()]), voice);
        let say = || {
            // SAFETY: it is the border's own table, and the text lives until the function has returned.
            unsafe { (border.table.log)(border.table(), 1, Bytes::lend(b"open sesame")) };
        };
        let ask = |name: &str| {
            let mut room = [0_u8; 16];
            let name = Bytes::lend(name.as_bytes());
            // SAFETY: as above, and the room is as large as is said.
            unsafe { (border.table.secret)(border.table(), name, room.as_mut_ptr(), room.len()) }
        };
        say();
        assert_eq!((ask("OTHER"), ask("KEY")), (0, 6));
        say();
        let said = said.lock().unwrap();
        assert_eq!(said[0], "open sesame");
        assert_eq!(said[1], "asked for the secret \"OTHER\", which it may not have: refused");
        assert_eq!(said[2], "open ***");
    }
}
