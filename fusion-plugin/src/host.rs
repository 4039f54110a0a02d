//! The host as a plugin in Rust sees it: safe functions over its table.

use std::ffi::c_void;
use std::ptr::NonNull;

use fusion_core::model::chat::{Chunk, Fault};

use crate::abi::{self, Bytes, CallId, Kind, Status, Then};

/// The host's table, which stays valid for ever.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host(NonNull<abi::Host>);

// SAFETY: the header says that all of the table may be called from any thread, and that it stays valid.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    /// Takes the host's table; none when it is null or of another major version.
    ///
    /// # Safety
    /// `table` is null, or a host's table as the header has it.
    pub(crate) unsafe fn new(table: *const abi::Host) -> Option<Self> {
        let table = NonNull::new(table.cast_mut())?;
        // SAFETY: not null, and the first two fields stand there in every version.
        let (size, version) = unsafe { ((*table.as_ptr()).size, (*table.as_ptr()).abi) };
        let is_ours = version >> 16 == abi::ABI_MAJOR && size as usize >= size_of::<abi::Host>();
        is_ours.then_some(Self(table))
    }

    fn table(&self) -> &abi::Host {
        // SAFETY: `new` saw that it is a table of our version, and it stays valid and unchanged.
        unsafe { self.0.as_ref() }
    }

    /// Says a piece of the answer; `false` when nobody wants more.
    pub(crate) fn emit(self, call: CallId, chunk: &Chunk) -> bool {
        let (kind, bytes) = Kind::write(chunk);
        // SAFETY: the bytes live until the function has returned.
        let status =
            unsafe { (self.table().emit)(self.0.as_ptr(), call, kind, Bytes::lend(&bytes)) };
        status == Status::OK
    }

    /// Ends a call.
    pub(crate) fn complete(self, call: CallId, result: Result<Vec<u8>, Fault>) {
        let (status, body) = match result {
            Ok(body) => (Status::OK, body),
            Err(fault) => (Status::FAULT, serde_json::to_vec(&fault).unwrap_or_default()),
        };
        // SAFETY: the body lives until the function has returned.
        unsafe { (self.table().complete)(self.0.as_ptr(), call, status, Bytes::lend(&body)) };
    }

    /// Tells whether somebody waits for the call.
    pub(crate) fn wants(self, call: CallId) -> bool {
        // SAFETY: any number may be asked for.
        unsafe { (self.table().wanted)(self.0.as_ptr(), call) == Status::OK }
    }

    /// Has `then(argument)` called later; `false` when it will not be called.
    pub(crate) fn after(self, call: CallId, ns: u64, then: Then, argument: *mut c_void) -> bool {
        // SAFETY: `then` and `argument` fit one another: the caller of this function gives both.
        unsafe {
            (self.table().after)(self.0.as_ptr(), call, ns, Some(then), argument) == Status::OK
        }
    }

    /// Gives the clock that never goes back.
    pub(crate) fn now_ns(self, call: CallId) -> u64 {
        // SAFETY: any number may be asked for.
        unsafe { (self.table().now_ns)(self.0.as_ptr(), call) }
    }

    /// Gives the wall clock.
    pub(crate) fn now_ms(self, call: CallId) -> i64 {
        // SAFETY: any number may be asked for.
        unsafe { (self.table().now_ms)(self.0.as_ptr(), call) }
    }

    /// Gives random bits.
    pub(crate) fn random(self, call: CallId) -> u64 {
        // SAFETY: any number may be asked for.
        unsafe { (self.table().random)(self.0.as_ptr(), call) }
    }

    /// Gives a secret.
    pub(crate) fn secret(self, name: &str) -> Option<String> {
        let mut room = vec![0_u8; 256];
        // A secret that grows meanwhile is asked for again, but not for ever.
        for _ in 0..4 {
            let name = Bytes::lend(name.as_bytes());
            // SAFETY: the buffer has as many bytes as is said.
            let len = unsafe {
                (self.table().secret)(self.0.as_ptr(), name, room.as_mut_ptr(), room.len())
            };
            if len == 0 {
                return None;
            }
            if len <= room.len() {
                room.truncate(len);
                return String::from_utf8(room).ok();
            }
            room.resize(len, 0);
        }
        None
    }

    /// Writes into the log.
    pub(crate) fn log(self, level: u32, message: &str) {
        // SAFETY: the text lives until the function has returned.
        unsafe { (self.table().log)(self.0.as_ptr(), level, Bytes::lend(message.as_bytes())) };
    }
}
