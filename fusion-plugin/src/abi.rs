//! The tables of `fusion_plugin.h` in Rust, field by field. The rules stand in the header.

use std::borrow::Cow;
use std::ffi::{c_char, c_void};

use fusion_core::model::chat::{Chunk, FaultKind};

/// The version that this crate speaks: the major one in the upper half, the minor one in the lower.
pub const ABI: u32 = (ABI_MAJOR << 16) | ABI_MINOR;
/// Tables of another major version are refused.
pub const ABI_MAJOR: u32 = 1;
/// A higher one only has more fields at the end of the tables.
pub const ABI_MINOR: u32 = 0;
/// The name of the one export, with a zero at its end.
pub const ENTRY: &[u8] = b"fusion_plugin_entry\0";
/// Room for the message of a failed `create`, in bytes, its zero included.
pub const MESSAGE_LEN: usize = 256;
/// The flag of a plugin whose `start` never blocks.
pub const QUICK: u32 = 1;
/// The flag of a plugin that reads only the model and the text of a request.
pub const BRIEF: u32 = 2;

/// Bytes that are lent until the function that they were given to returns.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Bytes {
    /// Where they are; may be null when there are none.
    pub ptr: *const u8,
    /// How many.
    pub len: usize,
}

impl Bytes {
    /// No bytes.
    pub const NONE: Self = Self { ptr: std::ptr::null(), len: 0 };

    /// Lends bytes.
    pub fn lend(bytes: &[u8]) -> Self {
        Self { ptr: bytes.as_ptr(), len: bytes.len() }
    }

    /// Looks at the bytes; none for a null pointer with a length, and for more than `most` bytes.
    ///
    /// # Safety
    /// `ptr` points to `len` bytes that nobody changes during `'a`, unless it is null or `len` is more than `most`.
    pub unsafe fn look<'a>(self, most: usize) -> Option<&'a [u8]> {
        if self.len == 0 {
            return Some(&[]);
        }
        if self.ptr.is_null() || self.len > most {
            return None;
        }
        // SAFETY: neither null nor longer than allowed, and the caller promises the rest.
        Some(unsafe { std::slice::from_raw_parts(self.ptr, self.len) })
    }
}

/// A call: a number of the host's, 0 for none.
pub type CallId = u64;

/// What the plugin keeps for one opened provider.
#[derive(Debug)]
#[repr(C)]
pub struct Instance {
    _opaque: [u8; 0],
}

/// How something went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Status(pub i32);

impl Status {
    /// It went well.
    pub const OK: Self = Self(0);
    /// The call is over.
    pub const STALE: Self = Self(1);
    /// Nobody waits any more.
    pub const CANCELLED: Self = Self(-12);
    /// What was given is wrong.
    pub const INVALID: Self = Self(-6);
    /// The provider has trouble of its own.
    pub const OVERLOADED: Self = Self(-3);
    /// The body is a whole fault as JSON.
    pub const FAULT: Self = Self(-100);

    /// The classes of faults, -1 first.
    const KINDS: [FaultKind; 12] = [
        FaultKind::Auth,
        FaultKind::RateLimit,
        FaultKind::Overloaded,
        FaultKind::ContextTooLong,
        FaultKind::ContentRefused,
        FaultKind::InvalidRequest,
        FaultKind::Timeout,
        FaultKind::Transport,
        FaultKind::Malformed,
        FaultKind::Unsupported,
        FaultKind::Budget,
        FaultKind::Cancelled,
    ];

    /// Gives the status of a class.
    pub fn of(kind: FaultKind) -> Self {
        let known = (1..).zip(Self::KINDS).find(|(_, one)| *one == kind);
        known.map_or(Self::OVERLOADED, |(number, _)| Self(-number))
    }

    /// Gives the class; none for what is no fault, or none of these.
    pub fn kind(self) -> Option<FaultKind> {
        let place = usize::try_from(self.0.checked_neg()?).ok()?.checked_sub(1)?;
        Self::KINDS.get(place).copied()
    }
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Op(pub u32);

impl Op {
    /// A whole answer.
    pub const COMPLETE: Self = Self(1);
    /// An answer in pieces.
    pub const STREAM: Self = Self(2);
    /// Vectors of texts.
    pub const EMBED: Self = Self(4);
    /// The list of models.
    pub const MODELS: Self = Self(8);
    /// The account's limits.
    pub const QUOTA: Self = Self(16);
    /// Each of them with its word.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::COMPLETE, "complete"),
        (Self::STREAM, "stream"),
        (Self::EMBED, "embed"),
        (Self::MODELS, "models"),
        (Self::QUOTA, "quota"),
    ];
}

/// What a piece of an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Kind(pub u32);

impl Kind {
    /// More text.
    pub const TEXT: Self = Self(1);
    /// More reasoning.
    pub const REASONING: Self = Self(2);
    /// Any chunk as JSON.
    pub const CHUNK: Self = Self(3);

    /// Gives a chunk as a piece: what it is, and its bytes.
    pub fn write(chunk: &Chunk) -> (Self, Cow<'_, [u8]>) {
        match chunk {
            Chunk::Text { text } => (Self::TEXT, text.as_bytes().into()),
            Chunk::Reasoning { text } => (Self::REASONING, text.as_bytes().into()),
            other => (Self::CHUNK, serde_json::to_vec(other).unwrap_or_default().into()),
        }
    }
}

/// What is asked: `fusion_request`.
#[derive(Debug)]
#[repr(C)]
#[expect(missing_docs, reason = "the header says what each field is")]
pub struct Request {
    pub size: u32,
    pub op: Op,
    pub call: CallId,
    pub connect_ms: u64,
    pub idle_ms: u64,
    pub total_ms: u64,
    pub key: Bytes,
    pub labels: Bytes,
    pub model: Bytes,
    pub text: Bytes,
    pub body: Bytes,
}

/// A function that `after` calls.
pub type Then = unsafe extern "C" fn(argument: *mut c_void);

/// What the host offers: `fusion_host`. The host fills in all of it.
#[derive(Debug)]
#[repr(C)]
#[expect(missing_docs, reason = "the header says what each field is")]
pub struct Host {
    pub size: u32,
    pub abi: u32,
    pub own: *mut c_void,
    pub emit: unsafe extern "C" fn(*const Host, CallId, Kind, Bytes) -> Status,
    pub complete: unsafe extern "C" fn(*const Host, CallId, Status, Bytes) -> Status,
    pub wanted: unsafe extern "C" fn(*const Host, CallId) -> Status,
    pub after: unsafe extern "C" fn(*const Host, CallId, u64, Option<Then>, *mut c_void) -> Status,
    pub now_ns: unsafe extern "C" fn(*const Host, CallId) -> u64,
    pub now_ms: unsafe extern "C" fn(*const Host, CallId) -> i64,
    pub random: unsafe extern "C" fn(*const Host, CallId) -> u64,
    pub secret: unsafe extern "C" fn(*const Host, Bytes, *mut u8, usize) -> usize,
    pub log: unsafe extern "C" fn(*const Host, u32, Bytes),
}

/// Opens a provider.
pub type Create =
    unsafe extern "C" fn(*const Host, Bytes, *mut *mut Instance, *mut c_char) -> Status;
/// Closes it.
pub type Destroy = unsafe extern "C" fn(*mut Instance);
/// Begins a call.
pub type Start = unsafe extern "C" fn(*mut Instance, *const Request) -> Status;
/// Ends a call that nobody waits for.
pub type Cancel = unsafe extern "C" fn(*mut Instance, CallId);

/// What the plugin offers: `fusion_plugin`. Whatever a plugin leaves out is null.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
#[expect(missing_docs, reason = "the header says what each field is")]
pub struct Table {
    pub size: u32,
    pub abi: u32,
    pub ops: u32,
    pub flags: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub create: Option<Create>,
    pub destroy: Option<Destroy>,
    pub start: Option<Start>,
    pub cancel: Option<Cancel>,
}

// SAFETY: a table is constant, and so are the texts that it points to.
unsafe impl Sync for Table {}
// SAFETY: as above.
unsafe impl Send for Table {}

impl Request {
    /// How many bytes it has.
    pub const SIZE: u32 = small(size_of::<Self>());
}

impl Host {
    /// How many bytes it has.
    pub const SIZE: u32 = small(size_of::<Self>());
}

impl Table {
    /// How many bytes it has.
    pub const SIZE: u32 = small(size_of::<Self>());
}

#[expect(clippy::cast_possible_truncation, reason = "a table has a few hundred bytes")]
const fn small(bytes: usize) -> u32 {
    bytes as u32
}

/// The one export of a plugin.
pub type Entry = unsafe extern "C" fn() -> *const Table;
